// SPDX-License-Identifier: GPL-2.0-only
/**
 * A program of threads on a coroutine machine, as who explores its schedules sees it: what can be done
 * next (choices.ts), doing it, taking it back, and the state as words and as a hash.
 */
import { Choices, DRAIN, TICK } from "./choices.ts";
import { Components } from "./components.ts";
import { ForeignParts } from "./foreign-parts.ts";
import type { CoroutineMachine } from "./machine.ts";
import { MemoryStates } from "./memory-states.ts";
import type { Program } from "./program.ts";
import { FIELD, STATUS } from "./regions.ts";
import { RememberedSteps } from "./remembered-steps.ts";
import { Runner } from "./runner.ts";
import { ThreadStates } from "./thread-states.ts";
import type { Violation } from "./violation.ts";

export class Interleaver extends Choices {
  /** The state's hash, in two lanes. */
  key1 = 0;
  key2 = 0;
  /** The same, of where an action leads: see foresee(). */
  nextKey1 = 0;
  nextKey2 = 0;
  /** Accesses that each thread made before it first stood: see restart(). */
  readonly begun: number[] = [];
  /** Whether steps from states that were loaded are run once, and then done by what is remembered of them. */
  remembers = true;
  readonly #runner: Runner;
  readonly #components = new Components();
  readonly #memory: MemoryStates;
  /** By machine; null: this one. */
  #foreign: readonly (ForeignParts | null)[] = [];
  #adopted = new Int32Array(0);
  readonly #states: ThreadStates;
  readonly #remembered: RememberedSteps;
  #baseFootprints = 0;
  /** The region of the set-up, which finish() changes. */
  readonly #setUp: Int32Array;

  /**
   * @param ticks - how often the clock may tick while somebody could go on
   * Context: the machine is set up; what is in its memory now is the start.
   */
  constructor(machine: CoroutineMachine, program: Program, ticks: number) {
    super(machine, program, ticks);
    this.#runner = new Runner(machine, program);
    this.#states = new ThreadStates(machine, program.threads, this.#components);
    const { tracked, accounts, queues } = machine;
    this.#memory = new MemoryStates(tracked, this.#components);
    this.#remembered = new RememberedSteps(tracked, accounts, queues);
    if (ticks > 0) machine.contendClock();
    machine.tracked.setStart();
    const { regions } = machine;
    const start = regions.starts[this.threads] as number;
    this.#setUp = machine.words.slice(start, start + regions.frames);
  }

