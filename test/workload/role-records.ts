// SPDX-License-Identifier: GPL-2.0-only
/** The records of one roles job, field by field, for tests that play some of its CPUs themselves. */
import type { Stage } from "../kernel/rcu/stage.ts";
import { JobRecords } from "./job-records.ts";

const MEETING_BYTES = 64;
const MS = 1e6;

export interface RoleCpuFields {
  readonly role: "READER" | "REMOVER" | "ADDER";
  readonly slot?: number;
  readonly pace?: "UNLIMITED" | "RATE" | "THINK";
  readonly paceNs?: number;
}

export interface RoleJobFields {
  readonly contender: number;
  readonly cpus: readonly RoleCpuFields[];
  readonly windowMs?: number;
  readonly overdueNs?: number;
  readonly deadlineMs?: number;
  readonly targets?: number;
  readonly every?: number;
  readonly capacity?: number;
  readonly body?: "NONE" | "SPIN" | "SLEEP";
  readonly services?: readonly number[];
}

export class RoleRecords extends JobRecords {
  readonly slots: number;
  readonly #meetings: number;
  readonly #capacity: number;

  constructor(stage: Stage, fields: RoleJobFields) {
    const { contender, cpus, windowMs = 5, overdueNs = 1e12, capacity = 512 } = fields;
    const { deadlineMs = 10_000, targets = 1, every = 8, services = [0], body = "NONE" } = fields;
    super(stage, "ROLE", cpus.length);
    this.#capacity = capacity;
    this.slots = stage.alloc(stage.constant("ROLE_SLOT_STRIDE") * 4);
    this.#meetings = stage.alloc(MEETING_BYTES * stage.constant("ROLE_MEETINGS"));
    const table = stage.alloc(8 * services.length);
    for (const [i, ns] of services.entries()) stage.add64(table + 8 * i, BigInt(ns));
    const count = (role: string) => cpus.filter((cpu) => cpu.role === role).length;
    this.set("CONTENDER", contender);
    this.set("NCPUS", cpus.length);
    this.set("CPUS", this.cpus);
    this.set("MEETINGS", this.#meetings);
    this.set("SLOTS", this.slots);
    this.set("TARGETS", targets);
    this.set("REMOVERS", count("REMOVER"));
    this.set("ADDERS", count("ADDER"));
    this.set("EVERY", every);
    this.set("BODY", stage.constant(`ROLE_BODY_${body}`));
    this.set("SERVICES", table);
    this.set("NR_SERVICES", services.length);
    this.set64("WINDOW_NS", windowMs * MS);
    this.set64("DEADLINE_NS", deadlineMs * MS);
    this.set64("OVERDUE_NS", overdueNs);
    for (const [cpu, work] of cpus.entries()) this.#setUp(cpu, work);
  }

  #setUp(cpu: number, { role, slot = 0, pace = "UNLIMITED", paceNs = 0 }: RoleCpuFields): void {
    const { stage } = this;
    this.setCpu(cpu, "ROLE", stage.constant(`ROLE_${role}`));
    this.setCpu(cpu, "SLOT", slot);
    this.setCpu(cpu, "PACE", stage.constant(`PACE_${pace}`));
    this.setCpu(cpu, "CAPACITY", this.#capacity);
    this.setCpu(cpu, "CALM", stage.alloc(4 * this.#capacity));
    this.setCpu(cpu, "DURING", stage.alloc(4 * this.#capacity));
    stage.add64(this.cpu(cpu, "PACE_NS"), BigInt(paceNs));
  }

  /** Arrives at a meeting for a CPU that the test plays. */
  arrive(name: "START" | "REMOVED"): void {
    const at = this.#meetings + MEETING_BYTES * this.stage.constant(`ROLE_MEET_${name}`);
    this.stage.set(at, this.stage.get(at) + 1);
  }

  /** Says that `n` removals are under way. */
  removing(n: number): void {
    this.stage.set(this.#meetings + MEETING_BYTES * this.stage.constant("ROLE_REMOVING"), n);
  }

  samples(cpu: number, which: "CALM" | "DURING"): number[] {
    const kept = Math.min(this.getCpu(cpu, `NR_${which}`), this.#capacity);
    const first = this.getCpu(cpu, which);
    return Array.from({ length: kept }, (_, i) => this.stage.get(first + 4 * i));
  }

  /** Address of what is in a slot; 0 for nothing. */
  instance(slot = 0): number {
    return this.stage.get(this.field(slot, "SLOT_INSTANCE"));
  }

  /** Address of a field of a slot. */
  field(slot: number, name: "SLOT_STATE" | "SLOT_INSTANCE"): number {
    const { stage } = this;
    const at = this.slots + slot * stage.constant("ROLE_SLOT_STRIDE");
    return at + stage.constant(`OFFSETOF_ROLE_${name}`);
  }

  /** Fills all slots. */
  open(n = this.get("TARGETS")): Promise<number> {
    return this.stage.call(0, "roles_open", this.get("CONTENDER"), this.slots, n);
  }

  close(n = this.get("TARGETS")): Promise<number> {
    return this.stage.call(0, "roles_close", this.get("CONTENDER"), this.slots, n);
  }

  run(cpu: number): Promise<number> {
    return this.stage.call(cpu, "bench_roles", this.job);
  }
}
