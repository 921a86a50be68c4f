// SPDX-License-Identifier: GPL-2.0-only
/**
 * A program of threads on a coroutine machine, as who explores its schedules sees it: what can be done
 * next, doing it, taking it back, and the state as words and as a hash.
 *
 * An action is a thread that goes on (its number); TICK: the clock passes every time limit that is
 * running; or DRAIN + 16 * thread + entry: a store that waits reaches memory. The clock may tick `ticks`
 * times at any moment, and whenever nobody can go on and somebody's wait has a limit.
 */

import { WAIT_TIMED_OUT } from "./futex-queues.ts";
import { WORD } from "./knowledge.ts";
import type { CoroutineMachine } from "./machine.ts";
import type { Program } from "./program.ts";
import { FIELD, PAST, STATUS } from "./regions.ts";
import { Scripts } from "./scripts.ts";
import { ThreadStates } from "./thread-states.ts";
import { asViolation, Violation } from "./violation.ts";

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

export class Interleaver {
  readonly machine: CoroutineMachine;
  readonly program: Program;
  readonly threads: number;
  /** The state's hash, in two lanes. */
  key1 = 0;
  key2 = 0;
  readonly #ticks: number;
  readonly #scripts: Scripts;
  readonly #states: ThreadStates;
  #baseFootprints = 0;
  /** The region of the set-up, which finish() changes. */
  readonly #setUp: Int32Array;
  readonly #drains: number[] = [];

  /**
   * @param ticks - how often the clock may tick while somebody could go on
   * Context: the machine is set up; what is in its memory now is the start.
   */
  constructor(machine: CoroutineMachine, program: Program, ticks: number) {
    this.machine = machine;
    this.program = program;
    this.threads = program.threads.length;
    this.#ticks = ticks;
    this.#scripts = new Scripts(machine, program);
    this.#states = new ThreadStates(machine, program.threads);
    if (ticks > 0) machine.contendClock();
    machine.tracked.setStart();
    const { regions } = machine;
    const start = regions.starts[this.threads] as number;
    this.#setUp = machine.words.slice(start, start + regions.frames);
  }

  /** Back to the start, where each thread stands before its first step. @throws Violation */
  restart(): void {
    const { machine } = this;
    machine.tracked.reset();
    machine.tracked.begin();
    machine.queues.touched = 0;
    machine.accounts.footprints = 0;
    this.#states.clear();
    machine.words.set(this.#setUp, machine.regions.starts[this.threads]);
    let race: Violation | null = null;
    for (let t = 0; t < this.threads; t++) {
      machine.accounts.begin();
      if (machine.buffer.weak) machine.buffer.enter(t);
      machine.running = t;
      this.#begin(t);
      this.#endStep(t);
      race ??= machine.accounts.race;
    }
    machine.accounts.race = race;
    machine.tracked.settle();
    for (let t = 0; t < this.threads; t++) this.#states.hash(t);
    this.#setKeys();
    this.#watch();
  }

  #begin(thread: number): void {
    try {
      this.#scripts.callNext(thread);
    } catch (error) {
      this.machine.afterThrow();
      throw asViolation(error);
    }
  }

