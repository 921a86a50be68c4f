// SPDX-License-Identifier: GPL-2.0-only
/* The per-CPU mode of percpu_ref: assembly/lib/percpu-refcount-ops.ts. */
#ifndef NATIVE_PERCPU_REF_H
#define NATIVE_PERCPU_REF_H

#include "machine.h"

#define __PERCPU_REF_ATOMIC 1u
#define __PERCPU_REF_DEAD 2u
#define __PERCPU_REF_ATOMIC_DEAD 3u

struct percpu_ref {
	word_t percpu_count_ptr;
	word_t data;
};

INLINE bool __ref_is_percpu(uint32_t ptr)
{
	return (ptr & __PERCPU_REF_ATOMIC_DEAD) == 0;
}

INLINE uint32_t percpu_ref_mode(struct percpu_ref *ref)
{
	return READ_ONCE(ref->percpu_count_ptr);
}

/* Not one read-modify-write of memory, which wasm does not have: a load, an add and a store. */
INLINE void percpu_ref_this_cpu_add(uint32_t mode, uint32_t nr)
{
	word_t *counter = this_cpu_ptr(mode);

	WRITE_ONCE(*counter, READ_ONCE(*counter) + nr);
}

static inline uint32_t percpu_ref_sum(struct percpu_ref *ref)
{
	uint32_t sum = 0;

	for (uint32_t cpu = 0; cpu < NR_CPUS; cpu++)
		sum += READ_ONCE(*(word_t *)per_cpu_ptr(percpu_ref_mode(ref), cpu));
	return sum;
}

#endif
