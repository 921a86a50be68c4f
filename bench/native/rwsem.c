// SPDX-License-Identifier: GPL-2.0-only
/* rwsem — one semaphore for all devices: assembly/gates/rwsem.ts. */
#include "rwsem.h"

#define NAME "rwsem"
#define KIND KIND_GATE
#define NO_EXITED

struct gate {
	word_t none;
};

/* At its page offset in the kernel's memory map: on no line that a device is on. */
static _Alignas(4096) struct {
	unsigned char before[0x340];
	struct rw_semaphore sem;
} cxl_memdev_rwsem;

INLINE struct rw_semaphore *sem(struct gate *g)
{
	return &cxl_memdev_rwsem.sem;
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
