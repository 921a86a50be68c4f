// SPDX-License-Identifier: GPL-2.0-only
// libs: -lck
/* ck_rwlock — Concurrency Kit's reader/writer lock, held for reading. */
#include "gate.h"

#include <ck_rwlock.h>

#define NAME "ck_rwlock"
#define KIND KIND_PEER
#define ALWAYS_ENTERS
#define NO_ENTERED
#define ALWAYS_EXITS
#define NO_EXITED
#define NEVER_CLOSES

struct gate {
	ck_rwlock_t lock;
};

static void init(struct gate *g)
{
	ck_rwlock_init(&g->lock);
}

INLINE uint32_t enter_fast(struct gate *g)
{
	ck_rwlock_read_lock(&g->lock);
	return 0;
}

INLINE uint32_t exit_fast(struct gate *g, uint32_t cookie)
{
	ck_rwlock_read_unlock(&g->lock);
	return 0;
}

static bool at_rest(struct gate *g)
{
	if (!ck_rwlock_write_trylock(&g->lock))
		return false;
	ck_rwlock_write_unlock(&g->lock);
	return true;
}

#include "section.h"
