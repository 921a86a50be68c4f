// SPDX-License-Identifier: GPL-2.0-only
/** Guests of a gate: what assembly/workload/gatetest.ts does on the CPUs of a stage, step by step. */
import type { KernelAbi } from "../../host/abi/kernel.ts";
import { isControlGate, isDriverGate } from "../../host/machine/driver.ts";
import { kernelImage } from "../../host/machine/image.ts";
import type { Stage } from "../kernel/rcu/stage.ts";

export interface GateName {
  /** As users write it. */
  readonly name: string;
  readonly id: number;
}

/** Every gate of the table. */
export function gatesOf(abi: KernelAbi): GateName[] {
  return [...abi.group("GATE_")]
    .filter(([, name]) => name !== "GATE_CLOSED")
    .map(([id, name]) => ({ name: name.replace("GATE_", "").toLowerCase(), id }));
}

const { abi } = kernelImage("default");
const all = gatesOf(abi);

/** Those that keep the rules and that a driver can be built with. */
export const DRIVER_GATES: readonly GateName[] = all.filter(
  ({ name }) => isDriverGate(abi, name) && !isControlGate(abi, name),
);
/** Those that keep the rules, and those that are there to break them. */
export const GATES: readonly GateName[] = all.filter(({ name }) => !isControlGate(abi, name));
export const CONTROLS: readonly GateName[] = all.filter(({ name }) => isControlGate(abi, name));
export const BUSTED = CONTROLS.find(({ name }) => name === "busted") as GateName;

/** A CPU shows one of these when it has spun for some time, and not before. */
const SPINS = ["WAIT_QRWLOCK_READ", "WAIT_QRWLOCK_WRITE", "WAIT_TICKET"];
/** A removal may wait for a moment, for a grace period say, and then be over: other waits have to last. */
const LASTS_MS = 30;

export class House {
  readonly stage: Stage;
  readonly gate: GateName;
  readonly device: number;
  /** Records of the guests, one behind the other, one a CPU. */
  readonly guests: number;
  readonly #size: number;

  private constructor(stage: Stage, gate: GateName, device: number) {
    this.stage = stage;
    this.gate = gate;
    this.device = device;
    this.#size = stage.constant("SIZEOF_GATE_GUEST");
    this.guests = stage.alloc(this.#size * stage.machine.cpus);
    for (let cpu = 0; cpu < stage.machine.cpus; cpu++) this.#prepare(cpu);
  }

  /** A device with this gate, open. */
  static async build(stage: Stage, gate: GateName): Promise<House> {
    const device = await stage.call(0, "bench_device_create", gate.id);
    if (device === 0) throw new Error(`no device for ${gate.name}`);
    return new House(stage, gate, device);
  }

  #prepare(cpu: number): void {
    for (let at = 0; at < this.#size; at += 4) this.stage.set(this.guest(cpu) + at, 0);
    this.set(cpu, "CONTENDER", this.gate.id);
    this.set(cpu, "DEVICE", this.device);
  }

  guest(cpu: number): number {
    return this.guests + cpu * this.#size;
  }

  get(cpu: number, field: string): number {
    return this.stage.get(this.guest(cpu) + this.stage.constant(`OFFSETOF_GATE_GUEST_${field}`));
  }

  set(cpu: number, field: string, value: number): void {
    this.stage.set(
      this.guest(cpu) + this.stage.constant(`OFFSETOF_GATE_GUEST_${field}`),
      value >>> 0,
    );
  }

  /** The name of a constant's value: FOUND_ALIVE, GUEST_INSIDE. */
  #named(prefix: string, value: number): string {
    for (const [name, number] of this.stage.machine.kernel.constants) {
      if (name.startsWith(prefix) && number === value) return name;
    }
    return `${prefix}${value}`;
  }

  foundAtEntry(cpu: number): string {
    return this.#named("FOUND_", this.get(cpu, "FOUND_AT_ENTRY"));
  }

  foundAtExit(cpu: number): string {
    return this.#named("FOUND_", this.get(cpu, "FOUND_AT_EXIT"));
  }

  /** Sends CPU `cpu` in; it stays until leave(). */
  send(cpu: number): Promise<number> {
    this.#prepare(cpu);
    return this.stage.call(cpu, "gate_visit", this.guest(cpu));
  }

  /** Sends CPU `cpu` in. @returns GUEST_INSIDE or GUEST_TURNED_AWAY, once the gate has answered */
  async visit(cpu: number): Promise<{ answer: string; leave: () => Promise<number> }> {
    const visit = this.send(cpu);
    await this.answered(cpu);
    const leave = () => {
      this.set(cpu, "LEAVE", 1);
      return visit;
    };
    return { answer: this.#named("GUEST_", this.get(cpu, "STATE")), leave };
  }

  answered(cpu: number): Promise<void> {
    return this.stage.until(`CPU ${cpu} has its answer`, () => this.get(cpu, "STATE") !== 0);
  }

  /** Starts a removal on CPU 0, which spoils the context as soon as it is done. */
  remove(): Removal {
    const { stage, gate, device, guests } = this;
    const n = stage.machine.cpus;
    const removal = { done: false, seen: -1 };
    const result = stage.call(0, "gate_remove", gate.id, device, guests, n).then((seen) => {
      removal.done = true;
      removal.seen = seen;
      return seen;
    });
    result.catch(() => {});
    return { state: removal, result };
  }

  /** Says whether CPU `cpu` is held up: it sleeps, spins, or has waited for something else for long. */
  #heldUp(cpu: number): () => boolean {
    let since = 0;
    return () => {
      const task = this.stage.machine.tasks()[cpu];
      if (task === undefined || task.wait === "WAIT_NONE") return false;
      if (task.state === "TASK_PARKED" || SPINS.includes(task.wait)) return true;
      since ||= performance.now();
      return performance.now() - since > LASTS_MS;
    };
  }

  /**
   * Until the removal is over, or waits because somebody is inside. @returns whether it is over
   */
  async settled({ state }: Removal): Promise<boolean> {
    const waits = this.#heldUp(0);
    await this.stage.until("the removal is over or waits", () => state.done || waits());
    return state.done;
  }

  /** Until the entrant on CPU `cpu` waits for the removal to end. @returns how: a lock may spin first */
  async held(cpu: number): Promise<"blocks" | "spins"> {
    let how: "blocks" | "spins" | null = null;
    await this.stage.until("the entrant waits", () => {
      const task = this.stage.machine.tasks()[cpu];
      if (task === undefined || task.wait === "WAIT_NONE") return false;
      if (SPINS.includes(task.wait)) how = "spins";
      else if (task.state === "TASK_PARKED") how = "blocks";
      return how !== null;
    });
    return how ?? "spins";
  }

  /** Gives the device back. Context: it was removed, and everybody is out. */
  async clear(): Promise<void> {
    await this.stage.call(0, "bench_device_free", this.gate.id, this.device);
  }
}

export interface Removal {
  readonly state: { readonly done: boolean; readonly seen: number };
  /** Visits that the remover saw right after kill(). */
  readonly result: Promise<number>;
}
