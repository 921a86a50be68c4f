// SPDX-License-Identifier: GPL-2.0-only
/* hazard — each CPU says which gate it is inside of, on its own line: assembly/gates/hazard.ts. */
#include "machine.h"

#define NAME "hazard"
#define KIND KIND_GATE
#define NO_ENTERED
#define NO_EXITED
#define BACKS_OUT

#include "seat.h"

#define HAZARD_SEATS 4u
#define PERCPU_HAZARD 0xb00u
#define REMOVER 0xffu
#define FIRST_SEAT_TAKEN 0xffu
#define NO_SEAT 1u

struct gate {
	word_t state;
};

static void init(struct gate *g)
{
}

INLINE uint32_t enter_fast(struct gate *g)
{
	seat_t *seat = this_cpu_ptr(PERCPU_HAZARD);

	if (seat_says(seat) != 0)
		return FIRST_SEAT_TAKEN;
	seat_say(seat, (uint32_t)(uintptr_t)g);
	return READ_ONCE(g->state);
}

INLINE bool enter_ok(uint32_t state)
{
	return state == 0;
}

INLINE uint32_t exit_fast(struct gate *g, uint32_t cookie)
{
	if (cookie == HAZARD_SEATS)
		return NO_SEAT;
	return seat_say((seat_t *)this_cpu_ptr(PERCPU_HAZARD) + cookie, 0);
}

INLINE bool exit_ok(uint32_t sleeper)
{
	return sleeper == 0;
}

static void back_out(struct gate *g, uint32_t token)
{
	exit_fast(g, 0);
}

static bool at_rest(struct gate *g)
{
	bool inside = false;

	for (uint32_t cpu = 0; cpu < NR_CPUS; cpu++)
		inside |= seat_says(per_cpu_ptr(PERCPU_HAZARD, cpu)) == (uint32_t)(uintptr_t)g;
	return !inside;
}

static void close(struct gate *g)
{
	WRITE_ONCE(g->state, REMOVER);
}

#include "section.h"
