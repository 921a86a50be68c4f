// SPDX-License-Identifier: GPL-2.0-only
/**
 * The ioctl workload of a run: a real command on an open file of the complete driver, built with each
 * gate in turn. Without a service time the command is QUERY, with one it is SEND of IDENTIFY.
 */
import { MachineError } from "../errors.ts";
import type { Devices } from "../result/asked.ts";
import type { PairRow } from "../result/result.ts";
import { type Random, shuffled } from "../stats/random.ts";
import { summarize } from "../stats/summary.ts";
import type { Contender } from "./contenders.ts";
import { type Fleet, oversubscribed } from "./fleet.ts";
import type { BenchJob } from "./job.ts";
import { meanOfMedians } from "./pairs.ts";

const WARMUP_NS = 1_500_000;
/** Ioctls longer than this are sampled in ns, not ps: a u32 holds 4 s of the one, 4 ms of the other. */
const LONG_NS = 1_000_000;
const OUT_BYTES = 0x43; // IDENTIFY's output

interface Cell {
  readonly gate: Contender;
  readonly threads: number;
  readonly devices: Devices;
  readonly samples: (number | null)[];
}

/** files[cpu]: that CPU's open file. */
interface Files {
  readonly own: readonly number[];
  readonly shared: readonly number[];
}

export interface IoctlBenchOptions {
  readonly gates: readonly Contender[];
  readonly threads: readonly number[];
  readonly devices: readonly Devices[];
  readonly windowNs: number;
  readonly serviceNs: number;
}

export class IoctlBench {
  readonly #fleet: Fleet;
  readonly #options: IoctlBenchOptions;
  readonly #cells: Cell[];
  readonly #files = new Map<string, Files>();

  constructor(fleet: Fleet, options: IoctlBenchOptions) {
    this.#fleet = fleet;
    this.#options = options;
    this.#cells = options.threads.flatMap((threads) =>
      options.devices
        .slice(0, threads === 1 ? 1 : undefined)
        .flatMap((devices) =>
          options.gates.map((gate) => ({ gate, threads, devices, samples: [] })),
        ),
    );
  }

  get cells(): number {
    return this.#cells.length;
  }

  async round(random: Random, onCell: (label: string) => void, signal: AbortSignal): Promise<void> {
    for (const cell of shuffled(this.#cells, random)) {
      if (signal.aborted) return;
      onCell(`ioctl through ${cell.gate.name}, ${cell.threads} threads, ${cell.devices} device`);
      cell.samples.push(await this.#measure(cell));
    }
  }

  async #measure({ gate, threads, devices }: Cell): Promise<number | null> {
    const job = await this.#fleet.of(threads);
    const { kernel } = job.machine;
    const { serviceNs, windowNs } = this.#options;
    const files = await this.#filesOf(job, gate);
    for (let cpu = 0; cpu < threads; cpu++) this.#writeArgument(job, cpu); // the last job changed it
    const inNs = serviceNs > LONG_NS;
    const reports = await job.run({
      fn: "bench_ioctl",
      contender: driverId(job, gate),
      ncpus: threads,
      windowNs,
      warmupNs: WARMUP_NS,
      inNs,
      cmd: kernel.constant(serviceNs > 0 ? "CXL_MEM_SEND_COMMAND" : "CXL_MEM_QUERY_COMMANDS"),
      cpu: (cpu) => ({
        device: (devices === "same" ? files.shared : files.own)[cpu] ?? 0,
        arg: BigInt(job.machine.userMemory(cpu)),
      }),
      name: gate.name,
    });
    const samples = reports.map((report) => report.samples);
    return inNs ? meanOfMedians(samples, 1, 1) : meanOfMedians(samples);
  }

  /** Devices and open files for every CPU of the machine, made once. */
  async #filesOf(job: BenchJob, gate: Contender): Promise<Files> {
    const { machine } = job;
    const key = `${machine.cpus}/${gate.id}`;
    const there = this.#files.get(key);
    if (there) return there;
    const own: number[] = [];
    const shared: number[] = [];
    let first: number | null = null;
    for (let cpu = 0; cpu < machine.cpus; cpu++) {
      const minor = await this.#plug(job, gate);
      first ??= minor;
      own.push(await this.#open(job, cpu, minor));
      shared.push(await this.#open(job, cpu, first));
    }
    const files = { own, shared };
    this.#files.set(key, files);
    return files;
  }

  async #plug(job: BenchJob, gate: Contender): Promise<number> {
    const { machine } = job;
    const service = BigInt(this.#options.serviceNs);
    const pdev = await machine.call(0, "cxl_plug", driverId(job, gate), service);
    if (pdev === 0) throw new MachineError(`${gate.name}: the driver did not probe`);
    return machine.call(0, "cxl_plugged_minor", pdev);
  }

  async #open(job: BenchJob, cpu: number, minor: number): Promise<number> {
    const file = await job.machine.call(cpu, "filp_open", minor);
    if (file <= 0) throw new MachineError(`mem${minor}: open returned ${file}`);
    return file;
  }

  /** QUERY of one entry, or SEND of IDENTIFY, at the start of the CPU's user memory. */
  #writeArgument({ machine }: BenchJob, cpu: number): void {
    const { kernel: k, memory } = machine;
    const arg = machine.userMemory(cpu);
    const bytes = k.constant("SIZEOF_CXL_SEND_COMMAND");
    new Uint8Array(memory.buffer, arg, bytes).fill(0);
    const view = new DataView(memory.buffer, arg, bytes);
    if (this.#options.serviceNs === 0) {
      view.setUint32(0, 1, true); // one entry; with none, QUERY would write the count here
      return;
    }
    const at = (field: string) => k.constant(`OFFSETOF_CXL_SEND_COMMAND_${field}`);
    view.setUint32(0, k.constant("CXL_MEM_COMMAND_ID_IDENTIFY"), true);
    view.setInt32(at("OUT_SIZE"), OUT_BYTES, true);
    view.setBigUint64(at("OUT_PAYLOAD"), BigInt(arg + bytes), true);
  }

  rows(seed: number): PairRow[] {
    return this.#cells.flatMap(({ gate, threads, devices, samples }) => {
      if (samples.every((sample) => sample === null)) return [];
      const raw = summarize(samples, "ns/ioctl", seed);
      return {
        contender: gate.name,
        kind: "gate" as const,
        workload: "ioctl" as const,
        threads,
        devices,
        oversubscribed: oversubscribed(threads),
        unit: "ns/ioctl" as const,
        raw,
        net: raw,
        samples,
      };
    });
  }
}

function driverId({ machine }: BenchJob, gate: Contender): number {
  return (machine.kernel.constant("REV_PUT_DEVICE") << 8) | gate.id;
}
