// SPDX-License-Identifier: GPL-2.0-only
/** When each task was last seen to finish an operation: what a stall report says besides where it hangs. */
import { type Inspected, readTask } from "./inspect.ts";

const LOOK_EVERY_MS = 250;

export class ProgressWatch {
  readonly #machine: Inspected;
  readonly #seen: { count: number; atMs: number }[];
  readonly #timer: NodeJS.Timeout;

  constructor(machine: Inspected) {
    this.#machine = machine;
    this.#seen = Array.from({ length: machine.cpus }, () => ({ count: 0, atMs: 0 }));
    this.look();
    this.#timer = setInterval(() => this.look(), LOOK_EVERY_MS).unref();
  }

  /** Notes which counts have moved. */
  look(): void {
    const now = performance.now();
    for (const [cpu, seen] of this.#seen.entries()) {
      const count = readTask(this.#machine, cpu)?.progress ?? 0;
      if (count === seen.count && seen.atMs > 0) continue;
      seen.count = count;
      seen.atMs = now;
    }
  }

  /** Time since the CPU's count last moved, to within LOOK_EVERY_MS. */
  idleMs(cpu: number): number {
    this.look();
    return performance.now() - (this.#seen[cpu]?.atMs ?? 0);
  }

  end(): void {
    clearInterval(this.#timer);
  }
}
