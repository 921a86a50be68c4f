// SPDX-License-Identifier: GPL-2.0-only
/* kernfs_active — inc-unless-negative on one count: assembly/gates/kernfs_active.ts. */
#include "machine.h"

#define NAME "kernfs_active"
#define KIND KIND_GATE
#define NO_ENTERED
#define NO_EXITED

#define KN_DEACTIVATED_BIAS 0x80000001u

struct gate {
	word_t active;
};

static void init(struct gate *g)
{
	atomic_init(&g->active, 0);
}

/* The kernel asks for full order where it succeeds. */
INLINE uint32_t enter_fast(struct gate *g)
{
	uint32_t old = READ_ONCE(g->active);

	while ((int32_t)old >= 0 &&
	       !atomic_compare_exchange_strong_explicit(&g->active, &old, old + 1,
							memory_order_seq_cst, memory_order_relaxed))
		;
	return old;
}

INLINE bool enter_ok(uint32_t old)
{
	return (int32_t)old >= 0;
}

INLINE uint32_t exit_fast(struct gate *g, uint32_t cookie)
{
	return atomic_fetch_sub_explicit(&g->active, 1, memory_order_seq_cst) - 1;
}

INLINE bool exit_ok(uint32_t active)
{
	return active != KN_DEACTIVATED_BIAS;
}

static bool at_rest(struct gate *g)
{
	return READ_ONCE(g->active) == 0;
}

static void close(struct gate *g)
{
	atomic_fetch_add(&g->active, KN_DEACTIVATED_BIAS);
}

#include "section.h"
