// SPDX-License-Identifier: GPL-2.0-only
/**
 * The ioctl workload of a run: a real command on an open file of the complete driver, built with each
 * gate in turn. Without a service time the command is QUERY, with one it is SEND of IDENTIFY.
 */
import { errnoName } from "../abi/errno.ts";
import { MachineError } from "../errors.ts";
import { driverId, OPEN_REVISION } from "../machine/driver.ts";
import type { PairRow } from "../result/result.ts";
import type { Random } from "../stats/random.ts";
import { summarize } from "../stats/summary.ts";
import type { Contender } from "./contenders.ts";
import { type Machines, oversubscribed } from "./fleet.ts";
import type { Job } from "./job.ts";
import { nsPerOp, type SampleForm } from "./pairs.ts";
import {
  type Cell,
  type CellOptions,
  cellsOf,
  labelOf,
  measureCells,
  missingNote,
  type Part,
} from "./part.ts";

const WARMUP_NS = 1_500_000;
const OUT_BYTES = 0x43; // IDENTIFY's output
/** A chunk is four ioctls at least, and each CPU does three chunks at least: warm-up, window, load. */
const IOCTLS_AT_LEAST = 12;

/** files[cpu]: that CPU's open file. */
interface Files {
  readonly own: readonly number[];
  readonly shared: readonly number[];
}

export interface IoctlBenchOptions extends CellOptions {
  readonly windowNs: number;
  readonly serviceNs: number;
  /** Added to it for one contender, by name: a slowdown of known size. */
  readonly extraNs?: Readonly<Record<string, number>>;
}

export class IoctlBench implements Part {
  readonly weight = 1;
  readonly #machines: Machines;
  readonly #options: IoctlBenchOptions;
  readonly #cells: readonly Cell[];
  readonly #files = new Map<string, Files>();

  constructor(machines: Machines, options: IoctlBenchOptions) {
    this.#machines = machines;
    this.#options = options;
    this.#cells = cellsOf(options);
  }

  get cells(): number {
    return this.#cells.length;
  }

  async round(random: Random, onCell: (label: string) => void, signal: AbortSignal): Promise<void> {
    await measureCells(this.#cells, random, signal, (cell) => {
      onCell(ioctlLabel(cell));
      return this.#measure(cell, signal);
    });
  }

  async #measure(cell: Cell, signal: AbortSignal): Promise<number | null | undefined> {
    const { contender: gate, threads, devices } = cell;
    const job = await this.#machines.of(threads);
    const { kernel } = job.machine;
    const { serviceNs, windowNs } = this.#options;
    const files = await this.#filesOf(job, gate);
    for (let cpu = 0; cpu < threads; cpu++) this.#writeArgument(job, cpu); // the last job changed it
    const reports = await job.run({
      fn: "bench_ioctl",
      contender: driverOf(job, gate),
      ncpus: threads,
      windowNs,
      warmupNs: WARMUP_NS,
      inNs: serviceNs > 0, // in ps, 4 ms would be the most
      extraMs: (IOCTLS_AT_LEAST * threads * serviceNs) / 1e6, // one device serves them all in turn
      cmd: kernel.constant(serviceNs > 0 ? "CXL_MEM_SEND_COMMAND" : "CXL_MEM_QUERY_COMMANDS"),
      cpu: (cpu) => ({
        device: (devices === "same" ? files.shared : files.own)[cpu] ?? 0,
        arg: BigInt(job.machine.userMemory(cpu)),
      }),
      name: gate.name,
      signal,
    });
    return reports === null ? undefined : nsPerOp(reports, this.#form());
  }

  /** Long ioctls leave room for few chunks in a window: one is enough. */
  #form(): SampleForm | undefined {
    return this.#options.serviceNs > 0 ? { perNs: 1, least: 1 } : undefined;
  }

  /** Devices and open files for every CPU of the machine, made once. */
  async #filesOf(job: Job, gate: Contender): Promise<Files> {
    const { machine } = job;
    const key = `${machine.cpus}/${gate.name}`;
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

  async #plug(job: Job, gate: Contender): Promise<number> {
    const { machine } = job;
    const { serviceNs, extraNs } = this.#options;
    const service = BigInt(Math.round(serviceNs + (extraNs?.[gate.name] ?? 0)));
    const pdev = await machine.call(0, "cxl_plug", driverOf(job, gate), service);
    if (pdev === 0) throw new MachineError(`${gate.name}: the driver did not probe`);
    return machine.call(0, "cxl_plugged_minor", pdev);
  }

  async #open(job: Job, cpu: number, minor: number): Promise<number> {
    const file = await job.machine.call(cpu, "filp_open", minor);
    if (file <= 0) throw new MachineError(`mem${minor}: open returned ${errnoName(file)}`);
    return file;
  }

  /** QUERY of one entry, or SEND of IDENTIFY, at the start of the CPU's user memory. */
  #writeArgument({ machine }: Job, cpu: number): void {
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
    return this.#cells.filter(isMeasured).map(({ contender, threads, devices, samples }) => {
      const raw = summarize(samples, "ns/ioctl", seed);
      return {
        contender: contender.name,
        kind: "gate",
        workload: "ioctl",
        threads,
        devices,
        oversubscribed: oversubscribed(threads),
        unit: "ns/ioctl",
        raw,
        net: raw, // there is no empty ioctl to take off
        samples,
      };
    });
  }

  notes(): string[] {
    return missingNote(this.#cells.filter((cell) => !isMeasured(cell)).map(ioctlLabel));
  }
}

function isMeasured({ samples }: Cell): boolean {
  return samples.some((sample) => sample !== null);
}

function ioctlLabel(cell: Cell): string {
  return `ioctl through ${labelOf(cell)}`;
}

/** The complete driver, built with the gate. */
function driverOf({ machine }: Job, gate: Contender): number {
  return driverId(machine.kernel, OPEN_REVISION, gate.of ?? gate.name);
}
