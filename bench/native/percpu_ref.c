// SPDX-License-Identifier: GPL-2.0-only
/* percpu_ref — a per-CPU reference count: assembly/gates/percpu_ref.ts. */
#include "percpu_ref.h"

#ifndef REPORTS
#define NAME "percpu_ref"
#define KIND KIND_GATE
#endif

struct gate {
	struct percpu_ref ref;
};

static void init(struct gate *g)
{
	atomic_init(&g->ref.percpu_count_ptr, alloc_percpu(sizeof(word_t)));
}

INLINE uint32_t enter_fast(struct gate *g)
{
	return percpu_ref_mode(&g->ref);
}

INLINE bool enter_ok(uint32_t mode)
{
	return __ref_is_percpu(mode);
}

INLINE void entered(struct gate *g, uint32_t mode)
{
	percpu_ref_this_cpu_add(mode, 1);
}

INLINE uint32_t exit_fast(struct gate *g, uint32_t cookie)
{
	return percpu_ref_mode(&g->ref);
}

INLINE bool exit_ok(uint32_t mode)
{
#ifdef REPORTS
	if (rcu_qs_hint() != 0)
		return false;
#endif
	return __ref_is_percpu(mode);
}

INLINE void exited(struct gate *g, uint32_t mode)
{
	percpu_ref_this_cpu_add(mode, -1u);
}

static bool at_rest(struct gate *g)
{
	return percpu_ref_sum(&g->ref) == 0;
}

static void close(struct gate *g)
{
	WRITE_ONCE(g->ref.percpu_count_ptr, percpu_ref_mode(&g->ref) | __PERCPU_REF_ATOMIC_DEAD);
}

#include "section.h"
