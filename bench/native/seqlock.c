// SPDX-License-Identifier: GPL-2.0-only
/* seqlock — a sequence that is compared afterwards, and keeps nobody out: assembly/gates/seqlock.ts. */
#include "machine.h"

#define NAME "seqlock"
#define KIND KIND_GATE
#define NO_ENTERED
#define NO_EXITED
#define COUNTS_NOBODY

struct gate {
	word_t sequence;
};

static void init(struct gate *g)
{
}

INLINE uint32_t enter_fast(struct gate *g)
{
	return atomic_load_explicit(&g->sequence, memory_order_acquire);
}

INLINE bool enter_ok(uint32_t sequence)
{
	return (sequence & 1) == 0;
}

/* The kernel has a read barrier before the load: what was read inside is not older. */
INLINE uint32_t exit_fast(struct gate *g, uint32_t sequence)
{
	atomic_thread_fence(memory_order_acquire);
	return READ_ONCE(g->sequence) ^ sequence;
}

INLINE bool exit_ok(uint32_t changed)
{
	return changed == 0;
}

static bool at_rest(struct gate *g)
{
	return true;
}

static void close(struct gate *g)
{
	WRITE_ONCE(g->sequence, 1); /* for as long as a writer writes */
}

#include "section.h"
