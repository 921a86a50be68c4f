// SPDX-License-Identifier: GPL-2.0-only
/**
 * ThreadMachine: N CPUs, each a worker thread with its own instance of the kernel over one shared
 * memory. The main thread never blocks: it posts calls and awaits answers, each with a deadline.
 *
 * A CPU that traps, a worker that dies and a deadline that passes end the run: every call in flight is
 * rejected with that one error, the workers are terminated, and the memory stays readable (tasks(),
 * log(), events()). Otherwise close() parks the workers for the next machine of the process.
 */
import type { KernelAbi } from "../abi/kernel.ts";
import { BootError, MachineError, PanicError, StallError, UsageError } from "../errors.ts";
import { Cpu, type CpuOwner, type Request } from "./cpu.ts";
import type { Tier } from "./engine.ts";
import { type KernelImage, kernelImage, PAGE_BYTES } from "./image.ts";
import {
  type LogRecord,
  readEvents,
  readLog,
  readPanic,
  readTask,
  type TaskState,
  writeStop,
} from "./inspect.ts";
import { layOut, type MemoryMap, writeBootInfo } from "./memory-map.ts";
import { takeWorkers } from "./pool.ts";
import type { FromWorker, JointStart, ToWorker } from "./protocol.ts";
import { describeStall } from "./stall.ts";
import { wasmFrames } from "./wasm-stack.ts";

const DEADLINE_DEFAULT_MS = 30_000;
const BOOT_DEADLINE_MS = 10_000;
const STOP_GRACE_MS = 1_000;
const JOINT_SPIN = 20_000; // loads, some 20 us

export interface MachineOptions {
  /** CPUs, each a thread: 1 to 64. */
  readonly cpus: number;
  /** Size of the whole memory; default: a 16 MiB arena and what else is needed. */
  readonly memoryBytes?: number;
  readonly userBytesPerCpu?: number;
  readonly hostBytes?: number;
  /** V8's compiler tier; the first machine of a process decides for all. */
  readonly tier?: Tier;
  /** What to run instead of kernel.wasm: a variant that a pass made of it. */
  readonly image?: KernelImage;
  /** Whether the image checks accesses against shadow memory. */
  readonly shadow?: boolean;
  readonly kasanQuarantineBytes?: number;
  readonly seed?: number;
  /** Loads of its state word that a CPU makes before it parks; 0 where CPUs outnumber cores. */
  readonly idlePoll?: number;
  /** Loads of a spinlock that a waiter makes before it sleeps on it. */
  readonly spinLimit?: number;
  readonly rcuStallMs?: number;
  readonly rwsemWaitMs?: number;
  /** Deadline of a call that sets none. */
  readonly deadlineMs?: number;
  /** Aborting stops the calls in flight and fails the machine. */
  readonly signal?: AbortSignal;
}

export interface CallOptions {
  readonly args?: readonly (number | bigint)[];
  readonly deadlineMs?: number;
  /** False: without cpu_enter() and cpu_leave() around it, for tests of those states. */
  readonly bracket?: boolean;
  /** Named in the error when the call traps or stalls. */
  readonly gate?: string;
  readonly signal?: AbortSignal;
}

export type KernelValue = number | bigint;

function asNumber(fn: string, value: KernelValue): number {
  if (typeof value === "number") return value;
  throw new MachineError(`${fn} returns 64 bits: call64() takes them`);
}

/** Boots a machine. @throws UsageError, BootError, MachineError */
export async function boot(options: MachineOptions): Promise<Machine> {
  options.signal?.throwIfAborted();
  const image = options.image ?? kernelImage(options.tier ?? "default");
  const map = layOut(image.abi, options);
  const workers = await takeWorkers(map.cpus, BOOT_DEADLINE_MS);
  const machine = new Machine(options, image, map, (owner) =>
    workers.map((worker, cpu) => new Cpu(cpu, worker, owner)),
  );
  try {
    await machine.bringUp();
    return machine;
  } catch (error) {
    await machine.close();
    if (error instanceof MachineError) throw error;
    throw new BootError(`boot: ${(error as Error).message}`, { cause: error });
  }
}

export class Machine implements CpuOwner {
  readonly cpus: number;
  readonly memory: WebAssembly.Memory;
  readonly map: MemoryMap;
  readonly image: KernelImage;
  /** Constants and function names of the kernel. */
  readonly kernel: KernelAbi;
  /** Whether raw code in this tier loses a local across a wait; the kernel's own is checked at boot. */
  waitBug = false;
  readonly #options: MachineOptions;
  readonly #cpus: readonly Cpu[];
  readonly #joint = new Int32Array(new SharedArrayBuffer(4));
  readonly #onAbort = () => void this.#abort();
  #failed: Error | null = null;
  #closed: Promise<void> | null = null;
  #hostNext: number;

