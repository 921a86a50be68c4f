// SPDX-License-Identifier: GPL-2.0-only
/* srcu_fast — SRCU whose readers only count, plainly, for grace periods that pay for it: assembly/gates/srcu_fast.ts. */
#include "machine.h"

#define NAME "srcu_fast"
#define KIND KIND_GATE
#define NO_ENTERED
#define NO_EXITED
#define BACKS_OUT
#define ALWAYS_EXITS

#define UNPLUGGED 2u

struct gate {
	word_t unplugged;
};

static _Alignas(4096) struct {
	unsigned char before[0x580];
	unsigned char between[0x100];
	word_t srcu_idx;
	word_t sda;
} srcu_fast;

_Static_assert(offsetof(__typeof__(srcu_fast), srcu_idx) == 0x680, "on no line that a device is on");

static void init(struct gate *g)
{
	if (READ_ONCE(srcu_fast.sda) == 0)
		atomic_init(&srcu_fast.sda, alloc_percpu(4 * sizeof(word_t)));
}

/* Of a rank: its locks; two words further its unlocks. */
INLINE word_t *lock_count(uint32_t idx)
{
	return this_cpu_ptr(READ_ONCE(srcu_fast.sda) + (idx << 2));
}

INLINE void count(word_t *counter)
{
	WRITE_ONCE(*counter, READ_ONCE(*counter) + 1);
}

INLINE uint32_t enter_fast(struct gate *g)
{
	uint32_t idx = READ_ONCE(srcu_fast.srcu_idx) & 1;

	count(lock_count(idx));
	return idx | READ_ONCE(g->unplugged);
}

INLINE bool enter_ok(uint32_t token)
{
	return token < UNPLUGGED;
}

INLINE uint32_t exit_fast(struct gate *g, uint32_t idx)
{
	count(lock_count(idx) + 2);
	return 0;
}

static void back_out(struct gate *g, uint32_t token)
{
	exit_fast(g, token & 1);
}

static bool at_rest(struct gate *g)
{
	uint32_t open = 0;

	for (uint32_t cpu = 0; cpu < NR_CPUS; cpu++) {
		word_t *counts = per_cpu_ptr(READ_ONCE(srcu_fast.sda), cpu);

		open += READ_ONCE(counts[0]) + READ_ONCE(counts[1]);
		open -= READ_ONCE(counts[2]) + READ_ONCE(counts[3]);
	}
	return open == 0;
}

static void close(struct gate *g)
{
	WRITE_ONCE(g->unplugged, UNPLUGGED);
}

#include "section.h"
