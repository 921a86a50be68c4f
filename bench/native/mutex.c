// SPDX-License-Identifier: GPL-2.0-only
/*
 * mutex — one who is inside: assembly/gates/mutex.ts with kernel/locking/mutex.ts. The slow path spins as
 * that one does while the owner runs, one spinner at a time; where that one would sleep, this yields.
 */
#include "machine.h"

#define NAME "mutex"
#define KIND KIND_GATE
#define NO_ENTERED
#define NO_EXITED
#define ADMITS_ONE
#define HAS_SLOWPATH

#include <sched.h>

#define SPINS 1000

struct gate {
	word_t owner;
	word_t osq;
};

static void init(struct gate *g)
{
}

INLINE uint32_t cmpxchg_owner(struct gate *g, uint32_t old, uint32_t new, memory_order order)
{
	atomic_compare_exchange_strong_explicit(&g->owner, &old, new, order, memory_order_relaxed);
	return old;
}

INLINE uint32_t enter_fast(struct gate *g)
{
	return cmpxchg_owner(g, 0, current_task(), memory_order_acquire) == 0;
}

INLINE bool enter_ok(uint32_t free)
{
	return free != 0;
}

INLINE uint32_t exit_fast(struct gate *g, uint32_t cookie)
{
	return cmpxchg_owner(g, current_task(), 0, memory_order_release) == current_task();
}

INLINE bool exit_ok(uint32_t alone)
{
	return alone != 0;
}

static void spin_until_free(word_t *word)
{
	for (uint32_t spins = SPINS; READ_ONCE(*word) != 0; spins--) {
		if (spins != 0)
			continue;
		sched_yield();
		spins = SPINS;
	}
}

static uint32_t enter_slowpath(struct gate *g, uint32_t token)
{
	while (atomic_exchange(&g->osq, 1) != 0)
		spin_until_free(&g->osq);
	while (!enter_fast(g))
		spin_until_free(&g->owner);
	atomic_store_explicit(&g->osq, 0, memory_order_release);
	return 1;
}

static void exit_slowpath(struct gate *g, uint32_t token)
{
	panic("mutex: given up by one that does not own it");
}

static bool at_rest(struct gate *g)
{
	return READ_ONCE(g->owner) == 0;
}

static void close(struct gate *g)
{
	WRITE_ONCE(g->owner, 1);
}

#include "section.h"