  /** Puts away what the thread's step left. */
  #endStep(thread: number): void {
    this.machine.accounts.keep(thread);
    if (this.machine.buffer.weak) this.machine.buffer.leave(thread);
  }

  #setKeys(): void {
    this.key1 = (this.machine.tracked.hash1 + this.#states.sum1) | 0;
    this.key2 = (this.machine.tracked.hash2 + this.#states.sum2) | 0;
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

  /** canRun() of a thread in the state that take-backs go to. */
  couldRun(thread: number): boolean {
    const status = this.#states.baseStatus(thread);
    return status === STATUS.ready || status === STATUS.woken;
  }

  #hasTimeLimit(thread: number): boolean {
    const { regions } = this.machine;
    if (regions.get(thread, FIELD.status) !== STATUS.waiting) return false;
    const deadline = regions.get(thread, FIELD.deadline);
    return deadline > 0 && deadline !== PAST;
  }

  /** Writes the actions that are possible; returns how many. */
  actions(out: number[]): number {
    const { threads } = this;
    let count = 0;
    for (let t = 0; t < threads; t++) if (this.canRun(t)) out[count++] = t;
    if (this.machine.buffer.weak) count = this.#addDrains(out, count);
    const now = this.machine.now();
    if (count > 0) {
      if (now < this.#ticks) out[count++] = TICK;
      return count;
    }
    if (now >= TICKS_MOST) return 0;
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

  /** A data race that the last action, or the start, had; exploring goes on behind it. */
  get race(): Violation | null {
    return this.machine.accounts.race;
  }

  /** Does an action. @throws Violation: takeBack() is to follow all the same */
  perform(action: number): void {
    const { machine } = this;
    machine.tracked.begin();
    machine.accounts.begin();
    machine.queues.touched = 0;
    if (action >= DRAIN) this.#drain((action - DRAIN) >>> 4, action & 15);
    else if (action === TICK) machine.tick();
    else this.#step(action);
    machine.tracked.settle();
    const { touched } = machine.queues;
    if (action !== TICK) this.#states.hash(machine.running);
    if (touched !== 0)
      for (let t = 0; t < this.threads; t++) if ((touched >>> t) & 1) this.#states.hash(t);
    this.#setKeys();
    this.#watch();
  }

  #watch(): void {
    const told = this.program.watch?.(this) ?? null;
    if (told !== null) throw told;
  }

  #drain(thread: number, entry: number): void {
    const { machine } = this;
    machine.running = thread;
    const word = machine.buffer.drain(thread, entry);
    machine.accounts.noteEntry((word << 1) | 1);
    machine.observer?.event("drains", word << 2, thread);
    const inHeap = ((machine.tracked.flags[word] as number) & WORD.heap) !== 0;
    if (inHeap) machine.heap.checkAccess(word << 2, 4, 0);
  }

  #step(thread: number): void {
    const { machine } = this;
    machine.running = thread;
    this.#states.frame(thread);
    if (machine.buffer.weak) machine.buffer.enter(thread);
    try {
      if (machine.regions.get(thread, FIELD.status) === STATUS.waiting) {
        machine.queues.wake(thread, WAIT_TIMED_OUT);
      }
      if (machine.proceed(thread) === "returned") this.#scripts.returned(thread);
    } catch (error) {
      machine.afterThrow();
      throw asViolation(error);
    }
    this.#endStep(thread);
  }

  /** Takes the last action back. */
  takeBack(): void {
    const { machine } = this;
    machine.tracked.undo();
    this.#states.takeBack(machine.queues.touched | (1 << machine.running));
    if (machine.running === this.threads) {
      machine.words.set(this.#setUp, machine.regions.starts[this.threads]);
    }
    machine.accounts.footprints = this.#baseFootprints;
    this.#setKeys();
  }

  /** Where each thread stands: see Regions.location(). */
  locations(out: number[]): void {
    for (let t = 0; t < this.threads; t++) out[t] = this.location(t);
  }

  location(thread: number): number {
    this.#states.frame(thread);
    return this.machine.regions.location(thread);
  }

  /** Words that save() writes at the most. */
  get savedWords(): number {
    return this.machine.tracked.savedWords + this.#states.savedWords;
  }

  /** Appends the state to `out` at `at`; returns the index behind. */
  save(out: Int32Array, at: number): number {
    return this.#states.save(out, this.machine.tracked.save(out, at));
  }

  /** Goes to a saved state, which take-backs then go to; `from` is to stay as it is meanwhile. */
  load(from: Int32Array, at: number): void {
    this.#states.load(from, this.machine.tracked.load(from, at));
    this.#setBase();
  }

  /** Words that store() writes at the most. */
  get storedWords(): number {
    return this.machine.tracked.savedWords + this.#states.storedWords;
  }

  /** As save(), in fewer words, which fetch() of this object alone understands. */
  store(out: Int32Array, at: number): number {
    return this.#states.store(out, this.machine.tracked.save(out, at));
  }

  /** Of memory, for what store() keeps beside the words it writes. */
  get storeBytes(): number {
    return this.#states.storeBytes;
  }

  /** As load(), of what store() wrote. */
  fetch(from: Int32Array, at: number): void {
    this.#states.fetch(from, this.machine.tracked.load(from, at));
    this.#setBase();
  }

  #setBase(): void {
    this.machine.accounts.countFootprints();
    this.#baseFootprints = this.machine.accounts.footprints;
    this.#setKeys();
  }

  /** Runs the calls of the program's end, and looks for leaks. @throws Violation */
  finish(): void {
    const { machine } = this;
    machine.tracked.begin();
    machine.queues.touched = 0;
    machine.running = this.threads;
    try {
      this.#scripts.finish(this.program);
    } catch (error) {
      machine.afterThrow();
      throw asViolation(error);
    }
  }
}
