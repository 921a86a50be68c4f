// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the twins stand on: atomic words, per-CPU units, the clock and the cores of this computer.
 *
 * A unit is laid out as those of assembly/arch/wasm/percpu.ts: same stride, same offsets in it. Code
 * reaches its own as a base register plus an offset, as wasm must.
 *
 *   READ_ONCE, WRITE_ONCE   relaxed atomics: a plain move, which a compiler neither drops nor merges nor
 *                           hoists. All that the wasm code does is done here, access by access.
 */
#ifndef NATIVE_MACHINE_H
#define NATIVE_MACHINE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define INLINE static inline __attribute__((always_inline))
#else
#define INLINE static inline
#endif

#define READ_ONCE(word) atomic_load_explicit(&(word), memory_order_relaxed)
#define WRITE_ONCE(word, value) atomic_store_explicit(&(word), value, memory_order_relaxed)

#define NR_CPUS 64
#define PERCPU_BASE 0x10000
#define PERCPU_STRIDE 0x10240
#define PERCPU_PENDING 0x260
#define PERCPU_WORD 0x268
#define PERCPU_RCU_SLOT 0x280
#define PERCPU_DYNAMIC 0x2000

typedef _Atomic uint32_t word_t;

extern unsigned char percpu_units[NR_CPUS * PERCPU_STRIDE];
extern _Thread_local uint32_t cpu_number;
extern _Thread_local unsigned char *cpu_unit;
extern word_t rcu_gp_seq;

/* Makes the calling thread CPU `cpu`. */
void set_smp_processor_id(uint32_t cpu);

/* @returns the offset in each unit of `bytes` zeroed bytes; ends the process when there are no more */
uint32_t alloc_percpu(uint32_t bytes);

INLINE void *this_cpu_ptr(uint32_t offset)
{
	return cpu_unit + offset;
}

INLINE void *per_cpu_ptr(uint32_t offset, uint32_t cpu)
{
	return percpu_units + (size_t)cpu * PERCPU_STRIDE + offset;
}

/* The task of this CPU, as the words of locks hold it. Never 0; its low bits are. */
INLINE uint32_t current_task(void)
{
	return PERCPU_BASE + (uint32_t)(cpu_unit - percpu_units);
}

/* What each burst of sections looks at: kernel/rcu/qsbr.ts. No grace period ever begins here. */
INLINE uint32_t rcu_qs_hint(void)
{
	return READ_ONCE(*(word_t *)this_cpu_ptr(PERCPU_RCU_SLOT)) ^ READ_ONCE(rcu_gp_seq);
}

/* Monotonic, ns. */
uint64_t ktime_get(void);

/* Keeps the calling thread on the n-th of the cores that the process may use, in turn. */
void pin_to_core(uint32_t n);

/* One line on stderr, and the end: for what cannot happen, and for memory that is out. */
_Noreturn void panic(const char *what);

#endif
