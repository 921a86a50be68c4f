// SPDX-License-Identifier: GPL-2.0-only
/**
 * One multi-CPU measurement at a time on one machine: the records of assembly/workload/bench_job.ts in
 * host memory, written before a job and read after it.
 */
import { errnoName } from "../abi/errno.ts";
import type { KernelAbi } from "../abi/kernel.ts";
import { MachineError } from "../errors.ts";
import type { Machine } from "../machine/machine.ts";

const CAPACITY = 4096; // samples a CPU
const MEETING_BYTES = 64;
const MEETING_DEADLINE_NS = 10e9;
/** What a job may take beyond its window: boot-time compiling, meetings, a busy system. */
const SLACK_MS = 30_000;

export interface JobRequest {
  /** The export that each CPU of the job runs. */
  readonly fn: "bench_read" | "bench_ioctl" | "bench_removal";
  readonly contender: number;
  readonly ncpus: number;
  readonly windowNs?: number;
  readonly warmupNs?: number;
  readonly cmd?: number;
  readonly removals?: number;
  readonly pauseNs?: number;
  readonly dry?: boolean;
  readonly inNs?: boolean;
  /** How long the job may take beyond windowNs where that is known to be long, ms. */
  readonly extraMs?: number;
  /** What each CPU works on. */
  readonly cpu: (cpu: number) => {
    readonly device: number;
    readonly same?: boolean;
    readonly arg?: bigint;
  };
  /** Named in the error when the job traps or stalls. */
  readonly name: string;
  /** Aborting ends the job at the next chunk, ioctl or removal. */
  readonly signal?: AbortSignal;
}

/** What one CPU left behind. */
export interface CpuReport {
  /** Uint32Array[at most CAPACITY]: unit as the job says. */
  readonly samples: Uint32Array;
  /** Chunks that were not sampled because a peer did not run. */
  readonly dropped: number;
  readonly clockNs: number;
  /** Operations done, and the time they took. */
  readonly ops: number;
  readonly elapsedNs: number;
}

/** What the parts of a run need of a machine. */
export interface Job {
  readonly machine: Pick<
    Machine,
    "cpus" | "kernel" | "memory" | "call" | "userMemory" | "hostAlloc"
  >;
  /** @returns one report a CPU; null when the request's signal ended the job */
  run(request: JobRequest): Promise<readonly CpuReport[] | null>;
}

export class BenchJob implements Job {
  readonly machine: Machine;
  readonly #job: number;
  readonly #cpus: number;
  readonly #meetings: number;
  readonly #samples: number;
  readonly #stride: number;

  constructor(machine: Machine) {
    this.machine = machine;
    const k = machine.kernel;
    this.#stride = k.constant("BENCH_CPU_STRIDE");
    this.#job = machine.hostAlloc(k.constant("SIZEOF_BENCH_JOB"));
    this.#cpus = machine.hostAlloc(this.#stride * machine.cpus);
    this.#meetings = machine.hostAlloc(MEETING_BYTES * k.constant("BENCH_MEETINGS"));
    this.#samples = machine.hostAlloc(4 * CAPACITY * machine.cpus);
  }