  /** Back to the start, where each thread stands before its first step. @throws Violation */
  restart(): void {
    const { machine } = this;
    this.#memory.reset();
    machine.tracked.begin();
    machine.queues.begin();
    machine.accounts.footprints = 0;
    this.#states.clear();
    machine.words.set(this.#setUp, machine.regions.starts[this.threads]);
    let race: Violation | null = null;
    for (let t = 0; t < this.threads; t++) {
      machine.accounts.begin();
      this.#runner.begin(t);
      race ??= machine.accounts.race;
      this.begun[t] = machine.accounts.accesses;
    }
    machine.accounts.race = race;
    machine.tracked.settle();
    for (let t = 0; t < this.threads; t++) this.#states.hash(t);
    this.#setKeys();
    this.rebase();
    this.#watch();
  }

  /** Take-backs go to the state that is now. */
  rebase(): void {
    this.#memory.rebase();
    this.#states.rebase();
    this.#setBase();
  }

  #setKeys(): void {
    this.key1 = (this.machine.tracked.hash1 + this.#states.sum1) | 0;
    this.key2 = (this.machine.tracked.hash2 + this.#states.sum2) | 0;
  }

  /** canRun() of a thread in the state that take-backs go to. */
  couldRun(thread: number): boolean {
    const status = this.#states.baseStatus(thread);
    return status === STATUS.ready || status === STATUS.woken;
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
    machine.queues.begin();
    if (action >= TICK || !this.#recall(action)) this.#run(action);
    this.#watch();
  }

  /** The record of the step that a thread is about to make; 0 when it is to be run. */
  #recorded(thread: number): number {
    const { machine } = this;
    const from = this.#states.keptAt(thread);
    if (from < 0 || machine.observer !== null || !this.remembers) return 0;
    return this.#remembered.find(thread, from, machine.regions.get(thread, FIELD.address) >>> 2);
  }

  /**
   * Looks where an action leads, without doing it: sets nextKey1 and nextKey2.
   *
   * @returns false when it is to be performed to know that; else it has no race, and breaks nothing
   */
  foresee(action: number): boolean {
    const isWatched = this.program.watch !== undefined;
    const step = action < TICK && !isWatched ? this.#recorded(action) : 0;
    if (step === 0) return false;
    this.nextKey1 = (this.key1 + this.#remembered.keyChange1(step)) | 0;
    this.nextKey2 = (this.key2 + this.#remembered.keyChange2(step)) | 0;
    return true;
  }

  /** Makes the step of a thread by what is remembered of it. @returns false when nothing is */
  #recall(thread: number): boolean {
    const step = this.#recorded(thread);
    if (step === 0) return false;
    this.machine.running = thread;
    this.#states.become(thread, this.#remembered.redo(step));
    this.machine.accounts.countFootprint(thread);
    this.#setKeys();
    return true;
  }

  #run(action: number): void {
    const { machine, key1, key2 } = this;
    const from = action < TICK ? this.#states.keptAt(action) : -1;
    if (action >= DRAIN) this.#runner.drain((action - DRAIN) >>> 4, action & 15);
    else if (action === TICK) machine.tick();
    else {
      this.#states.frame(action);
      this.#runner.step(action);
    }
    machine.tracked.settle();
    const { touched } = machine.queues;
    if (action !== TICK) this.#states.hash(machine.running);
    if (touched !== 0)
      for (let t = 0; t < this.threads; t++) if ((touched >>> t) & 1) this.#states.hash(t);
    this.#setKeys();
    if (from < 0 || machine.observer !== null || !this.remembers) return;
    if (!this.#remembered.canRemember) return;
    const to = this.#states.keep(action);
    this.#remembered.remember(from, to, (this.key1 - key1) | 0, (this.key2 - key2) | 0);
  }

  #watch(): void {
    const told = this.program.watch?.(this) ?? null;
    if (told !== null) throw told;
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

  /** Words that store() writes at the most. */
  get storedWords(): number {
    return this.#memory.storedWords + this.#states.storedWords;
  }

  /**
   * Appends the state to `out` at `at`, as places of its parts, which fetch() of this object understands;
   * returns the index behind.
   *
   * Context: it is the one that take-backs go to, or one action from there.
   */
  store(out: Int32Array, at: number): number {
    return this.#states.store(out, this.#memory.store(out, at));
  }

  /** Whether there is hardly any room left for the parts of states that others read: see shareParts(). */
  get storeIsFull(): boolean {
    return this.#components.isFull;
  }

  /** Of memory, for the parts of states, and for steps. */
  get storeBytes(): number {
    return this.#components.bytes + this.#remembered.bytes;
  }

  /**
   * Keeps the parts of states where machines on other threads of the host read them, and reads theirs.
   *
   * @param buffers - of each machine, which can grow
   * @param own - the number of this one
   * Context: nothing was explored yet; all machines were set up in the same way.
   */
  shareParts(buffers: readonly SharedArrayBuffer[], own: number): void {
    this.#components.share(buffers[own] as SharedArrayBuffer);
    this.#foreign = buffers.map((buffer, machine) =>
      machine === own ? null : new ForeignParts(buffer, this.#components),
    );
  }

  /** As fetch(), of what the store() of machine `owner` wrote. */
  fetchFrom(owner: number, from: Int32Array, at: number): void {
    const parts = this.#foreign[owner];
    if (parts === null || parts === undefined) {
      this.fetch(from, at);
      return;
    }
    const words = MemoryStates.storedWordsOf(from, at) + this.#states.storedWords;
    if (this.#adopted.length < words) this.#adopted = new Int32Array(2 * words);
    for (let i = 0; i < words; i++) this.#adopted[i] = from[at + i] as number;
    this.#states.adopt(this.#adopted, MemoryStates.adopt(this.#adopted, 0, parts), parts);
    this.fetch(this.#adopted, 0);
  }

  /** Goes to a stored state, which take-backs then go to. Context: what was done is taken back. */
  fetch(from: Int32Array, at: number): void {
    this.#states.fetch(from, this.#memory.fetch(from, at));
    this.#setBase();
  }

  #setBase(): void {
    this.#remembered.refresh();
    this.machine.accounts.countFootprints();
    this.#baseFootprints = this.machine.accounts.footprints;
    this.#setKeys();
  }

  /** Runs the calls of the program's end, and looks for leaks. @throws Violation */
  finish(): void {
    const { machine } = this;
    machine.tracked.begin();
    machine.queues.begin();
    this.#runner.finish();
  }
}
