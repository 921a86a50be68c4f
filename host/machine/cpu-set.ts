// SPDX-License-Identifier: GPL-2.0-only
/**
 * The CPUs of one machine: hands them calls, each with a deadline, and ends them all when one fails.
 *
 * A CPU that traps, a worker that dies and a deadline that passes end the run: every call in flight is
 * rejected with that one error and the workers are terminated.
 */
import { MachineError, UsageError } from "../errors.ts";
import { Cpu, type CpuOwner, type Request } from "./cpu.ts";
import { panicError, stallError } from "./describe.ts";
import type { KernelImage } from "./image.ts";
import { type Inspected, writeStop } from "./inspect.ts";
import { type CallOptions, checkDeadline, type KernelValue } from "./options.ts";
import type { PooledWorker } from "./pool.ts";
import { ProgressWatch } from "./progress.ts";
import type { FromWorker, JointStart, ToWorker } from "./protocol.ts";

const DEADLINE_DEFAULT_MS = 30_000;
const STOP_GRACE_MS = 1_000;
const LOOK_EVERY_MS = 10;

/** What the CPUs run on. */
export interface Board extends Inspected {
  readonly image: KernelImage;
}

export interface CpuSetOptions {
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

export class CpuSet implements CpuOwner {
  readonly #board: Board;
  readonly #options: CpuSetOptions;
  readonly #cpus: readonly Cpu[];
  readonly #progress: ProgressWatch;
  readonly #onAbort = () => void this.#stopForGood();
  #failed: Error | null = null;
  #closed: Promise<void> | null = null;

  constructor(board: Board, workers: readonly PooledWorker[], options: CpuSetOptions) {
    this.#board = board;
    this.#options = options;
    this.#cpus = workers.map((worker, cpu) => new Cpu(cpu, worker, this));
    this.#progress = new ProgressWatch(board);
    options.signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Why the CPUs take no more calls; null while they do. */
  get failed(): Error | null {
    return this.#failed;
  }

  /** A CPU with a call in flight; -1 when all are idle. */
  get busy(): number {
    return this.#cpus.findIndex((cpu) => cpu.inFlight !== null);
  }

  /** Calls an export, as Machine.invoke() says. */
  async call(
    cpu: number,
    fn: string,
    options: CallOptions = {},
    joint: JointStart | null = null,
  ): Promise<KernelValue> {
    const { signal, args = [], bracket = true } = options;
    signal?.throwIfAborted();
    if (options.deadlineMs !== undefined) checkDeadline(options.deadlineMs);
    if (!this.#board.kernel.functions.has(fn)) {
      throw new MachineError(`the kernel exports no function ${fn}`);
    }
    const answer = await this.submit(cpu, fn, { type: "call", fn, args, bracket, joint }, options);
    signal?.throwIfAborted();
    if (answer.type !== "done") throw new MachineError(`[harness bug] ${fn}: ${answer.type}`);
    return answer.value;
  }

  /** Sends a message to a CPU's worker; `what` names it in errors. */
  submit(
    cpu: number,
    what: string,
    message: ToWorker,
    { deadlineMs, gate, signal }: CallOptions = {},
  ): Promise<FromWorker> {
    const target = this.#cpus[cpu];
    if (target === undefined) {
      const last = this.#cpus.length - 1;
      return Promise.reject(new UsageError(`cpu: ${cpu} is not between 0 and ${last}`));
    }
    if (this.#failed !== null) return Promise.reject(this.#failed);
    if (this.#closed !== null) return Promise.reject(new MachineError("the machine is closed"));
    return new Promise((resolve, reject) => {
      const settled = () => signal?.removeEventListener("abort", onAbort);
      const request: Request = {
        message,
        deadlineMs: deadlineMs ?? this.#options.deadlineMs ?? DEADLINE_DEFAULT_MS,
        what,
        gate: gate ?? null,
        resolve: (answer) => {
          settled();
          resolve(answer);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      };
      const onAbort = () => this.#cancel(target, request, signal?.reason);
      signal?.addEventListener("abort", onAbort, { once: true });
      target.submit(request);
    });
  }

  /** Asks the calls now in flight to return at their next operation boundary. */
  stop(): void {
    for (const { number } of this.#cpus) writeStop(this.#board, number, true);
  }

  /** Parks the workers, or terminates those that are busy or have failed. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#progress.end();
    const closed = new MachineError("the machine was closed");
    await Promise.all(
      this.#cpus.map((cpu) => {
        const idle = cpu.inFlight === null && this.#failed === null;
        cpu.abandon(closed);
        if (idle) return cpu.worker.park();
        return cpu.worker.terminate();
      }),
    );
  }

  #fail(error: Error): void {
    if (this.#failed !== null) return;
    this.#failed = error;
    this.#progress.end();
    for (const cpu of this.#cpus) {
      cpu.abandon(error);
      void cpu.worker.terminate();
    }
  }

  #cancel(cpu: Cpu, request: Request, reason: Error): void {
    if (cpu.withdraw(request)) {
      request.reject(reason);
      return;
    }
    writeStop(this.#board, cpu.number, true);
    void this.#failUnless(() => cpu.inFlight !== request, reason);
  }

  async #stopForGood(): Promise<void> {
    this.stop();
    await this.#failUnless(() => this.busy < 0, this.#options.signal?.reason);
  }

  /** Fails if what was asked to stop has not stopped within the time of grace. */
  async #failUnless(stopped: () => boolean, reason: unknown): Promise<void> {
    const deadline = performance.now() + STOP_GRACE_MS;
    while (!stopped() && this.#closed === null) {
      if (performance.now() > deadline) {
        this.#fail(reason instanceof Error ? reason : new MachineError(`aborted: ${reason}`));
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }

  starting(cpu: number): void {
    writeStop(this.#board, cpu, this.#options.signal?.aborted ?? false);
  }

  trapped(cpu: number, request: Request, answer: FromWorker & { type: "trap" }): void {
    this.#fail(panicError(this.#board, cpu, request, answer));
  }

  workerDied(cpu: number, request: Request | null, reason: Error): void {
    const doing = request === null ? "while idle" : `in ${request.what}`;
    this.#fail(new MachineError(`CPU ${cpu} died ${doing}: ${reason.message}`, { cause: reason }));
  }

  deadlinePassed(cpu: number, request: Request): void {
    this.#fail(stallError(this.#board, this.#cpus, this.#progress, cpu, request));
  }
}
