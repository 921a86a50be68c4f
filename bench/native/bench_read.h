// SPDX-License-Identifier: GPL-2.0-only
/* The read-side benchmark, its devices and its self-check: see bench_read.c, device.c, self_check.c. */
#ifndef NATIVE_BENCH_READ_H
#define NATIVE_BENCH_READ_H

#include "gate.h"

#define BENCH_CAPACITY 4096

/*
 * @returns the device of a CPU in a round, made at the first call; CPU 0's is the one that threads share.
 * What they pay for it depends on where it lies, so each round has others: host/bench/pairs.ts.
 */
struct device *device_of(struct contender *contender, uint32_t round, uint32_t cpu);
/* @returns a new one, of no number; ends the process when memory is out */
struct device *device_create(struct contender *contender);

struct bench_job {
	struct contender *contender;
	uint32_t ncpus;
	bool shared;
	uint32_t round;
	uint64_t window_ns;
	uint64_t warmup_ns;
};

/* What one CPU left behind. */
struct bench_report {
	uint32_t samples[BENCH_CAPACITY]; /* ps a section */
	uint32_t nr_samples; /* taken; those beyond the capacity are left out */
	uint32_t dropped;
	uint32_t clock_ns;
	uint64_t ops;
	uint64_t elapsed_ns;
};

/* Runs a job. @returns NULL with one report a CPU, or what went wrong */
const char *bench_read(const struct bench_job *job, struct bench_report *reports);

/* @returns NULL when the contender counts those inside, and is at rest when `ncpus` threads are through */
const char *self_check(struct contender *contender, uint32_t ncpus, uint32_t bursts);

/* Runs `work` on `ncpus` pinned threads at once, each a CPU, and waits for them. */
void on_each_cpu(uint32_t ncpus, void (*work)(uint32_t cpu, void *arg), void *arg);

#endif
