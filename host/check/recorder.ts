// SPDX-License-Identifier: GPL-2.0-only
/**
 * Watches a machine, and writes each access and event down as a step for people.
 *
 * What a thread did before its first turn is kept apart, and told at that turn: nobody could notice it.
 * Values behind an access are read when the next thing happens. Notes of a step stand in the order in
 * which things happened; but that it sleeps is said first, for who draws it.
 */
import { errnoName } from "../abi/errno.ts";
import { ACCESS, ACCESS_BYTES_SHIFT } from "../machine/coroutine/access-table.ts";
import type { Interleaver } from "../machine/coroutine/interleaver.ts";
import { WORD } from "../machine/coroutine/knowledge.ts";
import type { Observer } from "../machine/coroutine/observer.ts";
import { type Argument, type Call, isRef } from "../machine/coroutine/program.ts";
import { FIELD } from "../machine/coroutine/regions.ts";
import type { Violation } from "../machine/coroutine/violation.ts";
import { waitOf } from "./aftermath.ts";
import { accessName, type Draft, draft } from "./draft.ts";
import { violationOf } from "./ending.ts";
import type { Names } from "./names.ts";

/** Calls that bring a CPU online and offline around others: no news. */
const BRACKETS: ReadonlySet<string> = new Set(["cpu_enter", "cpu_leave"]);

export class Recorder implements Observer {
  readonly steps: Draft[] = [];
  /** The first access since begin() that raced. */
  raced: Draft | null = null;
  readonly #on: Interleaver;
  readonly #names: Names;
  /** What each thread did before its first turn; what is to be said of its next step. */
  #early: readonly Draft[][] = [];
  #pending: readonly string[][] = [];
  /** The last access, whose value behind it is not known yet. */
  #open: Draft | null = null;
  #isVisible = false;
  #hasBegun = false;

  constructor(on: Interleaver, names: Names) {
    this.#on = on;
    this.#names = names;
  }

