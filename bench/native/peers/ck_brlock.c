// SPDX-License-Identifier: GPL-2.0-only
// libs: -lck
/* ck_brlock — Concurrency Kit's big-reader lock, held for reading; a record a CPU. */
#include "gate.h"

#include <ck_brlock.h>
#include <stdlib.h>

#define NAME "ck_brlock"
#define KIND KIND_PEER
#define ALWAYS_ENTERS
#define NO_ENTERED
#define ALWAYS_EXITS
#define NO_EXITED
#define NEVER_CLOSES
#define CPU_ONLINE cpu_online
#define CPU_OFFLINE cpu_offline

struct seat {
	_Alignas(128) ck_brlock_reader_t reader;
};

struct gate {
	ck_brlock_t lock;
	struct seat *seats;
};

static void init(struct gate *g)
{
	ck_brlock_init(&g->lock);
	g->seats = aligned_alloc(_Alignof(struct seat), NR_CPUS * sizeof(struct seat));
	if (g->seats == NULL)
		panic("no memory for ck_brlock");
}

static void cpu_online(void *gate)
{
	struct gate *g = gate;

	ck_brlock_read_register(&g->lock, &g->seats[cpu_number].reader);
}

static void cpu_offline(void *gate)
{
	struct gate *g = gate;

	ck_brlock_read_unregister(&g->lock, &g->seats[cpu_number].reader);
}

INLINE uint32_t enter_fast(struct gate *g)
{
	ck_brlock_read_lock(&g->lock, &g->seats[cpu_number].reader);
	return 0;
}

INLINE uint32_t exit_fast(struct gate *g, uint32_t cookie)
{
	ck_brlock_read_unlock(&g->seats[cpu_number].reader);
	return 0;
}

static bool at_rest(struct gate *g)
{
	if (!ck_brlock_write_trylock(&g->lock, 1))
		return false;
	ck_brlock_write_unlock(&g->lock);
	return true;
}

#include "section.h"
