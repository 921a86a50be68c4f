// SPDX-License-Identifier: GPL-2.0-only
/* Threads that are CPUs: pinned, numbered, and gone when their work is done. */
#include "bench_read.h"

#include <pthread.h>

struct cpu_thread {
	pthread_t thread;
	uint32_t cpu;
	void (*work)(uint32_t cpu, void *arg);
	void *arg;
};

static void *enter_thread(void *p)
{
	struct cpu_thread *self = p;

	pin_to_core(self->cpu);
	set_smp_processor_id(self->cpu);
	self->work(self->cpu, self->arg);
	return NULL;
}

void on_each_cpu(uint32_t ncpus, void (*work)(uint32_t cpu, void *arg), void *arg)
{
	struct cpu_thread threads[NR_CPUS];
	uint32_t made = 0;

	for (; made < ncpus; made++) {
		threads[made] = (struct cpu_thread){ .cpu = made, .work = work, .arg = arg };
		if (pthread_create(&threads[made].thread, NULL, enter_thread, &threads[made]) != 0)
			panic("a thread cannot be made");
	}
	while (made-- > 0)
		pthread_join(threads[made].thread, NULL);
}
