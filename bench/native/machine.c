// SPDX-License-Identifier: GPL-2.0-only
/* The part of machine.h that is no fast path, and the only one that names an operating system. */
#include "machine.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define GP_ONLINE 1

_Alignas(4096) unsigned char percpu_units[NR_CPUS * PERCPU_STRIDE];
_Thread_local uint32_t cpu_number;
_Thread_local unsigned char *cpu_unit = percpu_units;
_Alignas(128) word_t rcu_gp_seq = GP_ONLINE;

void set_smp_processor_id(uint32_t cpu)
{
	cpu_number = cpu;
	cpu_unit = per_cpu_ptr(0, cpu);
	WRITE_ONCE(*(word_t *)this_cpu_ptr(PERCPU_RCU_SLOT), GP_ONLINE);
}

uint32_t alloc_percpu(uint32_t bytes)
{
	static uint32_t cut = PERCPU_DYNAMIC;
	uint32_t offset = cut;

	cut += (bytes + 7) & ~7u;
	if (cut > PERCPU_STRIDE)
		panic("the per-CPU units are full");
	return offset;
}

uint64_t ktime_get(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

#ifdef __linux__
/* Threads inherit the set of the one that makes them, which is never pinned. */
void pin_to_core(uint32_t n)
{
	cpu_set_t allowed, one;
	uint32_t cores, core = 0;

	if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
		return;
	cores = (uint32_t)CPU_COUNT(&allowed);
	for (n %= cores; !CPU_ISSET(core, &allowed) || n-- != 0; core++)
		;
	CPU_ZERO(&one);
	CPU_SET(core, &one);
	pthread_setaffinity_np(pthread_self(), sizeof(one), &one); /* a hint: refused, it stays where it is */
}
#else
void pin_to_core(uint32_t n)
{
	/* Threads stay where the system puts them. */
}
#endif

_Noreturn void panic(const char *what)
{
	fprintf(stderr, "%s\n", what);
	exit(3);
}
