// SPDX-License-Identifier: GPL-2.0-only
/*
 * srcu — one SRCU domain for all devices, an unplugged flag in each: assembly/gates/srcu.ts. The kernel has
 * a plain increment and a full barrier where the wasm code, and so this, has one locked add.
 */
#include "machine.h"

#define NAME "srcu"
#define KIND KIND_GATE
#define NO_ENTERED
#define NO_EXITED
#define BACKS_OUT

#define UNPLUGGED 2u

struct gate {
	word_t unplugged;
};

/* At its page offset in the kernel's memory map. */
static _Alignas(4096) struct {
	unsigned char before[0x580];
	word_t nr_sleepers;
	unsigned char between[0xfc];
	word_t srcu_idx;
	word_t sda;
} srcu;

_Static_assert(offsetof(__typeof__(srcu), srcu_idx) == 0x680, "as CXL_MEMDEV_SRCU in memory.ts");

static void init(struct gate *g)
{
	if (READ_ONCE(srcu.sda) == 0)
		atomic_init(&srcu.sda, alloc_percpu(4 * sizeof(word_t)));
}

/* Of a rank: its locks; two words further its unlocks. */
INLINE word_t *lock_count(uint32_t idx)
{
	return this_cpu_ptr(READ_ONCE(srcu.sda) + (idx << 2));
}

INLINE uint32_t enter_fast(struct gate *g)
{
	uint32_t idx = READ_ONCE(srcu.srcu_idx) & 1;

	atomic_fetch_add(lock_count(idx), 1);
	return idx | READ_ONCE(g->unplugged);
}

INLINE bool enter_ok(uint32_t token)
{
	return token < UNPLUGGED;
}

INLINE uint32_t exit_fast(struct gate *g, uint32_t idx)
{
	atomic_fetch_add(lock_count(idx) + 2, 1);
	return READ_ONCE(srcu.nr_sleepers);
}

INLINE bool exit_ok(uint32_t sleepers)
{
	return sleepers == 0;
}

static void back_out(struct gate *g, uint32_t token)
{
	exit_fast(g, token & 1);
}

static bool at_rest(struct gate *g)
{
	uint32_t open = 0;

	for (uint32_t cpu = 0; cpu < NR_CPUS; cpu++) {
		word_t *counts = per_cpu_ptr(READ_ONCE(srcu.sda), cpu);

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
