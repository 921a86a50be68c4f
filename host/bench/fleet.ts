// SPDX-License-Identifier: GPL-2.0-only
/**
 * The machines of one run: one for each number of CPUs, all alive for the whole run, so that settings
 * take turns round by round. A machine that has no job costs nothing: its workers wait in the host.
 *
 * Where each CPU can have a core it is pinned to one. Left to the system, two CPUs share a core for
 * seconds on a machine that is not idle, and then what is measured is how long each spins before it
 * sleeps: a removal of percpu_ref took 14 us instead of 0.6.
 */
import { availableParallelism } from "node:os";
import { boot, type Machine, type MachineOptions } from "../machine/machine.ts";
import { BenchJob, type Job } from "./job.ts";

/** Loads of its state word that a CPU makes before it parks, where every CPU has a core: some 20 us. */
const IDLE_POLL = 20_000;

/** More CPUs than cores: what is measured is the system's scheduler as much as the gate. */
export function oversubscribed(cpus: number): boolean {
  return cpus > availableParallelism();
}

/** Where the parts of a run get their machines from. */
export interface Machines {
  /** The machine with that many CPUs, the same for each call. */
  of(cpus: number): Promise<Job>;
}

export class Fleet implements Machines {
  readonly #machines = new Map<number, BenchJob>();
  readonly #options: Omit<MachineOptions, "cpus" | "idlePoll" | "pin">;

  constructor(options: Omit<MachineOptions, "cpus" | "idlePoll" | "pin">) {
    this.#options = options;
  }

  async of(cpus: number): Promise<BenchJob> {
    const there = this.#machines.get(cpus);
    if (there) return there;
    const idlePoll = oversubscribed(cpus) ? 0 : IDLE_POLL;
    const pin = !oversubscribed(cpus);
    const job = new BenchJob(await boot({ ...this.#options, cpus, idlePoll, pin }));
    this.#machines.set(cpus, job);
    return job;
  }

  get machines(): Machine[] {
    return [...this.#machines.values()].map((job) => job.machine);
  }

  async close(): Promise<void> {
    await Promise.all(this.machines.map((machine) => machine.close()));
    this.#machines.clear();
  }
}
