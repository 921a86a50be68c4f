// SPDX-License-Identifier: GPL-2.0-only
/*
 * mutex — the fast paths of a mutex in each device: assembly/gates/mutex.ts. Who finds it taken looks at the
 * owner, as a spinner there does, and then yields instead of sleeping: nobody sleeps with it here.
 */
#define _GNU_SOURCE
#include "machine.h"

#include <sched.h>

#define NAME "mutex"
#define KIND KIND_GATE
#define NO_ENTERED
#define NO_EXITED
#define HAS_SLOWPATH

#define MUTEX_FLAG_WAITERS 1u
#define FIRST_TASK 0x10000u /* CPU 0 is somebody, too */
#define LOOKS 16000

struct gate {
	word_t owner;
};

static void init(struct gate *g)
{
	atomic_init(&g->owner, 0);
}

INLINE uint32_t me(void)
{
	return current_task() + FIRST_TASK;
}

INLINE bool cmpxchg_owner(struct gate *g, uint32_t old, uint32_t new, memory_order order)
{
	return atomic_compare_exchange_strong_explicit(&g->owner, &old, new, order,
						       memory_order_relaxed);
}

INLINE uint32_t enter_fast(struct gate *g)
{
	return cmpxchg_owner(g, 0, me(), memory_order_acquire);
}

INLINE bool enter_ok(uint32_t got)
{
	return got != 0;
}

static uint32_t enter_slowpath(struct gate *g, uint32_t token)
{
	uint32_t looks = 0;

	while (READ_ONCE(g->owner) != 0 || !enter_fast(g)) {
		if (++looks % LOOKS == 0)
			sched_yield();
	}
	return 1;
}

INLINE uint32_t exit_fast(struct gate *g, uint32_t cookie)
{
	return cmpxchg_owner(g, me(), 0, memory_order_release);
}

INLINE bool exit_ok(uint32_t gone)
{
	return gone != 0;
}

static void exit_slowpath(struct gate *g, uint32_t token)
{
	panic("mutex: given up by another");
}

static bool at_rest(struct gate *g)
{
	return READ_ONCE(g->owner) == 0;
}

static void close(struct gate *g)
{
	WRITE_ONCE(g->owner, MUTEX_FLAG_WAITERS);
}

#include "section.h"
