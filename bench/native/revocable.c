// SPDX-License-Identifier: GPL-2.0-only
/* revocable — an SRCU domain in each device, and no flag: assembly/gates/revocable.ts. As srcu.c counts. */
#include "machine.h"

#define NAME "revocable"
#define KIND KIND_GATE
#define ALWAYS_ENTERS
#define NO_ENTERED
#define NO_EXITED
#define NEVER_CLOSES

struct gate {
	word_t srcu_idx;
	word_t sda;
};

/* At its page offset in the kernel's memory map: nobody sleeps here. */
static _Alignas(4096) struct {
	unsigned char before[0x580];
	word_t nr_sleepers;
} srcu_state;

static void init(struct gate *g)
{
	atomic_init(&g->sda, alloc_percpu(4 * sizeof(word_t)));
}

/* Of a rank: its locks; two words further its unlocks. */
INLINE word_t *lock_count(struct gate *g, uint32_t idx)
{
	return this_cpu_ptr(READ_ONCE(g->sda) + (idx << 2));
}

INLINE uint32_t enter_fast(struct gate *g)
{
	uint32_t idx = READ_ONCE(g->srcu_idx) & 1;

	atomic_fetch_add(lock_count(g, idx), 1);
	return idx;
}

INLINE uint32_t exit_fast(struct gate *g, uint32_t idx)
{
	atomic_fetch_add(lock_count(g, idx) + 2, 1);
	return READ_ONCE(srcu_state.nr_sleepers);
}

INLINE bool exit_ok(uint32_t sleepers)
{
	return sleepers == 0;
}

static bool at_rest(struct gate *g)
{
	uint32_t open = 0;

	for (uint32_t cpu = 0; cpu < NR_CPUS; cpu++) {
		word_t *counts = per_cpu_ptr(READ_ONCE(g->sda), cpu);

		open += READ_ONCE(counts[0]) + READ_ONCE(counts[1]);
		open -= READ_ONCE(counts[2]) + READ_ONCE(counts[3]);
	}
	return open == 0;
}

#include "section.h"
