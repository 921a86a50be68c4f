// SPDX-License-Identifier: GPL-2.0-only
/* pthread_rwlock — the C library's reader/writer lock, held for reading. */
#include "gate.h"

#include <pthread.h>

#define NAME "pthread_rwlock"
#define KIND KIND_PEER
#define NO_ENTERED
#define ALWAYS_EXITS
#define NO_EXITED
#define NEVER_CLOSES

struct gate {
	pthread_rwlock_t lock;
};

static void init(struct gate *g)
{
	pthread_rwlock_init(&g->lock, NULL);
}

INLINE uint32_t enter_fast(struct gate *g)
{
	return (uint32_t)pthread_rwlock_rdlock(&g->lock);
}

INLINE bool enter_ok(uint32_t failure)
{
	return failure == 0;
}

INLINE uint32_t exit_fast(struct gate *g, uint32_t cookie)
{
	return (uint32_t)pthread_rwlock_unlock(&g->lock);
}

static bool at_rest(struct gate *g)
{
	if (pthread_rwlock_trywrlock(&g->lock) != 0)
		return false;
	pthread_rwlock_unlock(&g->lock);
	return true;
}

#include "section.h"
