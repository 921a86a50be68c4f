// SPDX-License-Identifier: GPL-2.0-only
/* rwsem_per_device — the same semaphore in each device: assembly/gates/rwsem_per_device.ts. */
#include "rwsem.h"

#define NAME "rwsem_per_device"
#define KIND KIND_GATE
#define NO_EXITED

struct gate {
	struct rw_semaphore sem;
};

INLINE struct rw_semaphore *sem(struct gate *g)
{
	return &g->sem;
}

static void init(struct gate *g)
{
	atomic_init(&sem(g)->count, 0);
}

INLINE uint32_t enter_fast(struct gate *g)
{
	return rwsem_read_trylock_add(sem(g));
}

INLINE bool enter_ok(uint32_t count)
{
	return rwsem_read_acquired(count);
}

INLINE void entered(struct gate *g, uint32_t count)
{
	rwsem_set_reader_owned(sem(g));
}

INLINE uint32_t exit_fast(struct gate *g, uint32_t cookie)
{
	return rwsem_up_read_sub(sem(g));
}

INLINE bool exit_ok(uint32_t count)
{
	return !rwsem_up_read_wakes(count);
}

static bool at_rest(struct gate *g)
{
	return READ_ONCE(sem(g)->count) == 0;
}

static void close(struct gate *g)
{
	WRITE_ONCE(sem(g)->count, RWSEM_WRITER_LOCKED);
}

#include "section.h"