  /** Forgets all, and writes down how the threads begin. */
  restart(act: () => void): Violation | null {
    const threads = Array.from({ length: this.#on.threads + 1 });
    this.steps.length = 0;
    this.raced = null;
    this.#early = threads.map(() => []);
    this.#pending = threads.map(() => []);
    this.#names.restart();
    this.#hasBegun = false;
    const violation = this.watch(act);
    this.#hasBegun = true;
    return violation;
  }

  /** An action begins. @param isVisible - whether others could have come before its first access */
  begin(isVisible: boolean): void {
    this.raced = null;
    this.#isVisible = isVisible;
  }

  watch(act: () => void): Violation | null {
    const { machine } = this.#on;
    machine.observer = this;
    const violation = violationOf(act);
    machine.observer = null;
    this.#settle();
    return violation;
  }

  /** Puts what the thread did before its first turn behind what there is. */
  tellEarly(thread: number): void {
    this.steps.push(...(this.#early[thread] ?? []).splice(0));
  }

  /** Something to be said of the thread's next step. */
  say(thread: number, note: string): void {
    this.#pending[thread]?.push(note);
  }

  put(step: Draft): void {
    const notes = this.#pending[step.thread]?.splice(0) ?? [];
    step.notes.unshift(...notes);
    (this.#hasBegun ? this.steps : this.#early[step.thread])?.push(step);
  }

  #last(): Draft | undefined {
    const { running } = this.#on.machine;
    return (this.#hasBegun ? this.steps : this.#early[running])?.at(-1);
  }

  /** Reads what the last access left, and whether it raced. */
  #settle(): void {
    const step = this.#open;
    this.#open = null;
    if (step === null) return;
    if (this.#on.race !== null) this.raced ??= step;
    const said = (begin: string) => step.notes.some((note) => note.startsWith(begin));
    if ((step.bits & ACCESS.notify) !== 0) {
      if (!said("wakes")) step.notes.push("wakes nobody");
      return;
    }
    if ((step.bits & ACCESS.write) !== 0) step.after = this.#after(step);
    if ((step.bits & ACCESS.wait) !== 0 && !said("sleeps")) step.notes.push("does not sleep");
    const fails = step.access === "compare-exchange" && step.after === step.before;
    if (fails) step.after = "no change";
  }

  /** As the thread sees it: behind its step, what waits in its store buffer is not in memory. */
  #after({ thread, address, bytes, bits }: Draft): string {
    const { buffer, tracked } = this.#on.machine;
    const now = this.#names.value(address, bytes);
    if (!buffer.weak || (bits & ACCESS.buffered) === 0 || thread >= this.#on.threads) return now;
    if (((tracked.flags[address >>> 2] as number) & WORD.contended) === 0) return now;
    const waiting = buffer.waiting(thread).findLast(({ word }) => word === address >>> 2);
    return waiting === undefined ? now : this.#names.format(waiting.value);
  }

  access(address: number, bits: number, site: number): void {
    this.#settle();
    const { machine, threads } = this.#on;
    const bytes = bits >>> ACCESS_BYTES_SHIFT;
    const found = machine.sites[site - 1];
    const reads = bytes > 0 && (bits & ACCESS.notify) === 0;
    const step = draft(machine.running, found ? accessName(found, bits) : "store", {
      ...this.#names.where(site),
      ...{ object: this.#names.name(address), address, bytes, bits },
      before: reads ? this.#names.value(address, bytes) : null,
      visible: this.#isVisible && machine.running < threads,
    });
    this.#isVisible = false;
    this.put(step);
    if (bytes > 0) this.#open = step;
  }

  event(what: string, address: number, value: number, site = 0): void {
    if (what === "sleeps on") this.#last()?.notes.unshift(this.#sleeps(address));
    if (what === "wakes") this.#last()?.notes.push(`wakes ${this.#names.threads[value]}`);
    this.#settle();
    const put = (access: string, more: Partial<Draft>) =>
      this.put(draft(this.#on.machine.running, access, { ...this.#names.where(site), ...more }));
    switch (what) {
      case "calls":
        this.#calls(address, value);
        return;
      case "returns":
        this.#returns(address, value);
        return;
      case "allocates":
        if (address !== 0) this.#names.allocated(address);
        put("kmalloc", { object: this.#names.target(address), before: `${value} bytes` });
        return;
      case "frees":
        put("kfree", {
          ...{ object: this.#names.target(address), address, notes: ["freed"] },
          visible: this.#isVisible && this.#on.machine.running < this.#on.threads,
        });
        this.#isVisible = false;
        return;
      case "panics":
      case "logs":
        put("report", { notes: ["the kernel's own check fails"] });
    }
  }

  /** `sleeps on cpu1.task.state: waits to write-lock rwsem sem` */
  #sleeps(address: number): string {
    const waits = waitOf(this.#on, this.#names, this.#on.machine.running);
    const word = `sleeps on ${this.#names.name(address)}`;
    return waits === null ? word : `${word}: ${waits}`;
  }

  #calls(thread: number, index: number): void {
    const call = this.#on.program.threads[thread]?.calls[index];
    if (call === undefined || BRACKETS.has(call.fn)) return;
    this.say(thread, `begins ${this.#describe(call)}`);
  }

  #returns(thread: number, result: number): void {
    const { machine, program } = this.#on;
    const call = program.threads[thread]?.calls[machine.regions.get(thread, FIELD.call)];
    if (call === undefined || BRACKETS.has(call.fn)) return;
    const last = this.#pending[thread]?.length === 0 ? this.#last() : undefined;
    const said = `${call.fn}() returns ${result < 0 ? `-${errnoName(result)}` : result}`;
    if (last?.thread === thread) last.notes.push(said);
    else this.say(thread, said);
  }

  /** `sys_ioctl(fd, 0xc030ce02, &cpu0.user)` */
  #describe({ fn, args = [] }: Call): string {
    const said = (argument: Argument) =>
      isRef(argument) ? argument.ref : this.#names.format(Number(argument));
    return `${fn}(${args.map(said).join(", ")})`;
  }
}