  constructor(
    options: MachineOptions,
    image: KernelImage,
    map: MemoryMap,
    makeCpus: (owner: CpuOwner) => Cpu[],
  ) {
    this.#options = options;
    this.image = image;
    this.kernel = image.abi;
    this.map = map;
    this.cpus = map.cpus;
    this.#hostNext = map.hostStart;
    this.memory = new WebAssembly.Memory({ initial: map.pages, maximum: map.pages, shared: true });
    this.#cpus = makeCpus(this);
    options.signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Called once, by boot(). */
  async bringUp(): Promise<void> {
    const o = this.#options;
    writeBootInfo(this.memory, this.kernel, this.map, {
      seed: o.seed ?? 1,
      idlePoll: o.idlePoll ?? 0,
      spinLimit: o.spinLimit ?? 1000,
      rcuStallTimeoutNs: BigInt(o.rcuStallMs ?? 10_000) * 1_000_000n,
      rwsemWaitTimeoutNs: BigInt(o.rwsemWaitMs ?? 4) * 1_000_000n,
      kasanQuarantineBytes: o.kasanQuarantineBytes ?? 1 << 20,
    });
    const { module } = this.image;
    const ready = await Promise.all(
      this.#cpus.map((cpu) => {
        const canary = this.kernel.constant("PERCPU_BASE") - PAGE_BYTES; // the null page holds 0
        return this.#submit(cpu.number, "boot", {
          type: "boot",
          cpu: cpu.number,
          module,
          memory: this.memory,
          canary,
        });
      }),
    );
    this.#checkCanaries(ready);
    const booted = await this.invoke(0, "kernel_boot", { bracket: false });
    if (booted !== 0) throw new BootError(`kernel_boot() returned ${booted}`);
    const up = this.#cpus.map(({ number }) =>
      this.invoke(number, "cpu_up", { args: [number], bracket: false }),
    );
    const refused = (await Promise.all(up)).findIndex((status) => status !== 0);
    if (refused >= 0) throw new BootError(`cpu_up(${refused}) failed`);
  }

  #checkCanaries(answers: readonly FromWorker[]): void {
    for (const [cpu, answer] of answers.entries()) {
      if (answer.type !== "ready") throw new BootError(`CPU ${cpu} did not come up`);
      this.waitBug ||= answer.waitBug;
      if (answer.canary) continue;
      throw new BootError(
        `CPU ${cpu}: this engine (V8 ${process.versions["v8"]}, flags ${this.image.engine.flags.join(" ") || "none"}) ` +
          "loses local variables across memory.atomic.wait, even in the kernel's own futex_wait(): " +
          "results would be wrong. Use another tier or another version of node",
      );
    }
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
    const joint = { word: this.#joint, cpus: this.cpus, spin: JOINT_SPIN };
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
    const { signal, gate, deadlineMs, args = [], bracket = true } = options;
    signal?.throwIfAborted();
    if (!this.kernel.functions.has(fn)) {
      throw new MachineError(`the kernel exports no function ${fn}`);
    }
    const onAbort = () => void this.#abort(signal);
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      const message: ToWorker = { type: "call", fn, args, bracket, joint };
      const answer = await this.#submit(cpu, fn, message, deadlineMs, gate);
      signal?.throwIfAborted();
      if (answer.type !== "done") throw new MachineError(`[harness bug] ${fn}: ${answer.type}`);
      return answer.value;
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  #submit(
    cpu: number,
    what: string,
    message: ToWorker,
    deadlineMs = this.#options.deadlineMs ?? DEADLINE_DEFAULT_MS,
    gate: string | null = null,
  ): Promise<FromWorker> {
    const target = this.#cpus[cpu];
    if (target === undefined) {
      return Promise.reject(new UsageError(`cpu: ${cpu} is not between 0 and ${this.cpus - 1}`));
    }
    if (this.#failed !== null) return Promise.reject(this.#failed);
    if (this.#closed !== null) return Promise.reject(new MachineError("the machine is closed"));
    return new Promise((resolve, reject) => {
      target.submit({ message, deadlineMs, what, gate, resolve, reject });
    });
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
    for (const cpu of this.#cpus) {
      cpu.abandon(error);
      void cpu.worker.terminate();
    }
  }

  /** Stops what runs; what has not returned after a grace period is terminated. */
  async #abort(signal = this.#options.signal): Promise<void> {
    this.stop();
    const deadline = performance.now() + STOP_GRACE_MS;
    while (performance.now() < deadline && this.#cpus.some((cpu) => cpu.inFlight !== null)) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const busy = this.#cpus.some((cpu) => cpu.inFlight !== null);
    if (busy || signal === this.#options.signal) {
      this.#fail(signal?.reason instanceof Error ? signal.reason : new MachineError("aborted"));
    }
  }

  starting(cpu: number): void {
    writeStop(this, cpu, false);
  }

  trapped(cpu: number, request: Request, answer: FromWorker & { type: "trap" }): void {
    const raw = readPanic(this, cpu);
    const stack = wasmFrames(answer.stack).map(({ fn }) => fn);
    const why =
      raw === null
        ? answer.message
        : `${raw.bug} (0x${raw.a.toString(16)}, 0x${raw.b.toString(16)})`;
    const gate = request.gate === null ? "" : `, gate ${request.gate}`;
    const message = `CPU ${cpu} panicked in ${request.what}${gate}: ${why}\n  at ${stack.join("\n  at ")}`;
    this.#fail(
      new PanicError(message, {
        cpu,
        bug: raw?.bug ?? null,
        a: raw?.a ?? 0,
        b: raw?.b ?? 0,
        fn: request.what,
        gate: request.gate,
        stack,
      }),
    );
  }

  workerDied(cpu: number, request: Request | null, reason: Error): void {
    const doing = request === null ? "while idle" : `in ${request.what}`;
    this.#fail(new MachineError(`CPU ${cpu} died ${doing}: ${reason.message}`, { cause: reason }));
  }

  deadlinePassed(cpu: number, request: Request): void {
    this.#fail(new StallError(describeStall(this, this.#cpus, cpu, request)));
  }
}
