// SPDX-License-Identifier: GPL-2.0-only
/**
 * One roles job at a time on one machine: the records of assembly/workload/role_job.ts in host memory,
 * written before a job and read after it.
 */
import { MachineError } from "../errors.ts";
import type { Machine } from "../machine/machine.ts";
import type { BodyKind, Pace, RoleName } from "../result/roles.ts";
import type { Contender } from "./contenders.ts";
import { checkCodes } from "./job.ts";

const CAPACITY = 4096; // samples a CPU, of each of two distributions
const MEETING_BYTES = 64;
const MEETING_DEADLINE_NS = 10e9;
/** What a job may take beyond its window and its overdue removals. */
const SLACK_MS = 30_000;
const MOST_SERVICES = 1024;

const FN = "bench_roles";

export interface RoleCpu {
  readonly role: RoleName;
  readonly pace: Pace;
  /** Which slot it is at: those of the removers come first. */
  readonly slot: number;
}

export interface RoleRequest {
  readonly contender: Contender;
  readonly cpus: readonly RoleCpu[];
  /** How many slots removers go through, and how many there are. */
  readonly targets: number;
  readonly slots: number;
  readonly windowNs: number;
  readonly overdueNs: number;
  readonly every: number;
  readonly body: BodyKind;
  /** Equally likely times of a body, ns. */
  readonly services: readonly number[];
  /** Leave removals and additions out. */
  readonly dry?: boolean;
  readonly signal: AbortSignal;
}

/** Latencies, ns: those that were kept, and the longest of all. */
export interface Sampled {
  readonly samples: Uint32Array;
  readonly longestNs: number;
}

/** What one CPU left behind. */
export interface RoleReport {
  readonly calm: Sampled;
  readonly during: Sampled;
  readonly ops: number;
  readonly refused: number;
  readonly elapsedNs: number;
  readonly awayNs: number;
  readonly overdue: number;
  readonly clockNs: number;
}

/** What the bench needs of a machine: a test gives its own. */
export interface RoleRunner {
  /** @returns a report a CPU; null when the signal ended the job */
  run(request: RoleRequest): Promise<readonly RoleReport[] | null>;
}

export class RoleJob implements RoleRunner {
  readonly #machine: Machine;
  readonly #job: number;
  readonly #cpus: number;
  readonly #meetings: number;
  readonly #slots: number;
  readonly #services: number;
  readonly #samples: number;
  readonly #stride: number;

  constructor(machine: Machine) {
    const k = machine.kernel;
    this.#machine = machine;
    this.#stride = k.constant("ROLE_CPU_STRIDE");
    this.#job = machine.hostAlloc(k.constant("SIZEOF_ROLE_JOB"));
    this.#cpus = machine.hostAlloc(this.#stride * machine.cpus);
    this.#meetings = machine.hostAlloc(MEETING_BYTES * k.constant("ROLE_MEETINGS"));
    this.#slots = machine.hostAlloc(k.constant("ROLE_SLOT_STRIDE") * k.constant("NR_CPUS"));
    this.#services = machine.hostAlloc(8 * MOST_SERVICES);
    this.#samples = machine.hostAlloc(2 * 4 * CAPACITY * machine.cpus);
  }

