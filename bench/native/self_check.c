// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether a twin is what it is called, before its time means anything: one who is inside is seen, threads
 * that went in and out together leave nothing behind, one that admits one never has two, and a closed gate turns
 * the fast path away.
 */
#include "bench_read.h"

#include <sched.h>

struct crowd {
	struct contender *contender;
	user_t device;
	uint32_t bursts;
	_Atomic bool broken;
	uint32_t ncpus;
	word_t through; /* CPUs that came in often enough */
	word_t inside; /* the CPU that came in last */
};

static void visit(uint32_t cpu, void *arg)
{
	struct crowd *crowd = arg;
	struct contender *c = crowd->contender;
	struct device *device = READ_ONCE(crowd->device);
	uint32_t bursts = crowd->bursts;

	if (c->cpu_online != NULL)
		c->cpu_online(device->gate);
	while (bursts != 0) {
		bursts = c->run(&crowd->device, bursts);
		if (c->finish(device->gate, &device->slot) != SECTION_DONE) {
			crowd->broken = true;
			break;
		}
	}
	if (c->cpu_offline != NULL)
		c->cpu_offline(device->gate);
}

/* Alone: sees itself inside, and is turned away in the end. */
static void visit_alone(uint32_t cpu, void *arg)
{
	struct crowd *crowd = arg;
	struct contender *c = crowd->contender;
	void *gate = READ_ONCE(crowd->device)->gate;

	if (c->cpu_online != NULL)
		c->cpu_online(gate);
	crowd->broken = !c->enter(gate);
	if (!c->counts_nobody && c->at_rest(gate))
		crowd->broken = true;
	c->exit(gate);
	if (c->cpu_offline != NULL)
		c->cpu_offline(gate);
}

static void try_closed(uint32_t cpu, void *arg)
{
	struct crowd *crowd = arg;
	void *gate = READ_ONCE(crowd->device)->gate;

	if (crowd->contender->cpu_online != NULL)
		crowd->contender->cpu_online(gate);
	crowd->broken = crowd->contender->enter(gate);
	if (crowd->contender->cpu_offline != NULL)
		crowd->contender->cpu_offline(gate);
}

/* Each finds the word as it left it, though it lets others run meanwhile. */
static void visit_one_by_one(uint32_t cpu, void *arg)
{
	struct crowd *crowd = arg;
	struct contender *c = crowd->contender;
	void *gate = READ_ONCE(crowd->device)->gate;

	for (uint32_t i = 0; READ_ONCE(crowd->through) < crowd->ncpus; i++) {
		if (i == crowd->bursts)
			atomic_fetch_add(&crowd->through, 1);
		while (!c->enter(gate))
			sched_yield();
		WRITE_ONCE(crowd->inside, cpu);
		if (i % 16 == 0)
			sched_yield();
		if (READ_ONCE(crowd->inside) != cpu)
			crowd->broken = true;
		c->exit(gate);
	}
}

const char *self_check(struct contender *c, uint32_t ncpus, uint32_t bursts)
{
	struct crowd crowd = { .contender = c, .device = device_create(c), .bursts = bursts, .ncpus = ncpus };
	void *gate = READ_ONCE(crowd.device)->gate;

	if (!c->at_rest(gate))
		return "not at rest when new";
	on_each_cpu(1, visit_alone, &crowd);
	if (crowd.broken)
		return "one who is inside is not seen";
	if (!c->at_rest(gate))
		return "not at rest when the only one has left";
	on_each_cpu(ncpus, visit, &crowd);
	if (crowd.broken)
		return "some section was not let in, or found no context";
	if (!c->at_rest(gate))
		return "not at rest when all have left";
	if (c->admits_one) {
		on_each_cpu(ncpus, visit_one_by_one, &crowd);
		if (crowd.broken)
			return "two inside at once";
	}
	if (c->close == NULL)
		return NULL;
	c->close(gate);
	on_each_cpu(1, try_closed, &crowd);
	return crowd.broken ? "let in though it is closed" : NULL;
}
