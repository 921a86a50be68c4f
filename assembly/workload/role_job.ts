// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a roles job is told and what it says: records in host memory, laid out as the OFFSETOF_ROLE_*
 * exports say. The host writes them, and calls bench_roles() on each CPU of the job.
 *
 * Rules:   K1  Of a distribution a CPU keeps at most `capacity` samples, each with the same chance, and
 *              the longest beside them whatever was kept.
 *          K2  A sample that does not fit into a u32 is the largest u32; `longest` has it whole.
 *          K3  What the clock costs is taken off each sample, down to 0.
 */
import { smp_processor_id } from "../arch/wasm/percpu";
import { prandom_below } from "../lib/random";

/** Enters a device again and again. */
export const ROLE_READER: u32 = 0;
/** Removes devices, in turn. */
export const ROLE_REMOVER: u32 = 1;
/** Adds those that were removed. */
export const ROLE_ADDER: u32 = 2;

/** Which distribution a sample belongs to: of an operation while its device was there ... */
export const ROLE_CALM: u32 = 0;
/** ... or of an entry that was made, held up or turned away while its device was being removed. */
export const ROLE_DURING: u32 = 1;

/** How a CPU spaces its operations: not at all ... */
export const PACE_UNLIMITED: u32 = 0;
/** ... one every pace_ns, by the clock: who is late catches up ... */
export const PACE_RATE: u32 = 1;
/** ... or pace_ns between the end of one and the start of the next. */
export const PACE_THINK: u32 = 2;

/** What a reader does inside: read one word ... */
export const ROLE_BODY_NONE: u32 = 0;
/** ... and then use the CPU for the service time ... */
export const ROLE_BODY_SPIN: u32 = 1;
/** ... or sleep for it. */
export const ROLE_BODY_SLEEP: u32 = 2;

const MEETING_BYTES: u32 = 64;
export const ROLE_MEET_START: u32 = 0;
/** Removers that are through: readers and adders go on until all are. */
export const ROLE_MEET_REMOVED: u32 = 1;
/** No meeting: how many removals are under way, on a line of its own. */
export const ROLE_REMOVING: u32 = 2;
export const ROLE_MEETINGS: u32 = 3;

@unmanaged
@final
export class role_job {
  contender: u32;
  ncpus: u32;
  window_ns: u64;
  /** Longest wait at a meeting. */
  deadline_ns: u64;
  /** From when on a removal is overdue, and the readers of its device let it in. */
  overdue_ns: u64;
  /** Address of the CPUs' records, ROLE_CPU_STRIDE bytes apart. */
  cpus: u32;
  /** Samples that each CPU has room for, of each distribution. */
  capacity: u32;
  meetings: u32;
  /** Address of the devices' slots, ROLE_SLOT_STRIDE bytes apart; the removers' come first. */
  slots: u32;
  /** How many slots the removers go through. */
  targets: u32;
  removers: u32;
  /** 0: a remover adds what it has removed. */
  adders: u32;
  /** Of how many entries one is timed, while nobody removes the device. */
  every: u32;
  body: u32;
  /** Address of the service times, u64 each, in ns: each entry draws one. */
  services: u32;
  nr_services: u32;
  /** 1 leaves removals and additions out, for the readers' undisturbed rate. */
  dry: u32;
  /** Zeroed by the host: a CPU gave up, and all are to end. */
  over: u32;
}

/** One for each CPU of the job, written by that CPU, but for what the host fills in. */
@unmanaged
@final
export class role_cpu {
  /** Host: the ROLE_*, and the slot that a reader uses, or that a remover or an adder begins at. */
  role: u32;
  slot: u32;
  /** Host: the PACE_*. */
  pace: u32;
  capacity: u32;
  pace_ns: u64;
  /** Host: addresses of the samples, ROLE_CALM and ROLE_DURING. */
  calm: u32;
  during: u32;
  nr_calm: u32;
  nr_during: u32;
  longest_calm: u64;
  longest_during: u64;
  /** Operations done: entries that got in, removals, additions. */
  ops: u64;
  /** Entries that were turned away: one ends the use of a device. */
  refused: u64;
  /** The window as it was, and how much of it was spent without a device to work on, ns. */
  elapsed_ns: u64;
  away_ns: u64;
  /** Removals that were overdue. */
  overdue: u32;
  /** Cost of one reading of the clock, ns. */
  clock_ns: u32;
}

export const ROLE_CPU_STRIDE: u32 = 0x100;

