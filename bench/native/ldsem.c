// SPDX-License-Identifier: GPL-2.0-only
/* ldsem — the tty layer's reader/writer semaphore: assembly/drivers/tty/tty_ldsem.ts. */
#include "machine.h"

#define NAME "ldsem"
#define KIND KIND_GATE
#define NO_ENTERED
#define NO_EXITED

#define LDSEM_ACTIVE_MASK 0xffffu
#define LDSEM_READ_BIAS 1u
#define LDSEM_WRITE_BIAS (0u - LDSEM_ACTIVE_MASK - 1u + 1u)

struct gate {
	word_t count;
};

static void init(struct gate *g)
{
}

INLINE uint32_t enter_fast(struct gate *g)
{
	return atomic_fetch_add_explicit(&g->count, LDSEM_READ_BIAS, memory_order_acquire) +
	       LDSEM_READ_BIAS;
}

INLINE bool enter_ok(uint32_t count)
{
	return (int32_t)count > 0;
}

INLINE uint32_t exit_fast(struct gate *g, uint32_t cookie)
{
	return atomic_fetch_sub_explicit(&g->count, LDSEM_READ_BIAS, memory_order_release) -
	       LDSEM_READ_BIAS;
}

INLINE bool exit_ok(uint32_t count)
{
	return (int32_t)count >= 0 || (count & LDSEM_ACTIVE_MASK) != 0;
}

static bool at_rest(struct gate *g)
{
	return READ_ONCE(g->count) == 0;
}

static void close(struct gate *g)
{
	WRITE_ONCE(g->count, LDSEM_WRITE_BIAS);
}

#include "section.h"
