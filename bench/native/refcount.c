// SPDX-License-Identifier: GPL-2.0-only
/* refcount — inc-not-zero on one count, with a flag that a removal sets: assembly/gates/refcount.ts. */
#include "machine.h"

#define NAME "refcount"
#define KIND KIND_GATE
#define NO_ENTERED
#define NO_EXITED

struct gate {
	word_t active_users;
	word_t dying;
};

static void init(struct gate *g)
{
	atomic_init(&g->active_users, 1);
}

/* The kernel's inc-not-zero orders nothing, nor does this. */
INLINE uint32_t enter_fast(struct gate *g)
{
	uint32_t old;

	if (READ_ONCE(g->dying) != 0)
		return 0;
	old = READ_ONCE(g->active_users);
	while ((int32_t)old > 0 &&
	       !atomic_compare_exchange_strong_explicit(&g->active_users, &old, old + 1,
							memory_order_relaxed, memory_order_relaxed))
		;
	return old;
}

INLINE bool enter_ok(uint32_t old)
{
	return (int32_t)old > 0 && (int32_t)old < INT32_MAX;
}

INLINE uint32_t exit_fast(struct gate *g, uint32_t cookie)
{
	return atomic_fetch_sub_explicit(&g->active_users, 1, memory_order_release);
}

INLINE bool exit_ok(uint32_t old)
{
	return (int32_t)old > 1;
}

static bool at_rest(struct gate *g)
{
	return READ_ONCE(g->active_users) == 1;
}

static void close(struct gate *g)
{
	WRITE_ONCE(g->dying, 1);
}

#include "section.h"
