// SPDX-License-Identifier: GPL-2.0-only
/**
 * ThreadMachine: N CPUs, each a worker thread with its own instance of the kernel over one shared
 * memory. The main thread never blocks: it posts calls and awaits answers, each with a deadline.
 *
 * A CPU that traps, a worker that dies and a deadline that passes end the run: every call in flight is
 * rejected with that one error, the workers are terminated, and the memory stays readable (tasks(),
 * log(), events()). Otherwise close() parks the workers for the next machine of the process.
 */
import { availableParallelism } from "node:os";
import type { KernelAbi } from "../abi/kernel.ts";
import { BootError, MachineError, UsageError } from "../errors.ts";
import { allowedCores } from "./affinity.ts";
import { bringUp } from "./bring-up.ts";
import { Cpu, type CpuOwner, type Request } from "./cpu.ts";
import { panicError, stallError } from "./describe.ts";
import { type KernelImage, kernelImage } from "./image.ts";
import {
  type LogRecord,
  readEvents,
  readLog,
  readTask,
  type TaskState,
  writeStop,
} from "./inspect.ts";
import { layOut, type MemoryMap } from "./memory-map.ts";
import type { CallOptions, KernelValue, MachineOptions } from "./options.ts";
import { type PooledWorker, takeWorkers } from "./pool.ts";
import { ProgressWatch } from "./progress.ts";
import type { FromWorker, JointStart, ToWorker } from "./protocol.ts";

export type { CallOptions, KernelValue, MachineOptions } from "./options.ts";

const DEADLINE_DEFAULT_MS = 30_000;
const BOOT_DEADLINE_MS = 10_000;
const STOP_GRACE_MS = 1_000;
const JOINT_SPIN = 20_000; // loads, some 20 us

/** Boots a machine. @throws UsageError, BootError, MachineError; the signal's reason once aborted */
export async function boot(options: MachineOptions): Promise<Machine> {
  options.signal?.throwIfAborted();
  const image = options.image ?? kernelImage(options.tier ?? "default");
  const map = layOut(image.abi, options);
  const workers = await takeWorkers(map.cpus, BOOT_DEADLINE_MS);
  const cores = options.pin ? allowedCores() : null;
  const pinned = await Promise.all(
    workers.map((worker, cpu) => worker.bind(cores?.[cpu % cores.length] ?? null)),
  );
  const machine = new Machine(options, image, map, workers, pinned);
  try {
    await machine.bringUp();
    options.signal?.throwIfAborted();
    return machine;
  } catch (error) {
    await machine.close();
    if (error instanceof MachineError || error === options.signal?.reason) throw error;
    throw new BootError(`boot: ${(error as Error).message}`, { cause: error });
  }
}

function asNumber(fn: string, value: KernelValue): number {
  if (typeof value === "number") return value;
  throw new MachineError(`${fn} returns 64 bits: call64() takes them`);
}

export class Machine implements CpuOwner {
  readonly cpus: number;
  readonly memory: WebAssembly.Memory;
  readonly map: MemoryMap;
  readonly image: KernelImage;
  /** Constants and function names of the kernel. */
  readonly kernel: KernelAbi;
  /** The core that each CPU is bound to, null for none. */
  readonly pinned: readonly (number | null)[];
  /** Whether raw code in this tier loses a local across a wait; the kernel's own is checked at boot. */
  waitBug = false;
  readonly #options: MachineOptions;
  readonly #cpus: readonly Cpu[];
  readonly #progress: ProgressWatch;
  readonly #joint = new Int32Array(new SharedArrayBuffer(4));
  readonly #onAbort = () => void this.#stopForGood();
  #failed: Error | null = null;
  #closed: Promise<void> | null = null;
  #hostNext: number;

