// SPDX-License-Identifier: GPL-2.0-only
// libs: -lck
/* ck_pflock — Concurrency Kit's phase-fair lock, held for reading. */
#include "gate.h"

#include <ck_pflock.h>

#define NAME "ck_pflock"
#define KIND KIND_PEER
#define ALWAYS_ENTERS
#define NO_ENTERED
#define ALWAYS_EXITS
#define NO_EXITED
#define NEVER_CLOSES
#define COUNTS_NOBODY

struct gate {
	ck_pflock_t lock;
};

static void init(struct gate *g)
{
	ck_pflock_init(&g->lock);
}

INLINE uint32_t enter_fast(struct gate *g)
{
	ck_pflock_read_lock(&g->lock);
	return 0;
}

INLINE uint32_t exit_fast(struct gate *g, uint32_t cookie)
{
	ck_pflock_read_unlock(&g->lock);
	return 0;
}

static bool at_rest(struct gate *g)
{
	ck_pflock_write_lock(&g->lock); /* for ever, if somebody is inside */
	ck_pflock_write_unlock(&g->lock);
	return true;
}

#include "section.h"
