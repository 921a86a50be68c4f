// SPDX-License-Identifier: GPL-2.0-only
/* exchange pair — two exchanges on a word of the device: assembly/workload/contenders.ts. */
#include "machine.h"

#define NAME "exchange pair"
#define KIND KIND_BASELINE
#define ALWAYS_ENTERS
#define NO_ENTERED
#define ALWAYS_EXITS
#define NO_EXITED
#define NEVER_CLOSES
#define COUNTS_NOBODY

struct gate {
	word_t word;
};

static void init(struct gate *g)
{
}

INLINE uint32_t enter_fast(struct gate *g)
{
	return atomic_exchange(&g->word, 1);
}

INLINE uint32_t exit_fast(struct gate *g, uint32_t cookie)
{
	return atomic_exchange(&g->word, cookie);
}

static bool at_rest(struct gate *g)
{
	return READ_ONCE(g->word) <= 1; /* an exchange that two take part in may leave either */
}

#include "section.h"
