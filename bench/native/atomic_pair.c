// SPDX-License-Identifier: GPL-2.0-only
/* atomic pair — one atomic add and one atomic subtract: assembly/workload/contenders.ts. */
#include "machine.h"

#define NAME "atomic pair"
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
}

INLINE uint32_t enter_fast(struct gate *g)
{
	atomic_fetch_add(&g->word, 1);
	return 0;
}

INLINE uint32_t exit_fast(struct gate *g, uint32_t cookie)
{
	atomic_fetch_sub(&g->word, 1);
	return 0;
}

static bool at_rest(struct gate *g)
{
	return READ_ONCE(g->word) == 0;
}

#include "section.h"
