// SPDX-License-Identifier: GPL-2.0-only
/**
 * The worker threads of the process, shared by all its machines. Starting a thread costs tens of
 * milliseconds, so a machine that closes parks its workers and the next one takes them over. A parked
 * worker holds no machine and does not keep the process alive.
 */
import { availableParallelism } from "node:os";
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { BootError } from "../errors.ts";
import { allowedCores, setCores } from "./affinity.ts";
import type { FromWorker, ToWorker } from "./protocol.ts";

const WORKER_URL = new URL(`./worker${extname(import.meta.url)}`, import.meta.url);
const PARKED_MAX = Math.max(8, availableParallelism());

/** What a machine hears from the worker that it holds. */
export interface Tenant {
  /** The answer to the message sent last. */
  answered(message: FromWorker): void;
  /** The thread is gone; nothing more will come. */
  died(reason: Error): void;
}

/** One worker thread. */
export class PooledWorker {
  readonly #worker: Worker;
  #tenant: Tenant | null = null;
  #dead: Error | null = null;
  /** Resolves once the thread answers; rejects if it never could. */
  readonly ready: Promise<void>;
  /** Thread id as the system knows it, null where unknown; set once ready. */
  tid: number | null = null;
  /** The core that the thread was bound to, null for none. */
  #core: number | null = null;

  constructor() {
    // No flags of node's: what fits a script from the command line (--input-type) fits no worker.
    this.#worker = new Worker(WORKER_URL, { trackUnmanagedFds: false, execArgv: [] });
    this.ready = new Promise((resolve, reject) => {
      this.#tenant = {
        answered: (message) => {
          if (message.type === "hello") this.tid = message.tid;
          resolve();
        },
        died: reject,
      };
    });
    this.#worker.on("message", (message: FromWorker) => this.#tenant?.answered(message));
    this.#worker.on("error", (error) => this.#die(error));
    this.#worker.on("exit", (code) =>
      this.#die(new Error(`its worker exited with status ${code}`)),
    );
  }

  #die(reason: Error): void {
    if (this.#dead !== null) return;
    this.#dead = reason;
    const index = parked.indexOf(this);
    if (index >= 0) parked.splice(index, 1);
    this.#tenant?.died(reason);
  }

  get alive(): boolean {
    return this.#dead === null;
  }

  adopt(tenant: Tenant): void {
    this.#tenant = tenant;
    this.#worker.ref();
  }

  post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  /** Binds the thread to a core, or with null to none. @returns the core it is bound to now */
  async bind(core: number | null): Promise<number | null> {
    const allowed = allowedCores();
    if (core === this.#core || this.tid === null || allowed === null) return this.#core;
    if (await setCores(this.tid, core === null ? allowed : [core])) this.#core = core;
    return this.#core;
  }

  /** Gives an idle worker back: nothing may be in flight on it. */
  park(): void {
    this.#tenant = null;
    if (!this.alive) return;
    this.post({ type: "park" });
    if (parked.length >= PARKED_MAX) {
      void this.terminate();
      return;
    }
    this.#worker.unref();
    parked.push(this);
  }

  /** Ends the thread, whatever it does; resolves once it is gone. */
  async terminate(): Promise<void> {
    this.#tenant = null;
    await this.#worker.terminate();
  }
}

const parked: PooledWorker[] = [];

/** Takes `n` workers, parked ones first. @throws BootError when one does not start in time */
export async function takeWorkers(n: number, deadlineMs: number): Promise<PooledWorker[]> {
  const taken = parked.splice(0, n);
  while (taken.length < n) taken.push(new PooledWorker());
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const message = `${n} workers did not start within ${deadlineMs} ms`;
    timer = setTimeout(() => reject(new BootError(message)), deadlineMs);
  });
  try {
    await Promise.race([Promise.all(taken.map((worker) => worker.ready)), late]);
    return taken;
  } catch (cause) {
    await Promise.all(taken.map((worker) => worker.terminate()));
    if (cause instanceof BootError) throw cause;
    throw new BootError(`a worker did not start: ${(cause as Error).message}`, { cause });
  } finally {
    clearTimeout(timer);
  }
}

/** Ends the parked workers: for a process that wants its threads back at once. */
export async function drainPool(): Promise<void> {
  await Promise.all(parked.splice(0).map((worker) => worker.terminate()));
}
