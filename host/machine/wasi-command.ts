// SPDX-License-Identifier: GPL-2.0-only
/**
 * kernel.wasm as a WASI command, under node:wasi: _start() on one worker, each thread that it spawns on
 * a worker of its own. The main thread only starts them, and ends them when the command has.
 */
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { MachineError, StallError } from "../errors.ts";
import type { Tier } from "./engine.ts";
import { type KernelImage, kernelImage, MAX_PAGES, MIN_PAGES } from "./image.ts";
import { wasmFrames } from "./wasm-stack.ts";

const THREAD_URL = new URL(`./wasi-thread${extname(import.meta.url)}`, import.meta.url);
const DEADLINE_DEFAULT_MS = 60_000;
const THREADS_MAX = 64;

/** What a thread is given. */
export interface WasiThreadData {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** File descriptor that the command's standard output goes to. */
  readonly stdout: number;
  /** One word: the id of the next thread. */
  readonly nextTid: Int32Array<SharedArrayBuffer>;
  readonly maxThreads: number;
  /** Null for the first thread, which runs _start(). */
  readonly thread: { readonly tid: number; readonly arg: number } | null;
}

export type FromWasiThread =
  | { readonly type: "spawn"; readonly tid: number; readonly arg: number }
  | { readonly type: "exit"; readonly status: number }
  | { readonly type: "trap"; readonly message: string; readonly stack: string };

export interface WasiCommandOptions {
  readonly stdout?: number;
  readonly tier?: Tier;
  readonly image?: KernelImage;
  /** thread-spawn fails beyond this many threads, the first not counted. */
  readonly maxThreads?: number;
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Runs the command to its end.
 *
 * @returns its exit status: 0 when every gate held, 1 when not
 * @throws MachineError when a thread traps or dies; StallError after the deadline; the signal's reason
 */
export async function runWasiCommand(options: WasiCommandOptions = {}): Promise<number> {
  options.signal?.throwIfAborted();
  const command = new WasiCommand(options);
  try {
    return await command.run(options);
  } finally {
    await command.end();
  }
}

class WasiCommand {
  readonly #image: KernelImage;
  readonly #data: Omit<WasiThreadData, "thread">;
  readonly #threads: Worker[] = [];
  #settle: { resolve(status: number): void; reject(error: Error): void } | null = null;

  constructor(options: WasiCommandOptions) {
    this.#image = options.image ?? kernelImage(options.tier ?? "default");
    this.#data = {
      module: this.#image.module,
      memory: new WebAssembly.Memory({ initial: MIN_PAGES, maximum: MAX_PAGES, shared: true }),
      stdout: options.stdout ?? 1,
      maxThreads: options.maxThreads ?? THREADS_MAX,
      nextTid: new Int32Array(new SharedArrayBuffer(4)).fill(1),
    };
  }

  async run({ deadlineMs = DEADLINE_DEFAULT_MS, signal }: WasiCommandOptions): Promise<number> {
    const ended = new Promise<number>((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    const late = new StallError(`the WASI command did not end within ${deadlineMs} ms`);
    const timer = setTimeout(() => this.#settle?.reject(late), deadlineMs);
    const onAbort = () => this.#settle?.reject(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      this.#start(null);
      return await ended;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      this.#settle = null;
    }
  }

  #start(thread: WasiThreadData["thread"]): void {
    const worker = new Worker(THREAD_URL, {
      workerData: { ...this.#data, thread },
      execArgv: [],
    });
    const name = thread === null ? "the first thread" : `thread ${thread.tid}`;
    this.#threads.push(worker);
    worker.on("message", (message: FromWasiThread) => this.#heard(name, message));
    worker.on("error", (cause) => {
      this.#settle?.reject(new MachineError(`${name} died: ${cause.message}`, { cause }));
    });
  }

  #heard(name: string, message: FromWasiThread): void {
    if (message.type === "spawn") this.#start(message);
    else if (message.type === "exit") this.#settle?.resolve(message.status);
    else {
      const stack = wasmFrames(message.stack).map(({ fn, offset }) => {
        const line = offset === null ? null : this.#image.locate(offset);
        return `\n  at ${fn}${line === null ? "" : ` (${line})`}`;
      });
      this.#settle?.reject(
        new MachineError(`${name} trapped: ${message.message}${stack.join("")}`),
      );
    }
  }

  async end(): Promise<void> {
    await Promise.all(this.#threads.map((worker) => worker.terminate()));
  }
}
