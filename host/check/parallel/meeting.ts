// SPDX-License-Identifier: GPL-2.0-only
/** Where all workers of a search come together: one of them decides, while the others wait. */
import { StallError } from "../../errors.ts";
import { Channel } from "./channel.ts";
import { CAME, CONTROL, PER_WORKER, type Shared } from "./protocol.ts";

/** Looks before a worker sleeps: mostly the others are nearly there. */
const LOOKS = 2_000;

export class Meeting {
  readonly worker: number;
  readonly workers: number;
  readonly control: Int32Array<SharedArrayBuffer>;
  readonly #deadlineMs: number;
  readonly #made: Channel<SharedArrayBuffer>;

  constructor(shared: Shared, worker: number) {
    const { workers, control, deadlineMs } = shared;
    this.worker = worker;
    this.workers = workers;
    this.control = control;
    this.#deadlineMs = deadlineMs;
    this.#made = new Channel(shared, "made");
  }

  /** Plain: it is looked at again and again; who decides has met all others, and sees what they said. */
  get signals(): number {
    return this.control[CONTROL.signals] as number;
  }

  signal(bits: number): void {
    Atomics.or(this.control, CONTROL.signals, bits);
  }

  clear(bits: number): void {
    Atomics.and(this.control, CONTROL.signals, ~bits);
  }

  /**
   * Waits until all have come.
   *
   * @param decide - called by one of them, while all wait
   * @returns what that returned, to all
   * @throws StallError
   */
  meet(decide: () => number = () => 0): number {
    const { control, worker, workers } = this;
    const meetings = Atomics.load(control, CONTROL.meetings);
    Atomics.add(control, CONTROL.workers + PER_WORKER * worker + CAME, 1);
    if (Atomics.add(control, CONTROL.arrived, 1) === workers - 1) {
      Atomics.store(control, CONTROL.arrived, 0);
      Atomics.store(control, CONTROL.decision, decide());
      Atomics.store(control, CONTROL.meetings, meetings + 1);
      Atomics.notify(control, CONTROL.meetings);
    } else this.#wait(meetings);
    return Atomics.load(control, CONTROL.decision);
  }

  #wait(meetings: number): void {
    const { control } = this;
    for (let look = 0; look < LOOKS; look++) {
      if (Atomics.load(control, CONTROL.meetings) !== meetings) return;
    }
    const until = performance.now() + this.#deadlineMs;
    // A wake-up may be a late one, of the meeting before: who decided there was slow to call it.
    while (Atomics.load(control, CONTROL.meetings) === meetings) {
      const leftMs = until - performance.now();
      if (leftMs <= 0) throw new StallError(`${this.#missing(meetings)} did not come`);
      Atomics.wait(control, CONTROL.meetings, meetings, leftMs);
    }
  }

  #missing(meetings: number): string {
    const all = Array.from({ length: this.workers }, (_, i) => i);
    const came = (i: number) =>
      Atomics.load(this.control, CONTROL.workers + PER_WORKER * i + CAME) > meetings;
    return `worker ${all.filter((i) => !came(i)).join(", ")}`;
  }

  /** Memory that worker 0 makes, for all. Context: all call it. */
  share(make: () => SharedArrayBuffer): SharedArrayBuffer {
    if (this.worker !== 0) return this.#made.take();
    const made = make();
    if (this.workers > 1) this.#made.send(made);
    return made;
  }

  close(): void {
    this.#made.close();
  }
}
