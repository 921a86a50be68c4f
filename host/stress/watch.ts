// SPDX-License-Identifier: GPL-2.0-only
/**
 * Looks at a running storm every TICK_MS, and ends it: when a task makes no progress, when the caller
 * wants no more, or at the first violation where one is enough.
 */
import type { TaskState } from "../machine/inspect.ts";
import type { Machine } from "../machine/machine.ts";
import { waitText } from "../machine/waits.ts";
import type { Violation } from "../result/result.ts";
import { hungAfterMs, type StormRequest } from "./request.ts";

const TICK_MS = 50;
/** Who has not left so long after a first violation hangs in what that broke. */
const GRACE_MS = 2_000;

export class Watch {
  /** Tasks that hang; each was told to end, and the machine fails unless they all do. */
  readonly found: Violation[] = [];
  readonly #machine: Machine;
  readonly #request: StormRequest;
  readonly #end: (why: Error) => void;
  readonly #hungMs: number;
  readonly #timer: NodeJS.Timeout;
  readonly #started = performance.now();
  readonly #last: { progress: number; at: number }[];
  /** When the first violation was seen, where that ends the storm. */
  #violatedAt: number | null = null;

  /** @param end - aborts the machine: what does not return within a second is lost */
  constructor(machine: Machine, request: StormRequest, end: (why: Error) => void) {
    this.#machine = machine;
    this.#request = request;
    this.#end = end;
    this.#hungMs = hungAfterMs(request);
    this.#last = machine.tasks().map(({ progress }) => ({ progress, at: this.#started }));
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const { signal, onTick, stopAtFirst } = this.#request;
    onTick?.(performance.now() - this.#started);
    if (signal.aborted) this.#end(new Error("interrupted"));
    if (stopAtFirst) this.#stopAtFirst();
    const hung = this.#machine.tasks().filter((task) => this.#hangs(task));
    if (hung.length === 0 || this.found.length > 0) return;
    this.found.push(...hung.map((task) => hungTask(task, this.#hungMs)));
    this.#end(new Error("hung task"));
  }

  #stopAtFirst(): void {
    const now = performance.now();
    if (this.#violatedAt !== null) {
      if (now - this.#violatedAt > GRACE_MS) this.#end(new Error("a first violation"));
    } else if (this.#machine.events()["EV_VIOLATION"] !== 0n) {
      this.#violatedAt = now;
      this.#machine.stop();
    }
  }

  /** Who waits for the others at a meeting does not hang: one of the others does. */
  #hangs(task: TaskState): boolean {
    const now = performance.now();
    const last = this.#last[task.cpu];
    if (last === undefined) return false;
    if (last.progress !== task.progress || task.wait === "WAIT_RENDEZVOUS") {
      this.#last[task.cpu] = { progress: task.progress, at: now };
      return false;
    }
    return now - last.at > this.#hungMs;
  }
}

function hungTask(task: TaskState, hungMs: number): Violation {
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  const waits = waitText(task, (address) => `0x${address.toString(16)}`);
  const where = waits === null ? "it runs" : `it ${waits} for ${seconds(task.waitedMs)}`;
  const detail = `CPU ${task.cpu} did nothing for more than ${seconds(hungMs)}: ${where}`;
  return { property: "hung task", detail };
}
