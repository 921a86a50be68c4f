// SPDX-License-Identifier: GPL-2.0-only
/**
 * A program of threads on a coroutine machine, as who explores its schedules sees it: what can be done
 * next, doing it, taking it back, and the state as bytes and as a hash.
 *
 * An action is a thread that goes on, or TICK: the clock passes every time limit that is running. The
 * clock may tick `ticks` times at any moment; and whenever nobody else can go on and somebody's wait has
 * a limit.
 */
import { HEADER_WORDS, KEPT_WORDS, STATUS, T } from "./layout.ts";
import type { CoroutineMachine } from "./machine.ts";
import type { Argument, Call, Program, Thread } from "./program.ts";
import { Violation } from "./violation.ts";

export const TICK = 31;
const TICKS_MOST = 1000;

export class Interleaver {
  readonly machine: CoroutineMachine;
  readonly program: Program;
  readonly threads: number;
  readonly #ticks: number;
  /** Two lanes a thread, and their sums over the threads. */
  readonly #hashes: Int32Array;
  /** What tells threads apart in the hash: the same for those that are alike. */
  readonly #salts: readonly number[];
  /** The state that take-backs go to: saved words, and where each thread's region begins in them. */
  #base: Int32Array = new Int32Array(0);
  readonly #baseAt: number[] = [];
  /** Header of the set-up's region, which finish() changes. */
  readonly #setUp: Int32Array;
  #baseEnd = 0;

  /**
   * @param ticks - how often the clock may tick while somebody could go on
   * Context: the machine is set up; what is in its memory now is the start.
   */
  constructor(machine: CoroutineMachine, program: Program, ticks: number) {
    this.machine = machine;
    this.program = program;
    this.threads = program.threads.length;
    this.#ticks = ticks;
    this.#hashes = new Int32Array(2 * this.threads);
    this.#salts = saltsOf(program.threads);
    if (ticks > 0) machine.contendClock();
    machine.tracked.setStart();
    const region = machine.layout.regions[this.threads] as number;
    this.#setUp = machine.words.slice(region, region + HEADER_WORDS);
  }

  /** Back to the start, where each thread stands before its first step. @throws Violation */
  restart(): void {
    const { machine } = this;
    machine.tracked.reset();
    machine.tracked.begin();
    machine.touched = 0;
    for (let t = 0; t < this.threads; t++) {
      const first = machine.layout.regions[t] as number;
      machine.words.fill(0, first, first + HEADER_WORDS);
      machine.set(t, T.stack, HEADER_WORDS);
    }
    for (let t = 0; t < this.threads; t++) {
      machine.clearFootprint();
      this.#callNext(t);
      machine.keepFootprint(t);
    }
    machine.tracked.settle();
    for (let t = 0; t < this.threads; t++) this.#hash(t);
  }

  #hash(thread: number): void {
    this.machine.hashRegion(thread, this.#salts[thread] as number, this.#hashes);
  }

  /** The state's hash, in two lanes. */
  get key1(): number {
    let sum = this.machine.tracked.hash1;
    for (let t = 0; t < this.threads; t++) sum += this.#hashes[2 * t] as number;
    return sum | 0;
  }

  get key2(): number {
    let sum = this.machine.tracked.hash2;
    for (let t = 0; t < this.threads; t++) sum += this.#hashes[2 * t + 1] as number;
    return sum | 0;
  }

  /** Whether the thread has ended. */
  ended(thread: number): boolean {
    return this.machine.get(thread, T.status) === STATUS.done;
  }

  canRun(thread: number): boolean {
    const { machine } = this;
    const status = machine.get(thread, T.status);
    if (status === STATUS.done) return false;
    if (status !== STATUS.waiting) return true;
    const deadline = machine.get(thread, T.deadline);
    return deadline > 0 && deadline <= machine.now();
  }

  /** Writes the actions that are possible; returns how many. */
  actions(out: number[]): number {
    const { machine, threads } = this;
    let count = 0;
    let limited = false;
    for (let t = 0; t < threads; t++) {
      if (this.canRun(t)) out[count++] = t;
      else if (machine.get(t, T.deadline) > 0) limited = true;
    }
    const now = machine.now();
    const early = now < this.#ticks && count > 0;
    if (early || (count === 0 && limited && now < TICKS_MOST)) out[count++] = TICK;
    return count;
  }

  /** Whether all threads have ended. */
  get finished(): boolean {
    for (let t = 0; t < this.threads; t++) {
      if (this.machine.get(t, T.status) !== STATUS.done) return false;
    }
    return true;
  }

  /** Threads that sleep, and whether the word that they sleep on is not what it was. */
  sleepers(): { name: string; thread: number; address: number; changed: boolean }[] {
    const { machine, program } = this;
    return program.threads.flatMap(({ name }, thread) => {
      if (machine.get(thread, T.status) !== STATUS.waiting) return [];
      const address = machine.get(thread, T.address);
      const changed = machine.words[address >>> 2] !== machine.get(thread, T.expected);
      return [{ name, thread, address, changed }];
    });
  }

  /** Does an action. @throws Violation: takeBack() is to follow all the same */
  perform(action: number): void {
    const { machine } = this;
    machine.tracked.begin();
    machine.touched = 0;
    if (action === TICK) {
      machine.tick();
      machine.tracked.settle();
      return;
    }
    try {
      if (machine.get(action, T.status) === STATUS.waiting) machine.timeOut(action);
      if (machine.proceed(action) === "returned") this.#returned(action);
    } catch (error) {
      machine.afterThrow();
      throw error;
    }
    machine.keepFootprint(action);
    machine.tracked.settle();
    this.#hash(action);
    if (machine.touched === 0) return;
    for (let t = 0; t < this.threads; t++) if ((machine.touched >>> t) & 1) this.#hash(t);
  }

