// SPDX-License-Identifier: GPL-2.0-only
// libs: -lck
/* ck_bytelock — Concurrency Kit's lock with a byte a reader, held for reading. */
#include "gate.h"

#include <ck_bytelock.h>

#define NAME "ck_bytelock"
#define KIND KIND_PEER
#define ALWAYS_ENTERS
#define NO_ENTERED
#define ALWAYS_EXITS
#define NO_EXITED
#define NEVER_CLOSES
#define COUNTS_NOBODY

struct gate {
	ck_bytelock_t lock;
};

static void init(struct gate *g)
{
	ck_bytelock_init(&g->lock);
}

INLINE uint32_t enter_fast(struct gate *g)
{
	ck_bytelock_read_lock(&g->lock, cpu_number + 1);
	return 0;
}

INLINE uint32_t exit_fast(struct gate *g, uint32_t cookie)
{
	ck_bytelock_read_unlock(&g->lock, cpu_number + 1);
	return 0;
}

static bool at_rest(struct gate *g)
{
	ck_bytelock_write_lock(&g->lock, NR_CPUS); /* for ever, if somebody is inside */
	ck_bytelock_write_unlock(&g->lock);
	return true;
}

#include "section.h"
