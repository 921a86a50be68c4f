// SPDX-License-Identifier: GPL-2.0-only
/* plain counter pair — this CPU's counter, found through a pointer: assembly/workload/contenders.ts. */
#include "machine.h"

#define NAME "plain counter pair"
#define KIND KIND_BASELINE
#define ALWAYS_ENTERS
#define NO_ENTERED
#define ALWAYS_EXITS
#define NO_EXITED
#define NEVER_CLOSES

struct gate {
	word_t word;
};

static void init(struct gate *g)
{
	atomic_init(&g->word, alloc_percpu(sizeof(word_t)));
}

/* The word that says where is read each time, as in wasm: a base register and an index, not a pointer. */
INLINE void add(struct gate *g, uint32_t nr)
{
	word_t *p = this_cpu_ptr(READ_ONCE(g->word));

	WRITE_ONCE(*p, READ_ONCE(*p) + nr);
}

INLINE uint32_t enter_fast(struct gate *g)
{
	add(g, 1);
	return 0;
}

INLINE uint32_t exit_fast(struct gate *g, uint32_t cookie)
{
	add(g, -1u);
	return 0;
}

static bool at_rest(struct gate *g)
{
	uint32_t sum = 0;

	for (uint32_t cpu = 0; cpu < NR_CPUS; cpu++)
		sum += READ_ONCE(*(word_t *)per_cpu_ptr(READ_ONCE(g->word), cpu));
	return sum == 0;
}

#include "section.h"
