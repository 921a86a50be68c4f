// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a multi-CPU measurement is told and what it says: records in host memory, laid out as the
 * OFFSETOF_BENCH_* exports say. The host writes a job and its CPUs' records, and calls the same export
 * on each CPU.
 *
 * Rules:   J1  A CPU keeps at most `capacity` samples: of more, each is kept with the same chance, so
 *              that they stand for the whole window and not for its beginning.
 *          J2  A sample that does not fit into a u32 is the largest u32.
 */
import { READ_ONCE, WRITE_ONCE } from "../arch/wasm/atomic";
import { ktime_get } from "../arch/wasm/clock";
import { smp_processor_id } from "../arch/wasm/percpu";
import { prandom_below } from "../lib/random";

/** Meetings of a job, in their order: counters 64 bytes apart, zeroed by the host. */
export const MEET_START: u32 = 0;
export const MEET_WARM: u32 = 1;
export const MEET_DONE: u32 = 2;
export const BENCH_MEETINGS: u32 = 3;
const MEETING_BYTES: u32 = 64;
const MAX_FITTED: u64 = 1 << 20;

@unmanaged
@final
export class bench_job {
  /** A gate or a baseline; for ioctl jobs a driver id. */
  contender: u32;
  ncpus: u32;
  window_ns: u64;
  warmup_ns: u64;
  /** Longest wait at a meeting. */
  deadline_ns: u64;
  /** Address of the CPUs' records, BENCH_CPU_STRIDE bytes apart. */
  cpus: u32;
  /** Samples that each CPU has room for. */
  capacity: u32;
  /** Address of the BENCH_MEETINGS counters. */
  meetings: u32;
  /** ioctl jobs: the command. */
  cmd: u32;
  /** ioctl jobs: samples are in ns instead of ps. */
  in_ns: u32;
  /** Removal jobs: how many removals; the pause before each is drawn from [0, 2 * pause_ns). */
  removals: u32;
  pause_ns: u32;
  /** Removal jobs: 1 leaves the removals out, for the readers' undisturbed rate. */
  dry: u32;
  /** Removal jobs: which opening of the device, REMOVAL_OVER at the end. Zeroed by the host. */
  epoch: u32;
  /** Removal jobs: readers that know that it is closed again. Zeroed by the host. */
  turned_away: u32;
}

/** One for each CPU of the job, written by that CPU, but for what the host fills in. */
@unmanaged
@final
export class bench_cpu {
  /** Quarter chunks done: the other CPUs read it. */
  heartbeat: u32;
  /** Host: the device, or the file, that this CPU uses. */
  device: u32;
  /** Host, removal jobs: 1 for a reader of the device that is removed, 0 for one of another device. */
  same: u32;
  /** Host: address of the samples (u32 each). */
  samples: u32;
  /** Samples taken; those beyond the capacity have replaced others (J1). */
  nr_samples: u32;
  /** Chunks not sampled because a peer was not running. */
  dropped: u32;
  /** Bursts in a quarter chunk, as found in the warm-up. */
  bursts: u32;
  /** Cost of one reading of the clock, ns. */
  clock_ns: u32;
  /** Operations done in the window, those of dropped chunks too. */
  ops: u64;
  /** Time that `ops` took, ns: the window as it was; of a removal's reader, while the device was open. */
  elapsed_ns: u64;
  /** Host, ioctl jobs: user address of the argument. */
  arg: u64;
  /** Copies of the peers' heartbeats; room for NR_CPUS words. */
  peers: u32;
}

