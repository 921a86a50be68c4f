// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device to measure a twin on: the pointer word, the twin's state and the context behind the pointer, at
 * the page offsets of assembly/workload/bench_device.ts: none at those of the others in bits 6 to 11.
 */
#include "bench_read.h"

#include <stdlib.h>

#define PLACES NR_CPUS /* no two CPUs have the same in a round */

struct made {
	struct contender *contender;
	uint32_t n;
	struct device *device;
	struct made *next;
};

struct device *device_create(struct contender *contender)
{
	unsigned char *page = aligned_alloc(4096, 4096);
	struct device *device = (struct device *)page;

	if (page == NULL)
		panic("no memory for a device");
	for (size_t i = 0; i < 4096; i++)
		page[i] = 0;
	contender->init(device->gate);
	atomic_init(&device->context, CONTEXT_ALIVE);
	atomic_init(&device->slot, &device->context);
	return device;
}

struct device *device_of(struct contender *contender, uint32_t round, uint32_t cpu)
{
	static struct made *all;
	struct made *made = all;
	uint32_t n = (round + cpu) % PLACES;

	while (made != NULL && (made->contender != contender || made->n != n))
		made = made->next;
	if (made == NULL) {
		made = malloc(sizeof(*made));
		if (made == NULL)
			panic("no memory for a device");
		*made = (struct made){ contender, n, device_create(contender), all };
		all = made;
	}
	return made->device;
}
