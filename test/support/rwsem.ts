// SPDX-License-Identifier: GPL-2.0-only
/** An rw_semaphore as a test reads it from the shared memory. */
import type { KernelAbi } from "../../host/abi/kernel.ts";
import type { Scenario } from "./scenario.ts";

export const WL = 1;
export const WAITERS = 2;
export const HANDOFF = 4;
export const READER = 0x100;

/** Owner word. */
export const READER_OWNED = 1;
export const NONSPINNABLE = 2;

/** What both kinds of machine offer: a kernel's constants and its memory. */
export interface Inspected {
  readonly kernel: KernelAbi;
  readonly memory: WebAssembly.Memory;
}

export class Rwsem {
  /** Address. */
  readonly at: number;
  readonly #machine: Inspected;
  readonly #words: Uint32Array;

  constructor(machine: Inspected, at: number) {
    this.#machine = machine;
    this.#words = new Uint32Array(machine.memory.buffer);
    this.at = at;
  }

  #constant(name: string): number {
    return this.#machine.kernel.constant(name);
  }

  #address(field: string): number {
    return this.at + this.#constant(`OFFSETOF_RW_SEMAPHORE_${field}`);
  }

  #word(at: number): number {
    return Atomics.load(this.#words, at >>> 2);
  }

  get count(): number {
    return this.#word(this.#address("COUNT")) | 0;
  }

  set count(value: number) {
    Atomics.store(this.#words, this.#address("COUNT") >>> 2, value);
  }

  get owner(): number {
    return this.#word(this.#address("OWNER"));
  }

  set owner(value: number) {
    Atomics.store(this.#words, this.#address("OWNER") >>> 2, value);
  }

  /** 0, or 1 + the CPU that queued last to spin. */
  get osq(): number {
    return this.#word(this.#address("OSQ"));
  }

  /** Addresses. */
  get countWord(): number {
    return this.#address("COUNT");
  }

  get waitLock(): number {
    return this.#address("WAIT_LOCK");
  }

  get osqWord(): number {
    return this.#address("OSQ");
  }

  /** Addresses of the waiters, first come first; stable only while wait_lock is held or free. */
  get waiters(): number[] {
    const waiters: number[] = [];
    for (let w = this.#word(this.#address("WAIT_HEAD")); w !== 0; w = this.#word(w)) {
      waiters.push(w);
    }
    return waiters;
  }

  /** The waiters as "R2 W1": kind and CPU, first come first. */
  get queue(): string {
    const base = this.#constant("PERCPU_BASE");
    const stride = this.#constant("PERCPU_STRIDE");
    const kind = (w: number) =>
      this.field(w, "TYPE") === this.#constant("RWSEM_WAITING_FOR_READ") ? "R" : "W";
    return this.waiters.map((w) => `${kind(w)}${Math.floor((w - base) / stride)}`).join(" ");
  }

  /** A word of a waiter. */
  field(waiter: number, name: "TASK" | "TYPE" | "TIMEOUT" | "HANDOFF_SET"): number {
    return this.#word(waiter + this.#constant(`OFFSETOF_RWSEM_WAITER_${name}`));
  }

  /** Makes a sleeping waiter's time be up. */
  expire(waiter: number): void {
    const timeout = waiter + this.#constant("OFFSETOF_RWSEM_WAITER_TIMEOUT");
    Atomics.store(this.#words, timeout >>> 2, 0);
    Atomics.store(this.#words, (timeout + 4) >>> 2, 0);
  }

  /** Appends a made-up waiter; WAITERS is the caller's to set. */
  enqueue(waiter: number, task: number, reads: boolean): void {
    const put = (at: number, value: number) => Atomics.store(this.#words, at >>> 2, value);
    const at = (name: string) => waiter + this.#constant(`OFFSETOF_RWSEM_WAITER_${name}`);
    const head = this.#address("WAIT_HEAD");
    const tail = this.#address("WAIT_TAIL");
    const last = this.#word(tail);
    put(waiter, 0);
    put(waiter + 4, last);
    put(last === 0 ? head : last, waiter);
    put(tail, waiter);
    put(at("TASK"), task);
    put(at("TYPE"), this.#constant(`RWSEM_WAITING_FOR_${reads ? "READ" : "WRITE"}`));
    put(at("HANDOFF_SET"), 0);
    put(at("TIMEOUT"), 0xffff_ffff);
    put(at("TIMEOUT") + 4, 0x7fff_ffff);
  }
}

/** An unlocked semaphore in the host's memory of `on`. */
export function newRwsem(on: Scenario): Rwsem {
  return new Rwsem(on.machine, on.alloc(on.constant("SIZEOF_RW_SEMAPHORE")));
}

/** Wakes CPU `cpu`, whose condition does not hold, and waits until it has looked and sleeps again. */
export async function wakeInVain(on: Scenario, cpu: number, waker: number): Promise<void> {
  const sleeps = () => on.machine.events()["EV_SCHED_SLEEP"] ?? 0n;
  const { wait } = on.task(cpu);
  const before = sleeps();
  await on.call(waker, "wake_up_process", on.unit(cpu));
  await on.until(`CPU ${cpu} has tried again`, () => sleeps() > before);
  await on.asleep(cpu, wait);
}