  constructor(
    options: MachineOptions,
    image: KernelImage,
    map: MemoryMap,
    workers: readonly PooledWorker[],
    pinned: readonly (number | null)[],
  ) {
    this.#options = options;
    this.image = image;
    this.kernel = image.abi;
    this.map = map;
    this.cpus = map.cpus;
    this.pinned = pinned;
    this.#hostNext = map.hostStart;
    this.memory = new WebAssembly.Memory({ initial: map.pages, maximum: map.pages, shared: true });
    this.#cpus = workers.map((worker, cpu) => new Cpu(cpu, worker, this));
    this.#progress = new ProgressWatch(this);
    options.signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Called once, by boot(). */
  async bringUp(): Promise<void> {
    const submit = (cpu: number, message: ToWorker) => this.#submit(cpu, "boot", message);
    this.waitBug = await bringUp(this, this.#options, submit);
  }

  /**
   * Calls the kernel's export `fn` on CPU `cpu`; a u64 argument is a bigint. A 32-bit result comes as
   * wasm hands it out, signed (`>>> 0` for a u32); no result is 0; a 64-bit one needs call64().
   *
   * @throws MachineError when the call cannot be made; StallError, PanicError and others end the run
   */
  call(cpu: number, fn: string, ...args: readonly KernelValue[]): Promise<number> {
    return this.invoke(cpu, fn, { args });
  }

  /** As call(), for an export with a 64-bit result. */
  async call64(cpu: number, fn: string, ...args: readonly KernelValue[]): Promise<bigint> {
    return BigInt(await this.#invoke(cpu, fn, { args }, null));
  }

  /** As call(), with options. */
  async invoke(cpu: number, fn: string, options: CallOptions = {}): Promise<number> {
    return asNumber(fn, await this.#invoke(cpu, fn, options, null));
  }

  /** Calls `fn` on every CPU at once: none enters it before all are ready to. Results by CPU. */
  async callAll(
    fn: string,
    args: (cpu: number) => readonly KernelValue[] = () => [],
    options: Omit<CallOptions, "args"> = {},
  ): Promise<number[]> {
    const busy = this.#cpus.findIndex((cpu) => cpu.inFlight !== null);
    if (busy >= 0) throw new MachineError(`callAll(${fn}): CPU ${busy} is not idle`);
    this.#joint[0] = 0;
    const spin = this.cpus <= availableParallelism() ? JOINT_SPIN : 0;
    const joint = { word: this.#joint, cpus: this.cpus, spin };
    return Promise.all(
      this.#cpus.map(async ({ number }) =>
        asNumber(fn, await this.#invoke(number, fn, { ...options, args: args(number) }, joint)),
      ),
    );
  }

  async #invoke(
    cpu: number,
    fn: string,
    options: CallOptions,
    joint: JointStart | null,
  ): Promise<KernelValue> {
    const { signal, args = [], bracket = true } = options;
    signal?.throwIfAborted();
    if (!this.kernel.functions.has(fn)) {
      throw new MachineError(`the kernel exports no function ${fn}`);
    }
    const message: ToWorker = { type: "call", fn, args, bracket, joint };
    const answer = await this.#submit(cpu, fn, message, options);
    signal?.throwIfAborted();
    if (answer.type !== "done") throw new MachineError(`[harness bug] ${fn}: ${answer.type}`);
    return answer.value;
  }

  #submit(
    cpu: number,
    what: string,
    message: ToWorker,
    { deadlineMs, gate, signal }: CallOptions = {},
  ): Promise<FromWorker> {
    const target = this.#cpus[cpu];
    if (target === undefined) {
      return Promise.reject(new UsageError(`cpu: ${cpu} is not between 0 and ${this.cpus - 1}`));
    }
    if (this.#failed !== null) return Promise.reject(this.#failed);
    if (this.#closed !== null) return Promise.reject(new MachineError("the machine is closed"));
    return new Promise((resolve, reject) => {
      const request: Request = {
        message,
        deadlineMs: deadlineMs ?? this.#options.deadlineMs ?? DEADLINE_DEFAULT_MS,
        what,
        gate: gate ?? null,
        resolve: (answer) => {
          signal?.removeEventListener("abort", onAbort);
          resolve(answer);
        },
        reject: (error) => {
          signal?.removeEventListener("abort", onAbort);
          reject(error);
        },
      };
      const onAbort = () => this.#cancel(target, request, signal?.reason);
      signal?.addEventListener("abort", onAbort, { once: true });
      target.submit(request);
    });
  }

  #cancel(cpu: Cpu, request: Request, reason: Error): void {
    if (cpu.withdraw(request)) {
      request.reject(reason);
      return;
    }
    writeStop(this, cpu.number, true);
    void this.#failUnless(() => cpu.inFlight !== request, reason);
  }

  async #stopForGood(): Promise<void> {
    this.stop();
    await this.#failUnless(
      () => this.#cpus.every((cpu) => cpu.inFlight === null),
      this.#options.signal?.reason,
    );
  }

  /** Fails the machine if what was asked to stop has not stopped within the time of grace. */
  async #failUnless(stopped: () => boolean, reason: unknown): Promise<void> {
    const deadline = performance.now() + STOP_GRACE_MS;
    while (!stopped() && this.#closed === null) {
      if (performance.now() > deadline) {
        this.#fail(reason instanceof Error ? reason : new MachineError(`aborted: ${reason}`));
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Asks the calls now in flight to return at their next operation boundary. */
  stop(): void {
    for (const { number } of this.#cpus) writeStop(this, number, true);
  }

  tasks(): TaskState[] {
    return this.#cpus.map(({ number }) => readTask(this, number)).filter((task) => task !== null);
  }

  log(): LogRecord[] {
    return readLog(this);
  }

  /** Event counts by name, summed over the CPUs. */
  events(): Record<string, bigint> {
    return readEvents(this);
  }

  /** Address of the user memory that CPU `cpu` may pass to ioctls; map.userBytesPerCpu of it. */
  userMemory(cpu: number): number {
    if (cpu < 0 || cpu >= this.cpus) throw new UsageError(`cpu: ${cpu} of ${this.cpus}`);
    return this.map.userStart + cpu * this.map.userBytesPerCpu;
  }

  /** Takes `bytes` of host memory, aligned to 128; freed with the machine. */
  hostAlloc(bytes: number): number {
    const at = this.#hostNext;
    const next = at + Math.ceil(bytes / 128) * 128;
    if (next > this.map.hostEnd) {
      throw new MachineError(`host memory is used up: ${bytes} bytes wanted; raise hostBytes`);
    }
    this.#hostNext = next;
    return at;
  }

  /** Why the machine runs no more calls; null while it does. */
  get failed(): Error | null {
    return this.#failed;
  }

  /** Parks the workers, or terminates those that are busy or of a failed machine. */
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

  starting(cpu: number): void {
    writeStop(this, cpu, this.#options.signal?.aborted ?? false);
  }

  trapped(cpu: number, request: Request, answer: FromWorker & { type: "trap" }): void {
    this.#fail(panicError(this, cpu, request, answer));
  }

  workerDied(cpu: number, request: Request | null, reason: Error): void {
    const doing = request === null ? "while idle" : `in ${request.what}`;
    this.#fail(new MachineError(`CPU ${cpu} died ${doing}: ${reason.message}`, { cause: reason }));
  }

  deadlinePassed(cpu: number, request: Request): void {
    this.#fail(stallError(this, this.#cpus, this.#progress, cpu, request));
  }
}
