// SPDX-License-Identifier: GPL-2.0-only
/* percpu_rwsem — a count on each CPU while no writer is about: kernel/locking/percpu-rwsem.ts, per device. */
#include "machine.h"

#define NAME "percpu_rwsem"
#define KIND KIND_GATE
#define NO_ENTERED
#define NO_EXITED

#define GP_IDLE 0u
#define GP_PASSED 2u

struct gate {
	word_t gp_state;
	word_t read_count;
};

static void init(struct gate *g)
{
	atomic_init(&g->read_count, alloc_percpu(sizeof(word_t)));
}

INLINE void add(struct gate *g, uint32_t nr)
{
	word_t *count = this_cpu_ptr(READ_ONCE(g->read_count));

	WRITE_ONCE(*count, READ_ONCE(*count) + nr);
}

INLINE uint32_t enter_fast(struct gate *g)
{
	uint32_t state = READ_ONCE(g->gp_state);

	if (state == GP_IDLE)
		add(g, 1);
	return state;
}

INLINE bool enter_ok(uint32_t state)
{
	return state == GP_IDLE;
}

INLINE uint32_t exit_fast(struct gate *g, uint32_t cookie)
{
	uint32_t state = READ_ONCE(g->gp_state);

	if (state == GP_IDLE)
		add(g, -1u);
	return state;
}

INLINE bool exit_ok(uint32_t state)
{
	return state == GP_IDLE;
}

static bool at_rest(struct gate *g)
{
	uint32_t sum = 0;

	for (uint32_t cpu = 0; cpu < NR_CPUS; cpu++)
		sum += READ_ONCE(*(word_t *)per_cpu_ptr(READ_ONCE(g->read_count), cpu));
	return sum == 0;
}

static void close(struct gate *g)
{
	WRITE_ONCE(g->gp_state, GP_PASSED);
}

#include "section.h"
