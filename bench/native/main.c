// SPDX-License-Identifier: GPL-2.0-only
/*
 * The native yardstick: reads commands from stdin, one a line, and answers each on stdout. It lives until
 * stdin ends, and no thread of it runs between two commands.
 *
 *   list                                            contender KIND NAME, a line each, then end
 *   read N THREADS shared|own ROUND WINDOW WARMUP   cpu DROPPED CLOCK OPS ELAPSED SAMPLE..., a line each,
 *                                                   then end
 *   check N THREADS BURSTS                          end, or failed and why
 *
 * N is the place in the list. Times are ns, samples ps. What cannot be understood ends the process, with
 * one line on stderr: the other end is broken.
 */
#include "bench_read.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

struct contender *contenders;

static const char *const KINDS[] = { "gate", "baseline", "peer" };

static struct bench_report reports[NR_CPUS];

static struct contender *nth(uint32_t n)
{
	struct contender *c = contenders;

	while (c != NULL && n-- != 0)
		c = c->next;
	return c;
}

static void list(void)
{
	for (struct contender *c = contenders; c != NULL; c = c->next)
		printf("contender %s %s\n", KINDS[c->kind], c->name);
	puts("end");
}

static void print_report(const struct bench_report *report)
{
	uint32_t kept = report->nr_samples < BENCH_CAPACITY ? report->nr_samples : BENCH_CAPACITY;

	printf("cpu %" PRIu32 " %" PRIu32 " %" PRIu64 " %" PRIu64, report->dropped, report->clock_ns,
	       report->ops, report->elapsed_ns);
	for (uint32_t i = 0; i < kept; i++)
		printf(" %" PRIu32, report->samples[i]);
	putchar('\n');
}

static void answer(const char *failure)
{
	if (failure == NULL)
		puts("end");
	else
		printf("failed %s\n", failure);
}

static bool read_command(const char *line)
{
	struct bench_job job;
	char devices[8];
	const char *failure;
	uint32_t n;

	if (sscanf(line, "read %" SCNu32 " %" SCNu32 " %7s %" SCNu32 " %" SCNu64 " %" SCNu64, &n, &job.ncpus,
		   devices, &job.round, &job.window_ns, &job.warmup_ns) != 6)
		return false;
	job.contender = nth(n);
	job.shared = strcmp(devices, "shared") == 0;
	if (job.contender == NULL || job.ncpus == 0 || job.ncpus > NR_CPUS)
		return false;
	failure = bench_read(&job, reports);
	for (uint32_t cpu = 0; failure == NULL && cpu < job.ncpus; cpu++)
		print_report(&reports[cpu]);
	answer(failure);
	return true;
}

static bool check_command(const char *line)
{
	uint32_t n, ncpus, bursts;

	if (sscanf(line, "check %" SCNu32 " %" SCNu32 " %" SCNu32, &n, &ncpus, &bursts) != 3)
		return false;
	if (nth(n) == NULL || ncpus == 0 || ncpus > NR_CPUS)
		return false;
	answer(self_check(nth(n), ncpus, bursts));
	return true;
}

int main(void)
{
	char line[128];

	signal(SIGINT, SIG_IGN); /* Ctrl-C is for the other end, which then ends stdin */
	while (fgets(line, sizeof(line), stdin) != NULL) {
		if (strcmp(line, "list\n") == 0)
			list();
		else if (!read_command(line) && !check_command(line))
			panic(line);
		fflush(stdout);
	}
	return 0;
}
