// SPDX-License-Identifier: GPL-2.0-only
/** Runs the threads of a program on a coroutine machine: their scripts' calls, step by step. */
import { WAIT_TIMED_OUT } from "./futex-queues.ts";
import { WORD } from "./knowledge.ts";
import type { CoroutineMachine } from "./machine.ts";
import type { Program } from "./program.ts";
import { FIELD, STATUS } from "./regions.ts";
import { Scripts } from "./scripts.ts";
import { asViolation } from "./violation.ts";

export class Runner {
  readonly #machine: CoroutineMachine;
  readonly #program: Program;
  readonly #scripts: Scripts;

  /** Context: the machine is set up; what is in its memory now is the start. */
  constructor(machine: CoroutineMachine, program: Program) {
    this.#machine = machine;
    this.#program = program;
    this.#scripts = new Scripts(machine, program);
  }

  /** A thread's first call, up to where it first stands. Context: accounts.begin(). @throws Violation */
  begin(thread: number): void {
    this.#run(thread, () => this.#scripts.callNext(thread));
  }

  /** Goes on with a thread. Context: accounts.begin(); its frames are in place. @throws Violation */
  step(thread: number): void {
    const machine = this.#machine;
    this.#run(thread, () => {
      if (machine.regions.get(thread, FIELD.status) === STATUS.waiting) {
        machine.queues.wake(thread, WAIT_TIMED_OUT);
      }
      if (machine.proceed(thread) === "returned") this.#scripts.returned(thread);
    });
  }

  #run(thread: number, act: () => void): void {
    const machine = this.#machine;
    machine.running = thread;
    if (machine.buffer.weak) machine.buffer.enter(thread);
    this.#trying(act);
    machine.accounts.keep(thread);
    if (machine.buffer.weak) machine.buffer.leave(thread);
  }

  #trying(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#machine.afterThrow();
      throw asViolation(error);
    }
  }

  /** A store that waits reaches memory. @throws Violation */
  drain(thread: number, entry: number): void {
    const machine = this.#machine;
    machine.running = thread;
    const word = machine.buffer.drain(thread, entry);
    machine.accounts.noteEntry((word << 1) | 1);
    machine.observer?.event("drains", word << 2, thread);
    const inHeap = ((machine.tracked.flags[word] as number) & WORD.heap) !== 0;
    if (inHeap) machine.heap.checkAccess(word << 2, 4, 0);
  }

  /** The calls of the program's end, and its audit. @throws Violation */
  finish(): void {
    this.#machine.running = this.#machine.threads;
    this.#trying(() => this.#scripts.finish(this.#program));
  }
}
