// SPDX-License-Identifier: GPL-2.0-only
/** The records of a job and of its CPUs in host memory, by the names of their fields. */
import type { Stage } from "../kernel/rcu/stage.ts";

export abstract class JobRecords {
  readonly stage: Stage;
  /** Address of the job. */
  readonly job: number;
  /** Address of the first CPU's record. */
  protected readonly cpus: number;
  /** BENCH or ROLE: how the constants of the job and of its CPUs begin. */
  readonly #prefix: "BENCH" | "ROLE";

  constructor(stage: Stage, prefix: "BENCH" | "ROLE", ncpus: number) {
    this.stage = stage;
    this.#prefix = prefix;
    this.job = stage.alloc(stage.constant(`SIZEOF_${prefix}_JOB`));
    this.cpus = stage.alloc(stage.constant(`${prefix}_CPU_STRIDE`) * ncpus);
  }

  #at(field: string): number {
    return this.job + this.stage.constant(`OFFSETOF_${this.#prefix}_JOB_${field}`);
  }

  /** Address of a CPU's record, or of a field of it. */
  cpu(cpu: number, field?: string): number {
    const at = this.cpus + cpu * this.stage.constant(`${this.#prefix}_CPU_STRIDE`);
    if (field === undefined) return at;
    return at + this.stage.constant(`OFFSETOF_${this.#prefix}_CPU_${field}`);
  }

  set(field: string, value: number): void {
    this.stage.set(this.#at(field), value);
  }

  protected set64(field: string, value: number): void {
    this.stage.add64(this.#at(field), BigInt(value));
  }

  get(field: string): number {
    return this.stage.get(this.#at(field));
  }

  setCpu(cpu: number, field: string, value: number): void {
    this.stage.set(this.cpu(cpu, field), value);
  }

  getCpu(cpu: number, field: string): number {
    return this.stage.get(this.cpu(cpu, field));
  }

  getCpu64(cpu: number, field: string): number {
    return Number(this.stage.get64(this.cpu(cpu, field)));
  }
}