export const BENCH_CPU_STRIDE: u32 = 0x1c0;
export const OFFSETOF_BENCH_JOB_CONTENDER: u32 = offsetof<bench_job>("contender");
export const OFFSETOF_BENCH_JOB_NCPUS: u32 = offsetof<bench_job>("ncpus");
export const OFFSETOF_BENCH_JOB_WINDOW_NS: u32 = offsetof<bench_job>("window_ns");
export const OFFSETOF_BENCH_JOB_WARMUP_NS: u32 = offsetof<bench_job>("warmup_ns");
export const OFFSETOF_BENCH_JOB_DEADLINE_NS: u32 = offsetof<bench_job>("deadline_ns");
export const OFFSETOF_BENCH_JOB_CPUS: u32 = offsetof<bench_job>("cpus");
export const OFFSETOF_BENCH_JOB_CAPACITY: u32 = offsetof<bench_job>("capacity");
export const OFFSETOF_BENCH_JOB_MEETINGS: u32 = offsetof<bench_job>("meetings");
export const OFFSETOF_BENCH_JOB_CMD: u32 = offsetof<bench_job>("cmd");
export const OFFSETOF_BENCH_JOB_IN_NS: u32 = offsetof<bench_job>("in_ns");
export const OFFSETOF_BENCH_JOB_REMOVALS: u32 = offsetof<bench_job>("removals");
export const OFFSETOF_BENCH_JOB_PAUSE_NS: u32 = offsetof<bench_job>("pause_ns");
export const OFFSETOF_BENCH_JOB_DRY: u32 = offsetof<bench_job>("dry");
export const OFFSETOF_BENCH_JOB_EPOCH: u32 = offsetof<bench_job>("epoch");
export const OFFSETOF_BENCH_JOB_TURNED_AWAY: u32 = offsetof<bench_job>("turned_away");
export const SIZEOF_BENCH_JOB: u32 = offsetof<bench_job>();
export const OFFSETOF_BENCH_CPU_HEARTBEAT: u32 = offsetof<bench_cpu>("heartbeat");
export const OFFSETOF_BENCH_CPU_DEVICE: u32 = offsetof<bench_cpu>("device");
export const OFFSETOF_BENCH_CPU_SAME: u32 = offsetof<bench_cpu>("same");
export const OFFSETOF_BENCH_CPU_SAMPLES: u32 = offsetof<bench_cpu>("samples");
export const OFFSETOF_BENCH_CPU_NR_SAMPLES: u32 = offsetof<bench_cpu>("nr_samples");
export const OFFSETOF_BENCH_CPU_DROPPED: u32 = offsetof<bench_cpu>("dropped");
export const OFFSETOF_BENCH_CPU_BURSTS: u32 = offsetof<bench_cpu>("bursts");
export const OFFSETOF_BENCH_CPU_CLOCK_NS: u32 = offsetof<bench_cpu>("clock_ns");
export const OFFSETOF_BENCH_CPU_OPS: u32 = offsetof<bench_cpu>("ops");
export const OFFSETOF_BENCH_CPU_ELAPSED_NS: u32 = offsetof<bench_cpu>("elapsed_ns");
export const OFFSETOF_BENCH_CPU_ARG: u32 = offsetof<bench_cpu>("arg");

export function bench_cpu_of(job: bench_job, cpu: u32): bench_cpu {
  return changetype<bench_cpu>(<usize>job.cpus + <usize>(cpu * BENCH_CPU_STRIDE));
}

export function this_bench_cpu(job: bench_job): bench_cpu {
  return bench_cpu_of(job, smp_processor_id());
}

export function meeting(job: bench_job, n: u32): usize {
  return <usize>job.meetings + <usize>(n * MEETING_BYTES);
}

/** Says that this CPU got on: see peers_ran(). */
export function heartbeat(cpu: bench_cpu): void {
  WRITE_ONCE(changetype<usize>(cpu), cpu.heartbeat + 1);
}

function peer_copy(cpu: bench_cpu, peer: u32): usize {
  return changetype<usize>(cpu) + offsetof<bench_cpu>("peers") + <usize>(peer << 2);
}

export function note_peers(job: bench_job, cpu: bench_cpu): void {
  for (let peer: u32 = 0; peer < job.ncpus; peer++) {
    store<u32>(peer_copy(cpu, peer), READ_ONCE(changetype<usize>(bench_cpu_of(job, peer)))); // plain: own record
  }
}

/** True if every other CPU had two heartbeats since note_peers(): between them it did a whole beat. */
export function peers_ran(job: bench_job, cpu: bench_cpu): bool {
  for (let peer: u32 = 0; peer < job.ncpus; peer++) {
    const other = bench_cpu_of(job, peer);
    if (other === cpu) continue;
    if (READ_ONCE(changetype<usize>(other)) - load<u32>(peer_copy(cpu, peer)) < 2) return false;
  }
  return true;
}

/** Keeps a sample, or not (J1). */
export function add_sample(job: bench_job, cpu: bench_cpu, value: u64): void {
  const taken = cpu.nr_samples++;
  const at = taken < job.capacity ? taken : prandom_below(taken + 1);
  if (at >= job.capacity) return;
  const capped: u32 = value > u32.MAX_VALUE ? u32.MAX_VALUE : <u32>value; // J2
  store<u32>(<usize>cpu.samples + <usize>(at << 2), capped); // plain: own samples
}

/** Fits a number of operations to a chunk: `n` took `took` ns. By a factor of 4 at most, either way. */
export function fitted(n: u32, took: u64, chunk_ns: u64): u32 {
  const fitting = (<u64>n * chunk_ns) / (took + 1);
  return <u32>(
    max<u64>(max<u64>(<u64>n / 4, 1), min<u64>(fitting, min<u64>(<u64>n * 4, MAX_FITTED)))
  );
}

/**
 * Whether what fitted() made of `n` operations that took `took` ns fits: it was not held to the factor of
 * 4, or has come to an end. One interruption alone can take as long as a warm-up.
 */
export function fits(n: u32, took: u64, chunk_ns: u64, made: u32): bool {
  return made === n || (took >= chunk_ns / 4 && took <= chunk_ns * 4);
}

const CLOCK_PROBES: u32 = 64;

/** What one reading of the clock costs: the least of many back-to-back differences, ns. */
export function clock_cost(): u32 {
  let least: u64 = u64.MAX_VALUE;
  for (let i: u32 = 0; i < CLOCK_PROBES; i++) {
    const t0 = ktime_get();
    const t1 = ktime_get();
    if (t1 - t0 < least) least = t1 - t0;
  }
  return <u32>least;
}