  /**
   * Runs a job on CPUs 0 to ncpus - 1.
   *
   * @throws MachineError when a CPU reports an error: it names the contender, the CPU and the errno
   */
  async run(request: JobRequest): Promise<CpuReport[] | null> {
    const { fn, ncpus, name: gate, signal, windowNs = 0, extraMs = 0 } = request;
    if (signal?.aborted) return null;
    this.#write(request);
    const cpus = Array.from({ length: ncpus }, (_, cpu) => cpu);
    const deadlineMs = SLACK_MS + 2 * (windowNs / 1e6) + extraMs;
    const options = { args: [this.#job], gate, deadlineMs };
    const stop = () => this.machine.stop();
    signal?.addEventListener("abort", stop, { once: true });
    try {
      const codes = await Promise.all(cpus.map((cpu) => this.machine.invoke(cpu, fn, options)));
      if (signal?.aborted) return null;
      checkCodes(this.machine.kernel, codes, `${fn}(${gate})`);
      return cpus.map((cpu) => this.#read(cpu));
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }

  #write(request: JobRequest): void {
    const { kernel: k, memory } = this.machine;
    const zero = (at: number, bytes: number) => new Uint8Array(memory.buffer, at, bytes).fill(0);
    zero(this.#job, k.constant("SIZEOF_BENCH_JOB"));
    zero(this.#meetings, MEETING_BYTES * k.constant("BENCH_MEETINGS"));
    zero(this.#cpus, this.#stride * request.ncpus);
    const view = new DataView(memory.buffer);
    const at = (field: string) => this.#job + k.constant(`OFFSETOF_BENCH_JOB_${field}`);
    const u32 = (field: string, value: number) => view.setUint32(at(field), value, true);
    const u64 = (field: string, value: number) =>
      view.setBigUint64(at(field), BigInt(Math.round(value)), true);
    u32("CONTENDER", request.contender);
    u32("NCPUS", request.ncpus);
    u64("WINDOW_NS", request.windowNs ?? 0);
    u64("WARMUP_NS", request.warmupNs ?? 0);
    u64("DEADLINE_NS", MEETING_DEADLINE_NS);
    u32("CPUS", this.#cpus);
    u32("CAPACITY", CAPACITY);
    u32("MEETINGS", this.#meetings);
    u32("CMD", request.cmd ?? 0);
    u32("IN_NS", request.inNs ? 1 : 0);
    u32("REMOVALS", request.removals ?? 0);
    u32("PAUSE_NS", request.pauseNs ?? 0);
    u32("DRY", request.dry ? 1 : 0);
    for (let cpu = 0; cpu < request.ncpus; cpu++) this.#writeCpu(view, cpu, request.cpu(cpu));
  }

  #writeCpu(view: DataView, cpu: number, work: ReturnType<JobRequest["cpu"]>): void {
    const { kernel: k } = this.machine;
    const at = (field: string) =>
      this.#cpus + cpu * this.#stride + k.constant(`OFFSETOF_BENCH_CPU_${field}`);
    view.setUint32(at("DEVICE"), work.device, true);
    view.setUint32(at("SAME"), work.same ? 1 : 0, true);
    view.setBigUint64(at("ARG"), work.arg ?? 0n, true);
    view.setUint32(at("SAMPLES"), this.#samples + cpu * 4 * CAPACITY, true);
  }

  #read(cpu: number): CpuReport {
    const { kernel: k, memory } = this.machine;
    const view = new DataView(memory.buffer, this.#cpus + cpu * this.#stride, this.#stride);
    const u32 = (field: string) => view.getUint32(k.constant(`OFFSETOF_BENCH_CPU_${field}`), true);
    const u64 = (field: string) =>
      Number(view.getBigUint64(k.constant(`OFFSETOF_BENCH_CPU_${field}`), true));
    const kept = Math.min(u32("NR_SAMPLES"), CAPACITY);
    return {
      samples: new Uint32Array(memory.buffer, u32("SAMPLES"), kept).slice(),
      dropped: u32("DROPPED"),
      clockNs: u32("CLOCK_NS"),
      ops: u64("OPS"),
      elapsedNs: u64("ELAPSED_NS"),
    };
  }
}

/** The cause first: a CPU that met nobody in time is most often a consequence. */
export function checkCodes(kernel: KernelAbi, codes: readonly number[], what: string): void {
  const late = -kernel.constant("ETIMEDOUT");
  const cause = codes.findIndex((code) => code < 0 && code !== late);
  const bad = cause >= 0 ? cause : codes.findIndex((code) => code < 0);
  if (bad < 0) return;
  throw new MachineError(`${what}: CPU ${bad} returned ${errnoName(codes[bad] as number)}`);
}
