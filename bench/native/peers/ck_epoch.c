// SPDX-License-Identifier: GPL-2.0-only
// libs: -lck
/* ck_epoch — Concurrency Kit's epoch-based reclamation; a record a CPU, for all devices. */
#include "gate.h"

#include <ck_epoch.h>
#include <pthread.h>

#define NAME "ck_epoch"
#define KIND KIND_PEER
#define ALWAYS_ENTERS
#define NO_ENTERED
#define ALWAYS_EXITS
#define NO_EXITED
#define NEVER_CLOSES
#define COUNTS_NOBODY
#define CPU_ONLINE cpu_online
#define CPU_OFFLINE cpu_offline

struct gate {
	word_t none;
};

static ck_epoch_t epoch;

static struct {
	_Alignas(128) ck_epoch_record_t record;
} records[NR_CPUS];

static bool registered[NR_CPUS]; /* for good: each by the one thread that is this CPU at a time */

static void init_epoch(void)
{
	ck_epoch_init(&epoch);
}

static void init(struct gate *g)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, init_epoch);
}

static void cpu_online(void *gate)
{
	if (!registered[cpu_number])
		ck_epoch_register(&epoch, &records[cpu_number].record, NULL);
	registered[cpu_number] = true;
}

static void cpu_offline(void *gate)
{
}

INLINE uint32_t enter_fast(struct gate *g)
{
	ck_epoch_begin(&records[cpu_number].record, NULL);
	return 0;
}

INLINE uint32_t exit_fast(struct gate *g, uint32_t cookie)
{
	ck_epoch_end(&records[cpu_number].record, NULL);
	return 0;
}

static bool at_rest(struct gate *g)
{
	return true;
}

#include "section.h"
