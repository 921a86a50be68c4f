// SPDX-License-Identifier: GPL-2.0-only
/*
 * srcu_fast — SRCU whose readers only count, plainly, for grace periods that pay for it:
 * assembly/gates/srcu_fast.ts. The load of srcu_ctrp is an acquire there, and so it is here.
 */
#include "machine.h"

#define NAME "srcu_fast"
#define KIND KIND_GATE

#define FLAG 1u

struct gate {
	word_t unplugged;
};

struct srcu_ctr {
	word_t srcu_locks;
	word_t srcu_unlocks;
};

/* At its page offset in the kernel's memory map. */
static _Alignas(4096) struct {
	unsigned char before[0x740];
	word_t srcu_ctrp;
	word_t srcu_gp_waits;
} srcu_fast;

_Static_assert(offsetof(__typeof__(srcu_fast), srcu_ctrp) == 0x740,
	       "as CXL_MEMDEV_SRCU_FAST in memory.ts");

static void init(struct gate *g)
{
	if (READ_ONCE(srcu_fast.srcu_ctrp) == 0)
		atomic_init(&srcu_fast.srcu_ctrp, alloc_percpu(2 * sizeof(struct srcu_ctr)));
}

INLINE void count(word_t *counter)
{
	WRITE_ONCE(*counter, READ_ONCE(*counter) + 1);
}

INLINE uint32_t enter_fast(struct gate *g)
{
	uint32_t scp = atomic_load_explicit(&srcu_fast.srcu_ctrp, memory_order_acquire);

	return scp | READ_ONCE(g->unplugged);
}

INLINE bool enter_ok(uint32_t token)
{
	return (token & FLAG) == 0;
}

INLINE void entered(struct gate *g, uint32_t scp)
{
	struct srcu_ctr *ctr = this_cpu_ptr(scp);

	count(&ctr->srcu_locks);
}

INLINE uint32_t exit_fast(struct gate *g, uint32_t scp)
{
	return scp | READ_ONCE(srcu_fast.srcu_gp_waits);
}

INLINE bool exit_ok(uint32_t token)
{
	return (token & FLAG) == 0;
}

INLINE void exited(struct gate *g, uint32_t scp)
{
	struct srcu_ctr *ctr = this_cpu_ptr(scp);

	count(&ctr->srcu_unlocks);
}

static bool at_rest(struct gate *g)
{
	uint32_t open = 0;

	for (uint32_t cpu = 0; cpu < NR_CPUS; cpu++) {
		struct srcu_ctr *ctr = per_cpu_ptr(READ_ONCE(srcu_fast.srcu_ctrp), cpu);

		open += READ_ONCE(ctr->srcu_locks) - READ_ONCE(ctr->srcu_unlocks);
	}
	return open == 0;
}

static void close(struct gate *g)
{
	WRITE_ONCE(g->unplugged, FLAG);
}

#include "section.h"
