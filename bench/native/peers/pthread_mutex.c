// SPDX-License-Identifier: GPL-2.0-only
/* pthread_mutex — the C library's mutex. */
#include "gate.h"

#include <pthread.h>

#define NAME "pthread_mutex"
#define KIND KIND_PEER
#define ALWAYS_ENTERS
#define NO_ENTERED
#define ALWAYS_EXITS
#define NO_EXITED
#define NEVER_CLOSES
#define ADMITS_ONE

struct gate {
	pthread_mutex_t lock;
};

static void init(struct gate *g)
{
	pthread_mutex_init(&g->lock, NULL);
}

INLINE uint32_t enter_fast(struct gate *g)
{
	pthread_mutex_lock(&g->lock);
	return 0;
}

INLINE uint32_t exit_fast(struct gate *g, uint32_t cookie)
{
	pthread_mutex_unlock(&g->lock);
	return 0;
}

static bool at_rest(struct gate *g)
{
	if (pthread_mutex_trylock(&g->lock) != 0)
		return false;
	pthread_mutex_unlock(&g->lock);
	return true;
}

#include "section.h"
