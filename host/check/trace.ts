// SPDX-License-Identifier: GPL-2.0-only
/** Runs a schedule action by action, and tells what each one does as steps for people. */
import { ACCESS } from "../machine/coroutine/access-table.ts";
import { CLOCK_ADDRESS } from "../machine/coroutine/accounts.ts";
import { DRAIN, TICK } from "../machine/coroutine/choices.ts";
import type { Interleaver } from "../machine/coroutine/interleaver.ts";
import { FIELD, STATUS } from "../machine/coroutine/regions.ts";
import type { Violation } from "../machine/coroutine/violation.ts";
import { type Draft, draft } from "./draft.ts";
import { violationOf } from "./ending.ts";
import type { Names } from "./names.ts";
import { Recorder } from "./recorder.ts";

export class Trace {
  /** Index of the first step of each action. */
  readonly starts: number[] = [];
  readonly #on: Interleaver;
  readonly #names: Names;
  readonly #recorder: Recorder;
  #hasFinished = false;

  constructor(on: Interleaver, names: Names) {
    this.#on = on;
    this.#names = names;
    this.#recorder = new Recorder(on, names);
  }

  get steps(): Draft[] {
    return this.#recorder.steps;
  }

  /** The first access of the last action that raced. */
  get raced(): Draft | null {
    return this.#recorder.raced;
  }

  /** What the threads did that have not had a turn. */
  takeEarly(): Draft[] {
    const { steps } = this.#recorder;
    const count = steps.length;
    for (let t = 0; t < this.#on.threads; t++) this.#recorder.tellEarly(t);
    return steps.splice(count);
  }

  /** Back to the start. */
  restart(): Violation | null {
    this.close();
    this.starts.length = 0;
    const violation = this.#recorder.restart(() => this.#on.restart());
    if (violation !== null) this.#recorder.tellEarly(this.#on.machine.running);
    return violation;
  }

  /** Does an action: see Interleaver.perform(). */
  perform(action: number): Violation | null {
    this.starts.push(this.steps.length);
    if (action >= DRAIN) return this.#drain(action);
    if (action === TICK) return this.#tick();
    this.#recorder.tellEarly(action);
    const status = this.#on.machine.regions.get(action, FIELD.status);
    this.#recorder.begin(status === STATUS.ready);
    if (status !== STATUS.ready) this.#goesOn(action, status === STATUS.woken);
    const violation = this.#recorder.watch(() => this.#on.perform(action));
    if (violation === null) this.#noteWaiting(action);
    return violation;
  }

  /** The program's end. */
  finish(): Violation | null {
    this.#hasFinished = true;
    this.steps.push(...this.takeEarly());
    this.starts.push(this.steps.length);
    this.#recorder.begin(false);
    this.#recorder.say(this.#on.threads, "all threads have ended");
    return this.#recorder.watch(() => this.#on.finish());
  }

  /** Gives back what the program's end took; whoever goes on is to restart. */
  close(): void {
    if (this.#hasFinished) this.#on.takeBack();
    this.#hasFinished = false;
  }

  /** Of the stores of the last action those that others do not see yet. */
  #noteWaiting(thread: number): void {
    const { buffer } = this.#on.machine;
    if (!buffer.weak) return;
    const words = buffer.waiting(thread).map(({ word }) => word);
    for (const { bits, address, notes } of this.steps.slice(this.starts.at(-1))) {
      const waits = (bits & ACCESS.buffered) !== 0 && words.includes(address >>> 2);
      if (waits) notes.push("waits in the store buffer");
    }
  }

  /** The thread has slept. */
  #goesOn(thread: number, woken: boolean): void {
    const { regions } = this.#on.machine;
    const where = this.#names.where(regions.get(thread, FIELD.site));
    const object = this.#names.name(regions.get(thread, FIELD.address));
    const notes = [woken ? "is awake" : "its time is up"];
    this.#recorder.put(draft(thread, "wait", { ...where, object, notes, visible: true }));
  }

  #tick(): Violation | null {
    this.#recorder.begin(false);
    const before = this.#names.value(CLOCK_ADDRESS, 4);
    const violation = violationOf(() => this.#on.perform(TICK));
    const after = this.#names.value(CLOCK_ADDRESS, 4);
    const thread = this.#on.sleepers()[0]?.thread ?? 0;
    const notes = ["every time limit passes"];
    const more = { fn: "clock", object: "clock", before, after, visible: true, notes };
    this.#recorder.put(draft(thread, "tick", more));
    return violation;
  }

  #drain(action: number): Violation | null {
    const [thread, entry] = [(action - DRAIN) >>> 4, action & 15];
    this.#recorder.begin(false);
    this.#recorder.tellEarly(thread);
    const { word = 0, value = 0 } = this.#on.machine.buffer.waiting(thread)[entry] ?? {};
    const address = word << 2;
    this.#recorder.put(
      draft(thread, "drain", {
        ...{ fn: "store buffer", object: this.#names.name(address), visible: true },
        ...{ before: this.#names.value(address, 4), after: this.#names.format(value) },
        ...{ address, bytes: 4, bits: ACCESS.write | ACCESS.marked },
        notes: ["others see it from here on"],
      }),
    );
    return violationOf(() => this.#on.perform(action));
  }
}
