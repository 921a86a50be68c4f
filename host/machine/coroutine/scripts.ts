// SPDX-License-Identifier: GPL-2.0-only
/** Makes the calls of the threads' scripts, one behind the other. */
import type { CoroutineMachine } from "./machine.ts";
import { type Argument, type Call, isRef, type Program, type Thread } from "./program.ts";
import { FIELD, KEPT_MOST, STATUS } from "./regions.ts";
import { Violation } from "./violation.ts";

/** Names under which a thread keeps results, by place. */
function keptNames({ calls }: Thread): string[] {
  const names = calls.map(({ keep }) => keep).filter((keep) => keep !== undefined);
  return [...new Set(names)];
}

/** Words that the threads need for what they keep. */
function keptWords(threads: readonly Thread[]): number {
  return Math.max(0, ...threads.map((thread) => keptNames(thread).length));
}

export class Scripts {
  readonly #machine: CoroutineMachine;
  readonly #threads: readonly Thread[];
  /** Whether what a thread keeps is gone with its end: else Program.outcome wants it. */
  readonly #forgets: boolean;
  readonly #names: readonly (readonly string[])[];

  constructor(machine: CoroutineMachine, program: Program) {
    const { threads, outcome } = program;
    this.#machine = machine;
    this.#threads = threads;
    this.#forgets = outcome === undefined;
    this.#names = threads.map(keptNames);
    const most = keptWords(threads);
    if (most > KEPT_MOST) throw new Error(`[harness bug] a script keeps ${most} results`);
    machine.regions.reserveKept(most);
  }

  #place(thread: number, name: string): number {
    const place = (this.#names[thread] as readonly string[]).indexOf(name);
    if (place < 0) throw new Error(`[harness bug] nothing keeps ${name}`);
    return place;
  }

  #argument(thread: number, argument: Argument): number | bigint {
    if (!isRef(argument)) return argument;
    return this.#machine.regions.kept(thread, this.#place(thread, argument.ref));
  }

  #isLeftOut(thread: number, { unlessFailed }: Call): boolean {
    if (unlessFailed === undefined) return false;
    return this.#machine.regions.kept(thread, this.#place(thread, unlessFailed)) < 0;
  }

  /**
   * Makes the next call of the thread, and what follows if that returns at once. A thread that goes on for
   * ever ends when it has come round without anything that others may notice: if they do, which a later
   * run finds, it is taken off there from then on. @throws Violation
   */
  callNext(thread: number): void {
    const { regions } = this.#machine;
    const { calls, forever } = this.#threads[thread] as Thread;
    let begins = 0;
    for (;;) {
      const index = regions.get(thread, FIELD.call);
      const call = calls[index];
      if (call === undefined) {
        if (forever !== true || ++begins > 1) break;
        regions.set(thread, FIELD.call, 0);
      } else if (this.#isLeftOut(thread, call)) {
        regions.set(thread, FIELD.call, index + 1);
      } else {
        const args = (call.args ?? []).map((argument) => this.#argument(thread, argument));
        this.#machine.observer?.event("calls", thread, index);
        if (this.#machine.start(thread, call.fn, args) === "off") return;
        this.#keep(thread);
      }
    }
    this.#end(thread);
  }

  #end(thread: number): void {
    const { regions } = this.#machine;
    regions.set(thread, FIELD.status, STATUS.done);
    regions.set(thread, FIELD.call, 0);
    if (this.#forgets) regions.forget(thread);
  }

  /** The call that the thread was making has returned. @throws Violation */
  #keep(thread: number): void {
    const machine = this.#machine;
    const { calls } = this.#threads[thread] as Thread;
    const index = machine.regions.get(thread, FIELD.call);
    const { fn, expect, keep } = calls[index] as Call;
    const result = Number(machine.result) | 0;
    machine.observer?.event("returns", thread, result);
    if (expect !== undefined && !expect.includes(result)) {
      throw new Violation("wrong result", `${fn} returned ${result}`);
    }
    if (keep !== undefined) machine.regions.keep(thread, this.#place(thread, keep), result);
    machine.regions.set(thread, FIELD.call, index + 1);
  }

  /** The same, and goes on with the script. @throws Violation */
  returned(thread: number): void {
    this.#keep(thread);
    this.callNext(thread);
  }

  /** What a thread kept under `name`. */
  kept(thread: number, name: string): number {
    return this.#machine.regions.kept(thread, this.#place(thread, name));
  }

  /** The calls of the end, and the audit. @throws Violation */
  finish({ end, audit }: Program): void {
    for (const { fn, args = [], expect } of end) {
      const result = Number(this.#machine.call(fn, ...(args as (number | bigint)[]))) | 0;
      if (expect === undefined || expect.includes(result)) continue;
      throw new Violation("wrong result", `at the end ${fn} returned ${result}`);
    }
    audit?.(this.#machine);
  }
}
