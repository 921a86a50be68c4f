// SPDX-License-Identifier: GPL-2.0-only
/**
 * One multi-CPU measurement at a time on one machine: the records of assembly/workload/bench_job.ts in
 * host memory, written before a job and read after it.
 */
import { MachineError } from "../errors.ts";
import type { Machine } from "../machine/machine.ts";

const CAPACITY = 4096; // samples a CPU
const MEETING_BYTES = 64;

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
  /** What each CPU works on. */
  readonly cpu: (cpu: number) => {
    readonly device: number;
    readonly same?: boolean;
    readonly arg?: bigint;
  };
  /** Named in the error when the job traps or stalls. */
  readonly name: string;
  readonly signal?: AbortSignal;
}

/** What one CPU left behind. */
export interface CpuReport {
  /** Uint32: unit as the job says. */
  readonly samples: Uint32Array;
  readonly dropped: number;
  readonly clockNs: number;
  readonly ops: number;
  readonly elapsedNs: number;
}

export class BenchJob {
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
  async run(request: JobRequest): Promise<CpuReport[]> {
    this.#write(request);
    const { fn, ncpus, name: gate, signal } = request;
    const options = { args: [this.#job], gate, ...(signal ? { signal } : {}) };
    const cpus = Array.from({ length: ncpus }, (_, cpu) => cpu);
    const codes = await Promise.all(cpus.map((cpu) => this.machine.invoke(cpu, fn, options)));
    const bad = codes.findIndex((code) => Number(code) < 0);
    if (bad >= 0) throw new MachineError(`${fn}(${gate}): CPU ${bad} returned ${codes[bad]}`);
    return cpus.map((cpu) => this.#read(cpu));
  }

  #write(request: JobRequest): void {
    const { kernel: k, memory } = this.machine;
    const size = k.constant("SIZEOF_BENCH_JOB");
    new Uint8Array(memory.buffer, this.#job, size).fill(0);
    new Uint8Array(memory.buffer, this.#cpus, this.#stride * request.ncpus).fill(0);
    new Uint8Array(
      memory.buffer,
      this.#meetings,
      MEETING_BYTES * k.constant("BENCH_MEETINGS"),
    ).fill(0);
    const view = new DataView(memory.buffer);
    const u32 = (field: string, value: number) =>
      view.setUint32(this.#job + k.constant(`OFFSETOF_BENCH_JOB_${field}`), value, true);
    const u64 = (field: string, value: number) =>
      view.setBigUint64(this.#job + k.constant(`OFFSETOF_BENCH_JOB_${field}`), BigInt(value), true);
    u32("CONTENDER", request.contender);
    u32("NCPUS", request.ncpus);
    u64("WINDOW_NS", request.windowNs ?? 0);
    u64("WARMUP_NS", request.warmupNs ?? 0);
    u64("DEADLINE_NS", 10_000_000_000);
    u32("CPUS", this.#cpus);
    u32("CAPACITY", CAPACITY);
    u32("MEETINGS", this.#meetings);
    u32("CMD", request.cmd ?? 0);
    u32("IN_NS", request.inNs ? 1 : 0);
    u32("REMOVALS", request.removals ?? 0);
    u32("PAUSE_NS", request.pauseNs ?? 0);
    u32("DRY", request.dry ? 1 : 0);
    for (let cpu = 0; cpu < request.ncpus; cpu++) {
      const at = this.#cpus + cpu * this.#stride;
      const work = request.cpu(cpu);
      view.setUint32(at + k.constant("OFFSETOF_BENCH_CPU_DEVICE"), work.device, true);
      view.setUint32(at + k.constant("OFFSETOF_BENCH_CPU_SAME"), work.same ? 1 : 0, true);
      view.setBigUint64(at + k.constant("OFFSETOF_BENCH_CPU_ARG"), work.arg ?? 0n, true);
      const samples = this.#samples + cpu * 4 * CAPACITY;
      view.setUint32(at + k.constant("OFFSETOF_BENCH_CPU_SAMPLES"), samples, true);
    }
  }

  #read(cpu: number): CpuReport {
    const { kernel: k, memory } = this.machine;
    const view = new DataView(memory.buffer, this.#cpus + cpu * this.#stride, this.#stride);
    const u32 = (field: string) => view.getUint32(k.constant(`OFFSETOF_BENCH_CPU_${field}`), true);
    const u64 = (field: string) =>
      Number(view.getBigUint64(k.constant(`OFFSETOF_BENCH_CPU_${field}`), true));
    const samples = new Uint32Array(memory.buffer, u32("SAMPLES"), u32("NR_SAMPLES"));
    return {
      samples: samples.slice(),
      dropped: u32("DROPPED"),
      clockNs: u32("CLOCK_NS"),
      ops: u64("OPS"),
      elapsedNs: u64("ELAPSED_NS"),
    };
  }
}
