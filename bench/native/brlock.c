// SPDX-License-Identifier: GPL-2.0-only
/* brlock — a flag on each CPU's own line, and a writer's word that all read: assembly/gates/brlock.ts. */
#include "machine.h"

#define NAME "brlock"
#define KIND KIND_GATE
#define NO_ENTERED
#define NO_EXITED

#include "seat.h"

#define WRITER 1u

struct gate {
	word_t writer;
	word_t flags;
};

static void init(struct gate *g)
{
	atomic_init(&g->flags, alloc_percpu(sizeof(seat_t)));
}

INLINE uint32_t enter_fast(struct gate *g)
{
	seat_t *flag = this_cpu_ptr(READ_ONCE(g->flags));
	uint32_t sleeper = seat_say(flag, seat_says(flag) + 1);

	return sleeper | READ_ONCE(g->writer);
}

INLINE bool enter_ok(uint32_t token)
{
	return token == 0;
}

INLINE uint32_t exit_fast(struct gate *g, uint32_t cookie)
{
	seat_t *flag = this_cpu_ptr(READ_ONCE(g->flags));

	return seat_say(flag, seat_says(flag) - 1);
}

INLINE bool exit_ok(uint32_t sleeper)
{
	return sleeper == 0;
}

static bool at_rest(struct gate *g)
{
	uint32_t inside = 0;

	for (uint32_t cpu = 0; cpu < NR_CPUS; cpu++)
		inside |= seat_says(per_cpu_ptr(READ_ONCE(g->flags), cpu));
	return inside == 0;
}

static void close(struct gate *g)
{
	WRITE_ONCE(g->writer, WRITER);
}

#include "section.h"
