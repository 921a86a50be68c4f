// SPDX-License-Identifier: GPL-2.0-only
/**
 * A program of threads on a coroutine machine, as who explores its schedules sees it: what can be done
 * next, doing it, taking it back, and the state as words and as a hash.
 *
 * An action is a thread that goes on (its number); TICK: the clock passes every time limit that is
 * running; or DRAIN + 16 * thread + entry: a store that waits reaches memory. The clock may tick `ticks`
 * times at any moment, and whenever nobody can go on and somebody's wait has a limit.
 */

import { Components } from "./components.ts";
import { WAIT_TIMED_OUT } from "./futex-queues.ts";
import { WORD } from "./knowledge.ts";
import type { CoroutineMachine } from "./machine.ts";
import type { Program, Thread } from "./program.ts";
import { FIELD, PAST, STATUS } from "./regions.ts";
import { Scripts } from "./scripts.ts";
import { mix1, mix2 } from "./tracked-memory.ts";
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
  /** Two lanes a thread, and their sums; the same of the state that take-backs go to. */
  readonly #hashes: Int32Array;
  #sum1 = 0;
  #sum2 = 0;
  #baseSum1 = 0;
  #baseSum2 = 0;
  #baseFootprints = 0;
  /** What tells threads apart in the hash: the same for those that are alike. */
  readonly #salts: readonly number[];
  /** The state that take-backs go to: saved words, and where each thread's region begins in them. */
  #base: Int32Array = new Int32Array(0);
  readonly #baseAt: number[] = [];
  /**
   * Whether a thread's frames are in its region: they are brought there when it is to run. All other
   * words of the regions always are.
   */
  readonly #framed: boolean[] = [];
  /** The region of the set-up, which finish() changes. */
  readonly #setUp: Int32Array;
  readonly #drains: number[] = [];
  /** Regions of states that were stored. */
  readonly components = new Components();
  /** Whether the base is a stored state: then the regions are as there but for what the last action did. */
  #fetched = false;

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
    this.#hashes = new Int32Array(2 * this.threads);
    this.#salts = saltsOf(program.threads);
    if (ticks > 0) machine.contendClock();
    machine.tracked.setStart();
    const { regions } = machine;
    const start = regions.starts[this.threads] as number;
    this.#setUp = machine.words.slice(start, start + regions.frames);
  }

  /** Back to the start, where each thread stands before its first step. @throws Violation */
  restart(): void {
    const { machine } = this;
    this.#fetched = false;
    machine.tracked.reset();
    machine.tracked.begin();
    machine.queues.touched = 0;
    machine.accounts.footprints = 0;
    for (let t = 0; t < this.threads; t++) {
      machine.regions.clear(t);
      this.#framed[t] = true;
    }
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
    this.#hashes.fill(0);
    this.#sum1 = 0;
    this.#sum2 = 0;
    for (let t = 0; t < this.threads; t++) this.#hash(t);
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

  /** The thread's part of the hash anew; the sums are kept up but for the memory's part. */
  #hash(thread: number): void {
    this.#frame(thread);
    const hashes = this.#hashes;
    this.#sum1 -= hashes[2 * thread] as number;
    this.#sum2 -= hashes[2 * thread + 1] as number;
    this.machine.regions.hash(thread, this.#salts[thread] as number, hashes);
    this.#sum1 = (this.#sum1 + (hashes[2 * thread] as number)) | 0;
    this.#sum2 = (this.#sum2 + (hashes[2 * thread + 1] as number)) | 0;
  }

  #setKeys(): void {
    this.key1 = (this.machine.tracked.hash1 + this.#sum1) | 0;
    this.key2 = (this.machine.tracked.hash2 + this.#sum2) | 0;
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
    const header = this.#base[(this.#baseAt[thread] as number) + 3] as number;
    return (header & 3) === STATUS.ready || (header & 3) === STATUS.woken;
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
    if (action !== TICK) this.#hash(machine.running);
    if (touched !== 0)
      for (let t = 0; t < this.threads; t++) if ((touched >>> t) & 1) this.#hash(t);
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
    this.#frame(thread);
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
    const touched = machine.queues.touched | (1 << machine.running);
    for (let t = 0; t < this.threads; t++)
      if ((touched >>> t) & 1) this.#loadRegion(t, this.#baseAt[t] as number);
    if (machine.running === this.threads) {
      machine.words.set(this.#setUp, machine.regions.starts[this.threads]);
    }
    machine.accounts.footprints = this.#baseFootprints;
    this.#sum1 = this.#baseSum1;
    this.#sum2 = this.#baseSum2;
    this.#setKeys();
  }

  /** Brings back a thread's words, all but its frames. @param at - index in the base */
  #loadRegion(thread: number, at: number): void {
    const base = this.#base;
    const { words, regions } = this.machine;
    const start = regions.starts[thread] as number;
    const from = at + 3;
    const count = base[at] as number;
    for (let i = 0; i < regions.frames; i++) words[start + i] = base[from + i] as number;
    for (let i = regions.get(thread, FIELD.stack); i < count; i++) {
      words[start + i] = base[from + i] as number;
    }
    this.#framed[thread] = false;
    this.#hashes[2 * thread] = base[at + 1] as number;
    this.#hashes[2 * thread + 1] = base[at + 2] as number;
  }

  /** Brings a thread's frames into its region. */
  #frame(thread: number): void {
    if (this.#framed[thread] === true) return;
    this.#framed[thread] = true;
    const { words, regions } = this.machine;
    const start = regions.starts[thread] as number;
    const from = (this.#baseAt[thread] as number) + 3;
    const end = regions.get(thread, FIELD.stack);
    for (let i = regions.frames; i < end; i++) words[start + i] = this.#base[from + i] as number;
  }

  /** Where each thread stands: see Regions.location(). */
  locations(out: number[]): void {
    for (let t = 0; t < this.threads; t++) out[t] = this.location(t);
  }

  location(thread: number): number {
    this.#frame(thread);
    return this.machine.regions.location(thread);
  }

  /** Words that save() writes at the most. */
  get savedWords(): number {
    let sum = this.machine.tracked.savedWords + 3 * this.threads;
    for (let t = 0; t < this.threads; t++) sum += this.machine.regions.size(t);
    return sum;
  }

  /** Appends the state to `out` at `at`; returns the index behind. */
  save(out: Int32Array, at: number): number {
    const { regions, tracked } = this.machine;
    let end = tracked.save(out, at);
    for (let t = 0; t < this.threads; t++) {
      const count = regions.size(t);
      out[end++] = count;
      out[end++] = this.#hashes[2 * t] as number;
      out[end++] = this.#hashes[2 * t + 1] as number;
      // A thread whose frames are not here has not run: all its words are as they were, or but its header.
      const start = regions.starts[t] as number;
      if (this.#framed[t] === true) copy(this.machine.words, start, out, end, count);
      else this.#saveUnframed(t, out, end, count);
      end += count;
    }
    return end;
  }

  #saveUnframed(thread: number, out: Int32Array, at: number, count: number): void {
    const { words, regions } = this.machine;
    const start = regions.starts[thread] as number;
    const { frames } = regions;
    copy(words, start, out, at, frames);
    copy(
      this.#base,
      (this.#baseAt[thread] as number) + 3 + frames,
      out,
      at + frames,
      count - frames,
    );
  }

  /** Words that store() writes at the most. */
  get storedWords(): number {
    return this.machine.tracked.savedWords + 2 + this.threads;
  }

  /** As save(), in fewer words, which fetch() of this object alone understands. */
  store(out: Int32Array, at: number): number {
    const { regions, tracked, words } = this.machine;
    let end = tracked.save(out, at);
    out[end++] = this.#sum1;
    out[end++] = this.#sum2;
    const changed = this.#fetched ? this.machine.queues.touched | (1 << this.machine.running) : ~0;
    for (let t = 0; t < this.threads; t++) {
      let entry = this.#baseAt[t] as number;
      if ((changed >>> t) & 1) {
        this.#frame(t);
        const [hash1, hash2] = [this.#hashes[2 * t] as number, this.#hashes[2 * t + 1] as number];
        const start = regions.starts[t] as number;
        entry = this.components.keep(hash1, hash2, words, start, regions.size(t));
      }
      out[end++] = entry;
    }
    return end;
  }

  /** As load(), of what store() wrote. */
  fetch(from: Int32Array, at: number): void {
    let next = this.machine.tracked.load(from, at);
    this.#baseSum1 = from[next++] as number;
    this.#baseSum2 = from[next++] as number;
    this.#base = this.components.words;
    for (let t = 0; t < this.threads; t++) {
      const entry = from[next++] as number;
      // What has not changed since the last take-back is there already.
      if (this.#fetched && this.#baseAt[t] === entry) continue;
      this.#baseAt[t] = entry;
      this.#loadRegion(t, entry);
    }
    this.#fetched = true;
    this.machine.accounts.countFootprints();
    this.#baseFootprints = this.machine.accounts.footprints;
    this.#sum1 = this.#baseSum1;
    this.#sum2 = this.#baseSum2;
    this.#setKeys();
  }

  /** Goes to a saved state, which take-backs then go to; `from` is to stay as it is meanwhile. */
  load(from: Int32Array, at: number): void {
    this.#base = from;
    this.#fetched = false;
    let next = this.machine.tracked.load(from, at);
    let sum1 = 0;
    let sum2 = 0;
    for (let t = 0; t < this.threads; t++) {
      this.#baseAt[t] = next;
      this.#loadRegion(t, next);
      sum1 = (sum1 + (from[next + 1] as number)) | 0;
      sum2 = (sum2 + (from[next + 2] as number)) | 0;
      next += 3 + (from[next] as number);
    }
    this.machine.accounts.countFootprints();
    this.#baseFootprints = this.machine.accounts.footprints;
    this.#baseSum1 = sum1;
    this.#baseSum2 = sum2;
    this.#sum1 = sum1;
    this.#sum2 = sum2;
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

/** Threads that are alike have one salt: it does not matter which of them is where. */
function saltsOf(threads: readonly Thread[]): number[] {
  return threads.map(({ alike }, i) => {
    const kind = (alike ?? i) + 1;
    return mix1(kind, alike === undefined ? 1 : 2) ^ mix2(kind, 3);
  });
}

function copy(from: Int32Array, at: number, to: Int32Array, toAt: number, count: number): void {
  for (let i = 0; i < count; i++) to[toAt + i] = from[at + i] as number;
}
