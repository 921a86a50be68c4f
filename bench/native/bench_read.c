// SPDX-License-Identifier: GPL-2.0-only
/*
 * What one section costs while `ncpus` threads do nothing else: assembly/workload/bench_read.ts in C, with
 * its phases, its chunks and its rules B1 to B5. A thread that meets a context that is not alive, or is
 * turned away, ends the job for all.
 */
#include "bench_read.h"

#include <sched.h>
#include <string.h>

#define CHUNK_NS 30000
#define QUARTERS 4
#define FIRST_BURSTS 8
#define MAX_FITTED (1u << 20)
#define CLOCK_PROBES 64

/* What other threads look at stands on a line of its own. */
struct bench_cpu {
	_Alignas(128) word_t heartbeat;
	_Alignas(128) user_t device;
	uint32_t bursts; /* in a quarter chunk */
	uint32_t peers[NR_CPUS];
};

struct bench_run {
	const struct bench_job *job;
	struct bench_report *reports;
	_Alignas(128) word_t started;
	_Alignas(128) word_t warm;
	_Alignas(128) word_t done;
	_Alignas(128) _Atomic(const char *) failure;
	struct bench_cpu cpus[NR_CPUS];
};

static bool failed(struct bench_run *r)
{
	return READ_ONCE(r->failure) != NULL;
}

/* One chunk in quarters, each with a heartbeat. */
static void chunk(struct bench_run *r, struct bench_cpu *cpu)
{
	struct contender *c = r->job->contender;
	struct device *device = READ_ONCE(cpu->device);

	for (int quarter = 0; quarter < QUARTERS; quarter++) {
		uint32_t bursts = cpu->bursts;

		while (bursts != 0) {
			enum section_result result;

			bursts = c->run(&cpu->device, bursts);
			result = c->finish(device->gate, &device->slot);
			if (result == SECTION_DONE)
				continue;
			WRITE_ONCE(r->failure, result == SECTION_BAD ? "a context was not alive inside" :
								       "turned away, and nobody removes");
			return;
		}
		WRITE_ONCE(cpu->heartbeat, READ_ONCE(cpu->heartbeat) + 1);
	}
}

/* By a factor of 4 at most, either way. */
static uint32_t fitted(uint32_t n, uint64_t took)
{
	uint64_t fitting = (uint64_t)n * CHUNK_NS / (took + 1);
	uint64_t most = (uint64_t)n * 4 < MAX_FITTED ? (uint64_t)n * 4 : MAX_FITTED;
	uint64_t least = n / 4 > 1 ? n / 4 : 1;

	return (uint32_t)(fitting > most ? most : fitting < least ? least : fitting);
}

/* The least of many back-to-back differences. */
static uint32_t clock_cost(void)
{
	uint64_t least = UINT32_MAX;

	for (int i = 0; i < CLOCK_PROBES; i++) {
		uint64_t t0 = ktime_get(), t1 = ktime_get();

		if (t1 - t0 < least)
			least = t1 - t0;
	}
	return (uint32_t)least;
}

static void note_peers(struct bench_run *r, struct bench_cpu *cpu)
{
	for (uint32_t peer = 0; peer < r->job->ncpus; peer++)
		cpu->peers[peer] = READ_ONCE(r->cpus[peer].heartbeat);
}

/* B1: every other thread did a whole quarter chunk meanwhile. */
static bool peers_ran(struct bench_run *r, struct bench_cpu *cpu)
{
	for (uint32_t peer = 0; peer < r->job->ncpus; peer++) {
		if (&r->cpus[peer] != cpu && READ_ONCE(r->cpus[peer].heartbeat) - cpu->peers[peer] < 2)
			return false;
	}
	return true;
}

static void add_sample(struct bench_report *report, uint64_t ps)
{
	if (report->nr_samples < BENCH_CAPACITY)
		report->samples[report->nr_samples] = ps > UINT32_MAX ? UINT32_MAX : (uint32_t)ps;
	report->nr_samples++;
}

static void warm_up(struct bench_run *r, struct bench_cpu *cpu)
{
	uint64_t end = ktime_get() + r->job->warmup_ns;
	bool warm = false;

	cpu->bursts = FIRST_BURSTS;
	while (!failed(r) && (!warm || READ_ONCE(r->warm) < r->job->ncpus)) {
		uint64_t t0 = ktime_get(), t1;

		chunk(r, cpu);
		t1 = ktime_get();
		cpu->bursts = fitted(cpu->bursts, t1 - t0); /* B5 */
		if (!warm && t1 >= end) {
			warm = true;
			atomic_fetch_add(&r->warm, 1);
		}
	}
}

static void window(struct bench_run *r, struct bench_cpu *cpu, struct bench_report *report)
{
	uint64_t sections = (uint64_t)cpu->bursts * QUARTERS * BURST;
	uint64_t start = ktime_get(), now = start;

	while (!failed(r) && now - start < r->job->window_ns) {
		uint64_t t0, took;

		note_peers(r, cpu);
		t0 = ktime_get();
		chunk(r, cpu);
		now = ktime_get();
		report->ops += sections;
		took = now - t0 > report->clock_ns ? now - t0 - report->clock_ns : 0; /* B3 */
		if (peers_ran(r, cpu))
			add_sample(report, took * 1000 / sections);
		else
			report->dropped++;
	}
	report->elapsed_ns = now - start;
}

static void run_cpu(uint32_t n, void *arg)
{
	struct bench_run *r = arg;
	struct contender *c = r->job->contender;
	struct bench_cpu *cpu = &r->cpus[n];
	struct device *device = device_of(c, r->job->round, r->job->shared ? 0 : n);
	struct bench_report *report = &r->reports[n];

	if (c->cpu_online != NULL)
		c->cpu_online(device->gate);
	WRITE_ONCE(cpu->device, device);
	report->clock_ns = clock_cost();
	atomic_fetch_add(&r->started, 1);
	while (READ_ONCE(r->started) < r->job->ncpus)
		sched_yield();
	warm_up(r, cpu);
	window(r, cpu, report);
	atomic_fetch_add(&r->done, 1);
	while (!failed(r) && READ_ONCE(r->done) < r->job->ncpus)
		chunk(r, cpu); /* B2 */
	if (c->cpu_offline != NULL)
		c->cpu_offline(device->gate);
}

const char *bench_read(const struct bench_job *job, struct bench_report *reports)
{
	static struct bench_run run;

	memset(&run, 0, sizeof(run));
	memset(reports, 0, sizeof(*reports) * job->ncpus);
	run.job = job;
	run.reports = reports;
	for (uint32_t n = 0; n < job->ncpus; n++)
		device_of(job->contender, job->round, job->shared ? 0 : n); /* before the threads look for theirs */
	on_each_cpu(job->ncpus, run_cpu, &run);
	return READ_ONCE(run.failure);
}