  /**
   * Fills the slots, runs the job on CPUs 0 to request.cpus.length - 1, and empties the slots.
   *
   * @throws MachineError when a CPU reports an error: it names the contender, the CPU and the errno
   */
  async run(request: RoleRequest): Promise<RoleReport[] | null> {
    const { contender, cpus, slots, signal, windowNs, overdueNs, services } = request;
    if (signal.aborted) return null;
    const machine = this.#machine;
    this.#write(request);
    const opened = await machine.call(0, "roles_open", contender.id, this.#slots, slots);
    if (opened !== 0) throw new MachineError(`${contender.name}: no memory for ${slots} devices`);
    const longestNs = Math.max(...services) * (cpus.length + 1); // a gate may let one in at a time
    const deadlineMs = SLACK_MS + (2 * windowNs + 2 * overdueNs + longestNs) / 1e6;
    const options = { args: [this.#job], gate: contender.name, deadlineMs };
    const stop = () => machine.stop();
    signal.addEventListener("abort", stop, { once: true });
    try {
      const codes = await Promise.all(cpus.map((_, cpu) => machine.invoke(cpu, FN, options)));
      checkCodes(machine.kernel, codes, `${FN}(${contender.name})`);
      await machine.call(0, "roles_close", contender.id, this.#slots, slots);
      return signal.aborted ? null : cpus.map((_, cpu) => this.#read(cpu));
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  #write(request: RoleRequest): void {
    const { kernel: k, memory } = this.#machine;
    const zero = (at: number, bytes: number) => new Uint8Array(memory.buffer, at, bytes).fill(0);
    zero(this.#job, k.constant("SIZEOF_ROLE_JOB"));
    zero(this.#cpus, this.#stride * request.cpus.length);
    zero(this.#meetings, MEETING_BYTES * k.constant("ROLE_MEETINGS"));
    zero(this.#slots, k.constant("ROLE_SLOT_STRIDE") * k.constant("NR_CPUS"));
    const view = new DataView(memory.buffer);
    const at = (field: string) => this.#job + k.constant(`OFFSETOF_ROLE_JOB_${field}`);
    const u32 = (field: string, value: number) => view.setUint32(at(field), value, true);
    const u64 = (field: string, value: number) =>
      view.setBigUint64(at(field), BigInt(Math.round(value)), true);
    const count = (role: RoleName) => request.cpus.filter((cpu) => cpu.role === role).length;
    u32("CONTENDER", request.contender.id);
    u32("NCPUS", request.cpus.length);
    u64("WINDOW_NS", request.windowNs);
    u64("DEADLINE_NS", MEETING_DEADLINE_NS);
    u64("OVERDUE_NS", request.overdueNs);
    u32("CPUS", this.#cpus);
    u32("CAPACITY", CAPACITY);
    u32("MEETINGS", this.#meetings);
    u32("SLOTS", this.#slots);
    u32("TARGETS", request.targets);
    u32("REMOVERS", count("removers"));
    u32("ADDERS", count("adders"));
    u32("EVERY", request.every);
    u32("BODY", k.constant(`ROLE_BODY_${request.body.toUpperCase()}`));
    u32("SERVICES", this.#services);
    u32("NR_SERVICES", request.services.length);
    u32("DRY", request.dry ? 1 : 0);
    for (const [i, ns] of request.services.entries()) {
      view.setBigUint64(this.#services + 8 * i, BigInt(Math.round(ns)), true);
    }
    for (const [cpu, work] of request.cpus.entries()) this.#writeCpu(view, cpu, work);
  }

  #writeCpu(view: DataView, cpu: number, { role, pace, slot }: RoleCpu): void {
    const { kernel: k } = this.#machine;
    const at = (field: string) =>
      this.#cpus + cpu * this.#stride + k.constant(`OFFSETOF_ROLE_CPU_${field}`);
    const u32 = (field: string, value: number) => view.setUint32(at(field), value, true);
    u32("ROLE", k.constant(ROLES[role]));
    u32("SLOT", slot);
    u32("PACE", k.constant(`PACE_${pace.kind.toUpperCase()}`));
    u32("CAPACITY", CAPACITY);
    view.setBigUint64(at("PACE_NS"), BigInt(Math.round(paceNs(pace))), true);
    u32("CALM", this.#samples + 2 * cpu * 4 * CAPACITY);
    u32("DURING", this.#samples + (2 * cpu + 1) * 4 * CAPACITY);
  }

  #read(cpu: number): RoleReport {
    const { kernel: k, memory } = this.#machine;
    const view = new DataView(memory.buffer, this.#cpus + cpu * this.#stride, this.#stride);
    const u32 = (field: string) => view.getUint32(k.constant(`OFFSETOF_ROLE_CPU_${field}`), true);
    const u64 = (field: string) =>
      Number(view.getBigUint64(k.constant(`OFFSETOF_ROLE_CPU_${field}`), true));
    const sampled = (which: string): Sampled => ({
      samples: new Uint32Array(
        memory.buffer,
        u32(which),
        Math.min(u32(`NR_${which}`), CAPACITY),
      ).slice(),
      longestNs: u64(`LONGEST_${which}`),
    });
    return {
      calm: sampled("CALM"),
      during: sampled("DURING"),
      ops: u64("OPS"),
      refused: u64("REFUSED"),
      elapsedNs: u64("ELAPSED_NS"),
      awayNs: u64("AWAY_NS"),
      overdue: u32("OVERDUE"),
      clockNs: u32("CLOCK_NS"),
    };
  }
}

const ROLES: Readonly<Record<RoleName, string>> = {
  readers: "ROLE_READER",
  others: "ROLE_READER",
  removers: "ROLE_REMOVER",
  adders: "ROLE_ADDER",
};

/** @returns ns between operations; 0 for none */
function paceNs(pace: Pace): number {
  if (pace.kind === "unlimited") return 0;
  return pace.kind === "rate" ? 1e9 / pace.perSecond : pace.ns;
}
