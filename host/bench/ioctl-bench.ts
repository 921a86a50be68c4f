// SPDX-License-Identifier: GPL-2.0-only
/**
 * The ioctl workload of a run: a real command on an open file of the complete driver, built with each
 * gate in turn. Without a service time the command is QUERY, with one it is SEND of IDENTIFY.
 */
import { errnoName } from "../abi/errno.ts";
import { MachineError } from "../errors.ts";
import { driverId, OPEN_REVISION } from "../machine/driver.ts";
import type { PairRow } from "../result/result.ts";
import type { BodyKind } from "../result/roles.ts";
import { type Distribution, serviceTable } from "../stats/distribution.ts";
import { type Random, shuffled } from "../stats/random.ts";
import { summarize } from "../stats/summary.ts";
import type { Contender } from "./contenders.ts";
import { type Machines, oversubscribed } from "./fleet.ts";
import type { Job } from "./job.ts";
import { nsPerOp, placeIn, placesOn, type SampleForm } from "./pairs.ts";
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

/** From here on a command may take longer than the driver would wait for it. */
const LONG_NS = 1e9;
const LIMIT_NS = 2e9;

/** files[place][cpu]: that CPU's open file of the device there. */
type Files = readonly (readonly number[])[];

export interface IoctlBenchOptions extends CellOptions {
  readonly windowNs: number;
  readonly serviceNs: number;
  /** Where the commands take times of a distribution with that mean. */
  readonly service?: Distribution;
  /** How an ioctl waits for the device; absent: short times it spins, long ones it sleeps. */
  readonly body?: Exclude<BodyKind, "none">;
  /** Added to it for one contender, by name: a slowdown of known size. */
  readonly extraNs?: Readonly<Record<string, number>>;
}

export class IoctlBench implements Part {
  readonly weight = 1;
  readonly #machines: Machines;
  readonly #options: IoctlBenchOptions;
  readonly #cells: readonly Cell[];
  readonly #files = new Map<string, Files>();
  readonly #tables = new Map<string, number>();
  #round = 0;

  constructor(machines: Machines, options: IoctlBenchOptions) {
    this.#machines = machines;
    this.#options = options;
    this.#cells = cellsOf(options);
  }

  get cells(): number {
    return this.#cells.length;
  }

  async round(random: Random, onCell: (label: string) => void, signal: AbortSignal): Promise<void> {
    const round = this.#round++;
    await measureCells(this.#cells, random, signal, async (cell) => {
      onCell(ioctlLabel(cell));
      const job = await this.#machines.of(cell.threads);
      const files = await this.#filesOf(job, cell.contender, random);
      return this.#measure(cell, job, (cpu) => placeIn(files, cell, round, cpu)[cpu] ?? 0, signal);
    });
  }

  async #measure(
    { contender: gate, threads }: Cell,
    job: Job,
    fileOf: (cpu: number) => number,
    signal: AbortSignal,
  ): Promise<number | null | undefined> {
    const { kernel } = job.machine;
    const { serviceNs, windowNs } = this.#options;
    const longestNs = Math.max(...this.#services(gate));
    this.#configure(job, longestNs);
    for (let cpu = 0; cpu < threads; cpu++) this.#writeArgument(job, cpu); // the last job changed it
    const reports = await job.run({
      fn: "bench_ioctl",
      contender: driverOf(job, gate),
      ncpus: threads,
      windowNs,
      warmupNs: WARMUP_NS,
      inNs: serviceNs > 0, // in ps, 4 ms would be the most
      extraMs: (IOCTLS_AT_LEAST * threads * longestNs) / 1e6, // one device serves them all in turn
      cmd: kernel.constant(serviceNs > 0 ? "CXL_MEM_SEND_COMMAND" : "CXL_MEM_QUERY_COMMANDS"),
      cpu: (cpu) => ({
        device: fileOf(cpu),
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

  /** Devices, and of each an open file for every CPU of the machine, made once; in an order drawn. */
  async #filesOf(job: Job, gate: Contender, random: Random): Promise<Files> {
    const { machine } = job;
    const key = `${machine.cpus}/${gate.name}`;
    const there = this.#files.get(key);
    if (there) return there;
    const made: number[][] = [];
    for (let i = 0; i < placesOn(machine); i++) {
      const minor = await this.#plug(job, gate);
      const opened: number[] = [];
      for (let cpu = 0; cpu < machine.cpus; cpu++) opened.push(await this.#open(job, cpu, minor));
      made.push(opened);
    }
    const files = shuffled(made, random);
    this.#files.set(key, files);
    return files;
  }

  async #plug(job: Job, gate: Contender): Promise<number> {
    const { machine } = job;
    const pdev = await machine.call(0, "cxl_plug", driverOf(job, gate), 0n); // its probe takes no time
    if (pdev === 0) throw new MachineError(`${gate.name}: the driver did not probe`);
    const services = this.#services(gate);
    const hw = await machine.call(0, "cxl_pci_hw", pdev);
    if (services.length > 1) {
      const table = this.#tableOf(job, gate, services);
      await machine.call(0, "cxl_hw_set_services", hw, table, services.length);
    }
    await machine.call(0, "cxl_hw_set_service_ns", hw, BigInt(services[0] ?? 0));
    return machine.call(0, "cxl_plugged_minor", pdev);
  }

  /** What a command takes, ns: one time, or equally likely ones. */
  #services(gate: Contender): readonly number[] {
    const { serviceNs, service, extraNs } = this.#options;
    const extra = extraNs?.[gate.name] ?? 0;
    const table = serviceTable(service ?? { kind: "fixed", meanNs: serviceNs });
    return table.map((ns) => Math.max(Math.round(ns + extra), serviceNs > 0 ? 1 : 0));
  }

  /** The times in the machine's memory, written once for each contender and machine. */
  #tableOf({ machine }: Job, { name }: Contender, services: readonly number[]): number {
    const key = `${machine.cpus}/${name}`;
    const there = this.#tables.get(key);
    if (there !== undefined) return there;
    const table = machine.hostAlloc(8 * services.length);
    const view = new DataView(machine.memory.buffer, table);
    for (const [i, ns] of services.entries()) view.setBigUint64(8 * i, BigInt(ns), true);
    this.#tables.set(key, table);
    return table;
  }

  /** The driver's knobs: how it waits, and that it waits for as long as a command takes. */
  #configure({ machine }: Job, longestNs: number): void {
    const { kernel: k, memory } = machine;
    const at = (field: string) =>
      k.constant("CXL_STATE") + k.constant(`OFFSETOF_CXL_GLOBALS_${field}`);
    const view = new DataView(memory.buffer);
    const wait = (this.#options.body ?? "auto").toUpperCase();
    view.setUint32(at("MBOX_WAIT"), k.constant(`MBOX_WAIT_${wait}`), true);
    const limit = longestNs > LONG_NS ? longestNs + LIMIT_NS : 0; // 0: the driver's own
    view.setBigUint64(at("MBOX_TIMEOUT_NS"), BigInt(limit), true);
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
