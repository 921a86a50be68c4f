// SPDX-License-Identifier: GPL-2.0-only
/** The worker threads of a parallel search, as who asks for it sees them: started, looked after, ended. */
import { randomUUID } from "node:crypto";
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { MachineError, StallError, UsageError } from "../../errors.ts";
import { isOutOfMemory } from "../out-of-memory.ts";
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

function answerOf(worker: Worker, name: string): Promise<Ended> {
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.on("error", (cause) => {
      const failed = () => new MachineError(`${name} failed: ${cause.message}`, { cause });
      reject(isOutOfMemory(cause) ? cause : failed());
    });
    worker.once("exit", (code) => reject(new MachineError(`${name} exited with status ${code}`)));
  });
}

export class Crew {
  readonly shared: Shared;
  readonly #workers: Worker[] = [];
  /** Listened to from the start: a thread may fail before it has begun. */
  readonly #answers: readonly Promise<Ended>[];

  /**
   * Starts the threads, which takes them a while: they wait for begin(). Who makes it is to end() it.
   *
   * @param workers - how many, besides the thread that calls
   * @throws UsageError for none; RangeError when memory is short
   */
  constructor(workers: number, source: VariantSource) {
    if (workers < 1) throw new UsageError(`--workers ${workers}: at least 1`);
    const shared = newShared(workers, `hotunplug check ${randomUUID()}`);
    this.shared = shared;
    try {
      for (let worker = 0; worker < workers; worker++) {
        const workerData: Place = { shared, worker, source };
        // No flags of node's: what fits a script from the command line fits no worker.
        const options = { workerData, execArgv: [], trackUnmanagedFds: false };
        this.#workers.push(new Worker(WORKER_URL, options));
      }
    } catch (error) {
      void this.end();
      throw error;
    }
    this.#answers = this.#workers.map((worker, i) => answerOf(worker, `worker ${i} of ${workers}`));
    for (const answer of this.#answers) answer.catch(() => {}); // answers() tells
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
   * @throws MachineError that names the worker that failed, or what it had no memory for; StallError when
   *   nothing goes on
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
      return await Promise.race([Promise.all(this.#answers), watched]);
    } finally {
      clearInterval(timer);
    }
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
