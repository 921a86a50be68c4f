// SPDX-License-Identifier: GPL-2.0-only
/* bravo — a table of the readers that pass an rwsem by, which is each device's: assembly/gates/bravo.ts. */
#include "rwsem.h"
#include "seat.h"

#define NAME "bravo"
#define KIND KIND_GATE
#define NO_ENTERED
#define NO_EXITED
#define HAS_SLOWPATH

#define BRAVO_SLOTS 2048u
#define SLOTS_A_LINE 8u
#define GOLDEN_RATIO_32 0x61c88647u
#define BY_SEMAPHORE 1u
#define REVOKED 2u

struct gate {
	struct rw_semaphore sem;
	word_t rbias;
};

static _Alignas(4096) seat_t table[BRAVO_SLOTS];

static void init(struct gate *g)
{
	atomic_init(&g->rbias, 1);
}

/* What a gate is called: there, too, half of a word. */
INLINE uint32_t name_of(struct gate *g)
{
	return (uint32_t)(uintptr_t)g;
}

/* Where this CPU's seat is in the table, bytes. */
INLINE uint32_t seat_of(struct gate *g)
{
	uint32_t hash = (name_of(g) * GOLDEN_RATIO_32) >> 16;

	return ((hash + cpu_number * SLOTS_A_LINE) & (BRAVO_SLOTS - 1)) * (uint32_t)sizeof(seat_t);
}

INLINE seat_t *seat_at(uint32_t offset)
{
	return (seat_t *)((unsigned char *)table + offset);
}

INLINE uint32_t enter_fast(struct gate *g)
{
	uint32_t seat = seat_of(g);
	uint64_t nobody = 0;

	if (READ_ONCE(g->rbias) == 0)
		return BY_SEMAPHORE;
	if (!atomic_compare_exchange_strong(seat_at(seat), &nobody, name_of(g)))
		return BY_SEMAPHORE;
	return READ_ONCE(g->rbias) != 0 ? seat : seat | REVOKED;
}

INLINE bool enter_ok(uint32_t token)
{
	return (token & (BY_SEMAPHORE | REVOKED)) == 0;
}

/* Nobody writes here: the semaphore lets everybody in. */
static uint32_t enter_slowpath(struct gate *g, uint32_t token)
{
	rwsem_read_trylock_add(&g->sem);
	return BY_SEMAPHORE;
}

INLINE uint32_t exit_fast(struct gate *g, uint32_t cookie)
{
	if (cookie == BY_SEMAPHORE)
		return BY_SEMAPHORE;
	return seat_say(seat_at(cookie), 0);
}

INLINE bool exit_ok(uint32_t sleeper)
{
	return sleeper == 0;
}

static void exit_slowpath(struct gate *g, uint32_t sleeper)
{
	rwsem_up_read_sub(&g->sem);
}

static bool at_rest(struct gate *g)
{
	bool inside = READ_ONCE(g->sem.count) != 0;

	for (uint32_t slot = 0; slot < BRAVO_SLOTS; slot++)
		inside |= seat_says(&table[slot]) == name_of(g);
	return !inside;
}

static void close(struct gate *g)
{
	WRITE_ONCE(g->rbias, 0);
}

#include "section.h"
