// SPDX-License-Identifier: GPL-2.0-only
/** The worker threads of a parallel search, as who asks for it sees them: started, looked after, ended. */
import { randomUUID } from "node:crypto";
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { MachineError, StallError, UsageError } from "../../errors.ts";
import {
  type Assignment,
  CAME,
  CONTROL,
  type Ended,
  FIGURE,
  newShared,
  PER_WORKER,
  type Place,
  type Shared,
  SIGNAL,
  sumOf,
  type VariantSource,
} from "./protocol.ts";

const WORKER_URL = new URL(`./worker${extname(import.meta.url)}`, import.meta.url);
const LOOK_EVERY_MS = 100;

export class Crew {
  readonly shared: Shared;
  readonly #workers: readonly Worker[];

  /**
   * Starts the threads, which takes them a while: they wait for begin().
   *
   * @param workers - how many, besides the thread that calls
   * @throws UsageError for none
   */
  constructor(workers: number, source: VariantSource) {
    if (workers < 1) throw new UsageError(`--workers ${workers}: at least 1`);
    const shared = newShared(workers, `hotunplug check ${randomUUID()}`);
    this.shared = shared;
    this.#workers = Array.from({ length: workers }, (_, worker) => {
      const workerData: Place = { shared, worker, source };
      // No flags of node's: what fits a script from the command line fits no worker.
      return new Worker(WORKER_URL, { workerData, execArgv: [], trackUnmanagedFds: false });
    });
  }

  begin(assignment: Assignment): void {
    for (const worker of this.#workers) worker.postMessage(assignment);
  }

  /** Ends the search: what was counted so far is answered. */
  interrupt(): void {
    Atomics.or(this.shared.control, CONTROL.signals, SIGNAL.interrupted);
  }

  /**
   * What all answer.
   *
   * @param look - called now and then; true interrupts
   * @throws MachineError that names the worker that failed; StallError when nothing goes on
   */
  async answers(look: () => boolean): Promise<Ended[]> {
    let timer: NodeJS.Timeout | undefined;
    const watched = new Promise<never>((_resolve, reject) => {
      const stall = this.#stallWatch();
      timer = setInterval(() => {
        try {
          if (look()) this.interrupt();
          stall();
        } catch (error) {
          reject(error);
        }
      }, LOOK_EVERY_MS);
    });
    try {
      const all = this.#workers.map((worker, i) => this.#answerOf(worker, i));
      return await Promise.race([Promise.all(all), watched]);
    } finally {
      clearInterval(timer);
    }
  }

  #answerOf(worker: Worker, i: number): Promise<Ended> {
    const name = `worker ${i} of ${this.#workers.length}`;
    return new Promise((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", (cause) =>
        reject(new MachineError(`${name} failed: ${cause.message}`, { cause })),
      );
      worker.once("exit", (code) => reject(new MachineError(`${name} exited with status ${code}`)));
    });
  }

  /** @returns what throws a StallError once the workers have done nothing for long */
  #stallWatch(): () => void {
    const { control, figures, workers, deadlineMs } = this.shared;
    let last = -1;
    let sinceMs = performance.now();
    return () => {
      let done = sumOf(figures, FIGURE.expanded);
      for (let i = 0; i < workers; i++) {
        done += Atomics.load(control, CONTROL.workers + PER_WORKER * i + CAME);
      }
      const nowMs = performance.now();
      if (done !== last) [last, sinceMs] = [done, nowMs];
      else if (nowMs - sinceMs > 2 * deadlineMs) {
        throw new StallError(`${workers} workers did nothing for ${2 * deadlineMs} ms`);
      }
    };
  }

  /** Ends the threads, whatever they do. */
  async end(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}