export const OFFSETOF_ROLE_JOB_CONTENDER: u32 = offsetof<role_job>("contender");
export const OFFSETOF_ROLE_JOB_NCPUS: u32 = offsetof<role_job>("ncpus");
export const OFFSETOF_ROLE_JOB_WINDOW_NS: u32 = offsetof<role_job>("window_ns");
export const OFFSETOF_ROLE_JOB_DEADLINE_NS: u32 = offsetof<role_job>("deadline_ns");
export const OFFSETOF_ROLE_JOB_OVERDUE_NS: u32 = offsetof<role_job>("overdue_ns");
export const OFFSETOF_ROLE_JOB_CPUS: u32 = offsetof<role_job>("cpus");
export const OFFSETOF_ROLE_JOB_CAPACITY: u32 = offsetof<role_job>("capacity");
export const OFFSETOF_ROLE_JOB_MEETINGS: u32 = offsetof<role_job>("meetings");
export const OFFSETOF_ROLE_JOB_SLOTS: u32 = offsetof<role_job>("slots");
export const OFFSETOF_ROLE_JOB_TARGETS: u32 = offsetof<role_job>("targets");
export const OFFSETOF_ROLE_JOB_REMOVERS: u32 = offsetof<role_job>("removers");
export const OFFSETOF_ROLE_JOB_ADDERS: u32 = offsetof<role_job>("adders");
export const OFFSETOF_ROLE_JOB_EVERY: u32 = offsetof<role_job>("every");
export const OFFSETOF_ROLE_JOB_BODY: u32 = offsetof<role_job>("body");
export const OFFSETOF_ROLE_JOB_SERVICES: u32 = offsetof<role_job>("services");
export const OFFSETOF_ROLE_JOB_NR_SERVICES: u32 = offsetof<role_job>("nr_services");
export const OFFSETOF_ROLE_JOB_DRY: u32 = offsetof<role_job>("dry");
export const OFFSETOF_ROLE_JOB_OVER: u32 = offsetof<role_job>("over");
export const SIZEOF_ROLE_JOB: u32 = offsetof<role_job>();
export const OFFSETOF_ROLE_CPU_ROLE: u32 = offsetof<role_cpu>("role");
export const OFFSETOF_ROLE_CPU_SLOT: u32 = offsetof<role_cpu>("slot");
export const OFFSETOF_ROLE_CPU_PACE: u32 = offsetof<role_cpu>("pace");
export const OFFSETOF_ROLE_CPU_CAPACITY: u32 = offsetof<role_cpu>("capacity");
export const OFFSETOF_ROLE_CPU_PACE_NS: u32 = offsetof<role_cpu>("pace_ns");
export const OFFSETOF_ROLE_CPU_CALM: u32 = offsetof<role_cpu>("calm");
export const OFFSETOF_ROLE_CPU_DURING: u32 = offsetof<role_cpu>("during");
export const OFFSETOF_ROLE_CPU_NR_CALM: u32 = offsetof<role_cpu>("nr_calm");
export const OFFSETOF_ROLE_CPU_NR_DURING: u32 = offsetof<role_cpu>("nr_during");
export const OFFSETOF_ROLE_CPU_LONGEST_CALM: u32 = offsetof<role_cpu>("longest_calm");
export const OFFSETOF_ROLE_CPU_LONGEST_DURING: u32 = offsetof<role_cpu>("longest_during");
export const OFFSETOF_ROLE_CPU_OPS: u32 = offsetof<role_cpu>("ops");
export const OFFSETOF_ROLE_CPU_REFUSED: u32 = offsetof<role_cpu>("refused");
export const OFFSETOF_ROLE_CPU_ELAPSED_NS: u32 = offsetof<role_cpu>("elapsed_ns");
export const OFFSETOF_ROLE_CPU_AWAY_NS: u32 = offsetof<role_cpu>("away_ns");
export const OFFSETOF_ROLE_CPU_OVERDUE: u32 = offsetof<role_cpu>("overdue");
export const OFFSETOF_ROLE_CPU_CLOCK_NS: u32 = offsetof<role_cpu>("clock_ns");

export function this_role_cpu(job: role_job): role_cpu {
  return changetype<role_cpu>(<usize>job.cpus + <usize>(smp_processor_id() * ROLE_CPU_STRIDE));
}

export function role_meeting(job: role_job, n: u32): usize {
  return <usize>job.meetings + <usize>(n * MEETING_BYTES);
}

export function role_over(job: role_job): usize {
  return changetype<usize>(job) + offsetof<role_job>("over");
}

/** Where the n-th of `taken` samples goes; `capacity` or more: nowhere (K1). */
function place(taken: u32, capacity: u32): u32 {
  return taken < capacity ? taken : prandom_below(taken + 1);
}

function keep(samples: usize, at: u32, ns: u64): void {
  const capped: u32 = ns > u32.MAX_VALUE ? u32.MAX_VALUE : <u32>ns; // K2
  store<u32>(samples + <usize>(at << 2), capped); // plain: the CPU's own samples
}

/**
 * Counts what one operation took by the clock, from `t0` to `t1`.
 *
 * @param which - ROLE_CALM or ROLE_DURING
 */
export function role_sample(cpu: role_cpu, which: u32, t0: u64, t1: u64): void {
  const raw = t1 - t0;
  const ns: u64 = raw > <u64>cpu.clock_ns ? raw - <u64>cpu.clock_ns : 0; // K3
  if (which === ROLE_CALM) {
    const at = place(cpu.nr_calm++, cpu.capacity);
    if (at < cpu.capacity) keep(cpu.calm, at, ns);
    if (ns > cpu.longest_calm) cpu.longest_calm = ns;
  } else {
    const at = place(cpu.nr_during++, cpu.capacity);
    if (at < cpu.capacity) keep(cpu.during, at, ns);
    if (ns > cpu.longest_during) cpu.longest_during = ns;
  }
}
