// SPDX-License-Identifier: GPL-2.0-only
/* qsbr — the bare pointer: assembly/gates/qsbr.ts. */
#include "machine.h"

#define NAME "qsbr"
#define KIND KIND_GATE
#define ALWAYS_ENTERS
#define NO_ENTERED
#define ALWAYS_EXITS
#define NO_EXITED
#define NEVER_CLOSES
#define COUNTS_NOBODY

struct gate {
	word_t none;
};

static void init(struct gate *g)
{
}

INLINE uint32_t enter_fast(struct gate *g)
{
	return 0;
}

INLINE uint32_t exit_fast(struct gate *g, uint32_t cookie)
{
	return 0;
}

static bool at_rest(struct gate *g)
{
	return true;
}

#include "section.h"