  /** The call that `thread` was making has returned. */
  #returned(thread: number): void {
    const { machine } = this;
    const { calls } = this.program.threads[thread] as Thread;
    const index = machine.get(thread, T.call);
    const call = calls[index] as Call;
    const result = Number(machine.result) | 0;
    if (call.expect !== undefined && !call.expect.includes(result)) {
      throw new Violation("wrong result", `${call.fn} returned ${result}`);
    }
    if (call.keep !== undefined) machine.set(thread, this.#keptAt(thread, call.keep), result);
    machine.set(thread, T.call, index + 1);
    this.#callNext(thread);
  }

  #keptAt(thread: number, name: string): number {
    const { calls } = this.program.threads[thread] as Thread;
    const names = [...new Set(calls.map(({ keep }) => keep).filter((keep) => keep !== undefined))];
    const index = names.indexOf(name);
    if (index < 0 || index >= KEPT_WORDS) throw new Error(`[harness bug] nothing keeps ${name}`);
    return T.kept + index;
  }

  #argument(thread: number, argument: Argument): number | bigint {
    if (typeof argument !== "object") return argument;
    return this.machine.get(thread, this.#keptAt(thread, argument.ref));
  }

  /** Makes the calls of the script from where it is, until one is taken off, or they are at their end. */
  #callNext(thread: number): void {
    const { machine } = this;
    const { calls, forever } = this.program.threads[thread] as Thread;
    for (;;) {
      const index = machine.get(thread, T.call);
      const call = calls[index];
      if (call === undefined) {
        if (forever !== true) break;
        machine.set(thread, T.call, 0);
        continue;
      }
      const gate = call.unlessFailed;
      if (gate !== undefined && machine.get(thread, this.#keptAt(thread, gate)) < 0) {
        machine.set(thread, T.call, index + 1);
        continue;
      }
      const args = (call.args ?? []).map((argument) => this.#argument(thread, argument));
      if (machine.start(thread, call.fn, args) === "off") return;
      this.#returned(thread);
      return;
    }
    machine.set(thread, T.status, STATUS.done);
    machine.set(thread, T.call, 0);
    for (let i = 0; i < KEPT_WORDS; i++) machine.set(thread, T.kept + i, 0);
  }

  /** Takes the last action back. */
  takeBack(): void {
    const { machine } = this;
    machine.tracked.undo();
    const touched = machine.touched | (1 << machine.running);
    for (let t = 0; t < this.threads; t++) if ((touched >>> t) & 1) this.#loadRegion(t);
    if (machine.running === this.threads) {
      machine.words.set(this.#setUp, machine.layout.regions[this.threads]);
    }
  }

  #loadRegion(thread: number): void {
    const at = this.#baseAt[thread] as number;
    const count = this.#base[at] as number;
    const region = this.machine.layout.regions[thread] as number;
    const { words } = this.machine;
    for (let i = 0; i < count; i++) words[region + i] = this.#base[at + 3 + i] as number;
    this.#hashes[2 * thread] = this.#base[at + 1] as number;
    this.#hashes[2 * thread + 1] = this.#base[at + 2] as number;
  }

  /** Words that save() would write. */
  get savedWords(): number {
    let sum = this.machine.tracked.savedWords + 3 * this.threads;
    for (let t = 0; t < this.threads; t++) sum += this.machine.regionWords(t);
    return sum;
  }

  /** Appends the state to `out` at `at`; returns the index behind. */
  save(out: Int32Array, at: number): number {
    let end = this.machine.tracked.save(out, at);
    const { words, layout } = this.machine;
    for (let t = 0; t < this.threads; t++) {
      const count = this.machine.regionWords(t);
      const region = layout.regions[t] as number;
      out[end++] = count;
      out[end++] = this.#hashes[2 * t] as number;
      out[end++] = this.#hashes[2 * t + 1] as number;
      for (let i = 0; i < count; i++) out[end++] = words[region + i] as number;
    }
    return end;
  }

  /** Goes to a saved state, which take-backs then go to; `from` is to stay as it is meanwhile. */
  load(from: Int32Array, at: number): void {
    this.#base = from;
    let next = this.machine.tracked.load(from, at);
    for (let t = 0; t < this.threads; t++) {
      this.#baseAt[t] = next;
      this.#loadRegion(t);
      next += 3 + (from[next] as number);
    }
    this.#baseEnd = next;
  }

  /** Index behind the state that load() went to. */
  get loadedEnd(): number {
    return this.#baseEnd;
  }

  /** Runs the calls of the program's end, and looks for leaks. @throws Violation */
  finish(): void {
    const { machine, program } = this;
    machine.tracked.begin();
    machine.touched = 0;
    machine.running = this.threads;
    try {
      for (const { fn, args = [], expect } of program.end) {
        const result = Number(machine.call(fn, ...(args as (number | bigint)[]))) | 0;
        if (expect !== undefined && !expect.includes(result)) {
          throw new Violation("wrong result", `at the end ${fn} returned ${result}`);
        }
      }
      program.audit?.(machine);
    } catch (error) {
      machine.afterThrow();
      throw error;
    }
  }
}

/** Threads of one name and equal scripts are alike when the program says that CPUs do not matter. */
function saltsOf(threads: readonly Thread[]): number[] {
  return threads.map(({ alike }, i) => Math.imul((alike ?? i) + 1, 0x9e3779b1));
}
