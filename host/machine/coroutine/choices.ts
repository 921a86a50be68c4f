// SPDX-License-Identifier: GPL-2.0-only
/**
 * What can be done next in the state that a coroutine machine is in, and what that state is when nothing can.
 *
 * An action is a thread that goes on (its number); TICK: the clock passes every time limit that is
 * running; or DRAIN + 16 * thread + entry: a store that waits reaches memory. The clock may tick `ticks`
 * times at any moment, and whenever nobody can go on and somebody's wait has a limit.
 */
import type { CoroutineMachine } from "./machine.ts";
import type { Program } from "./program.ts";
import { FIELD, PAST, STATUS } from "./regions.ts";
import { Violation } from "./violation.ts";

export const TICK = 31;
export const DRAIN = 64;
const TICKS_MOST = 1000;

export interface Sleeper {
  readonly name: string;
  readonly thread: number;
  /** Of the word that it sleeps on. */
  readonly address: number;
  /** Whether that word is not what it was when the thread went to sleep. */
  readonly changed: boolean;
}

export class Choices {
  readonly machine: CoroutineMachine;
  readonly program: Program;
  readonly threads: number;
  readonly #ticks: number;
  readonly #drains: number[] = [];

  /** @param ticks - how often the clock may tick while somebody could go on */
  constructor(machine: CoroutineMachine, program: Program, ticks: number) {
    this.machine = machine;
    this.program = program;
    this.threads = program.threads.length;
    this.#ticks = ticks;
  }

  ended(thread: number): boolean {
    const { regions } = this.machine;
    if (regions.get(thread, FIELD.status) !== STATUS.done) return false;
    return regions.get(thread, FIELD.buffered) === 0;
  }

  canRun(thread: number): boolean {
    const { regions } = this.machine;
    const status = regions.get(thread, FIELD.status);
    if (status !== STATUS.waiting) return status !== STATUS.done;
    const deadline = regions.get(thread, FIELD.deadline);
    return deadline > 0 && deadline <= this.machine.now();
  }

  /** Threads that can run: a bit each. */
  get runnable(): number {
    let mask = 0;
    for (let t = 0; t < this.threads; t++) if (this.canRun(t)) mask |= 1 << t;
    return mask;
  }

  #hasTimeLimit(thread: number): boolean {
    const { regions } = this.machine;
    if (regions.get(thread, FIELD.status) !== STATUS.waiting) return false;
    const deadline = regions.get(thread, FIELD.deadline);
    return deadline > 0 && deadline !== PAST;
  }

  /** Whether the clock may tick while somebody can go on. */
  get mayTick(): boolean {
    return this.machine.now() < this.#ticks;
  }

  /** Writes the actions that are possible; returns how many. */
  actions(out: number[]): number {
    const { threads } = this;
    let count = 0;
    for (let t = 0; t < threads; t++) if (this.canRun(t)) out[count++] = t;
    if (this.machine.buffer.weak) count = this.#addDrains(out, count);
    if (count > 0) {
      if (this.mayTick) out[count++] = TICK;
      return count;
    }
    if (this.machine.now() >= TICKS_MOST) return 0;
    for (let t = 0; t < threads; t++) {
      if (!this.#hasTimeLimit(t)) continue;
      out[count++] = TICK;
      break;
    }
    return count;
  }

  #addDrains(out: number[], from: number): number {
    let count = from;
    for (let t = 0; t < this.threads; t++) {
      const found = this.machine.buffer.drainable(t, this.#drains);
      for (let i = 0; i < found; i++) out[count++] = DRAIN + 16 * t + (this.#drains[i] as number);
    }
    return count;
  }

  /** Whether all threads have ended, and all their stores are in memory. */
  get finished(): boolean {
    for (let t = 0; t < this.threads; t++) if (!this.ended(t)) return false;
    return true;
  }

  /** Whether there are threads that go on for ever, and all others have ended: who looks on sees no end. */
  get goesOnForever(): boolean {
    const { threads } = this.program;
    const goesOn = threads.some(({ forever }) => forever === true);
    return goesOn && threads.every(({ forever }, t) => forever === true || this.ended(t));
  }

  /** Threads that sleep. */
  sleepers(): Sleeper[] {
    const { machine, program } = this;
    const { regions } = machine;
    return program.threads.flatMap(({ name }, thread) => {
      if (regions.get(thread, FIELD.status) !== STATUS.waiting) return [];
      const address = regions.get(thread, FIELD.address);
      const changed = machine.words[address >>> 2] !== regions.get(thread, FIELD.expected);
      return [{ name, thread, address, changed }];
    });
  }

  /** What is wrong when nobody can go on, and not all have ended. */
  stuck(): Violation {
    const sleepers = this.sleepers();
    const lost = sleepers.find(({ changed }) => changed);
    if (lost !== undefined) {
      const detail = `${lost.name} sleeps on a word that has changed`;
      return new Violation("lost wake-up", detail, lost.address);
    }
    const names = sleepers.map(({ name }) => name).join(", ");
    return new Violation("deadlock", `${names}: asleep, with nobody to wake them`);
  }
}
