// SPDX-License-Identifier: GPL-2.0-only
/**
 * ThreadMachine: N CPUs, each a worker thread with its own instance of the kernel over one shared
 * memory. The main thread never blocks: it posts calls and awaits answers, each with a deadline.
 *
 * When a CPU fails (cpu-set.ts) all do, with one error, and the memory stays readable: tasks(), log(),
 * events(). Otherwise close() parks the workers for the next machine of the process.
 */
import { availableParallelism } from "node:os";
import type { KernelAbi } from "../abi/kernel.ts";
import { BootError, MachineError, UsageError } from "../errors.ts";
import { allowedCores } from "./affinity.ts";
import { bringUp } from "./bring-up.ts";
import { type Board, CpuSet } from "./cpu-set.ts";
import { type Device, type DeviceOptions, plugDevice, type SyscallOptions } from "./device.ts";
import { gateNames, isDriverGate, revisionNames } from "./driver.ts";
import { type KernelImage, kernelImage } from "./image.ts";
import { type LogRecord, readEvents, readLog, readTask, type TaskState } from "./inspect.ts";
import { layOut, type MemoryMap } from "./memory-map.ts";
import {
  type CallOptions,
  checkOptions,
  type KernelValue,
  type MachineOptions,
} from "./options.ts";
import { takeWorkers } from "./pool.ts";
import type { SyscallResult } from "./syscall.ts";
import { UserMemory } from "./user-memory.ts";

export type { CallOptions, KernelValue, MachineOptions } from "./options.ts";

const BOOT_DEADLINE_MS = 10_000;
const JOINT_SPIN = 20_000; // loads, some 20 us

/**
 * Boots a machine.
 *
 * @throws UsageError for options that make no sense; BootError when it does not come up; the signal's
 * reason once that is aborted
 */
export async function boot(options: MachineOptions): Promise<Machine> {
  options.signal?.throwIfAborted();
  checkOptions(options);
  const image = options.image ?? kernelImage(options.tier ?? "default");
  const map = layOut(image.abi, options);
  const { cpus, pages } = map;
  const workers = await takeWorkers(cpus, BOOT_DEADLINE_MS);
  const cores = options.pin ? allowedCores() : null;
  const pinned = await Promise.all(
    workers.map((worker, cpu) => worker.bind(cores?.[cpu % cores.length] ?? null)),
  );
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const board: Board = { kernel: image.abi, memory, cpus, image };
  const set = new CpuSet(board, workers, options);
  try {
    const waitBug = await bringUp(board, set, map, options);
    options.signal?.throwIfAborted();
    return new Machine(board, set, map, pinned, waitBug);
  } catch (error) {
    await set.close();
    if (error instanceof MachineError || error === options.signal?.reason) throw error;
    throw new BootError(`boot: ${(error as Error).message}`, { cause: error });
  }
}

function asNumber(fn: string, value: KernelValue): number {
  if (typeof value === "number") return value;
  throw new MachineError(`${fn} returns 64 bits: call64() takes them`);
}

/**
 * Nobody need wait for a call to its end: one that fails after its caller has left, as all do that
 * close() finds in flight, must not end the process. Why it failed is in machine.failed.
 */
function mayBeLeft<T>(call: Promise<T>): Promise<T> {
  call.catch(() => undefined);
  return call;
}

/** A running kernel; boot() makes one. */
export class Machine {
  readonly cpus: number;
  readonly memory: WebAssembly.Memory;
  readonly map: MemoryMap;
  readonly image: KernelImage;
  /** Constants and function names of the kernel. */
  readonly kernel: KernelAbi;
  /** The core that each CPU is bound to, null for none. */
  readonly pinned: readonly (number | null)[];
  /** Whether raw code in this tier loses a local across a wait; the kernel's own is checked at boot. */
  readonly waitBug: boolean;
  readonly #set: CpuSet;
  readonly #user: UserMemory;
  readonly #joint = new Int32Array(new SharedArrayBuffer(4));
  #hostNext: number;

  /** @internal */
  constructor(
    board: Board,
    set: CpuSet,
    map: MemoryMap,
    pinned: readonly (number | null)[],
    waitBug: boolean,
  ) {
    this.cpus = board.cpus;
    this.memory = board.memory;
    this.image = board.image;
    this.kernel = board.kernel;
    this.map = map;
    this.pinned = pinned;
    this.waitBug = waitBug;
    this.#set = set;
    this.#user = new UserMemory(board.memory, map);
    this.#hostNext = map.hostStart;
  }

  /** Names of the gates that a device can be given. */
  gates(): string[] {
    return gateNames(this.kernel).filter((gate) => isDriverGate(this.kernel, gate));
  }

  /** Names of the driver's revisions, oldest first. */
  revisions(): string[] {
    return revisionNames(this.kernel);
  }

  /**
   * Plugs in a CXL memory device and binds a driver to it, on CPU 0 unless told otherwise. Errnos:
   * ENOMEM, ENOSPC, and whatever a step of the driver's probe says.
   *
   * @throws UsageError for a revision, a gate or a time that makes no sense
   */
  addDevice(
    options: DeviceOptions = {},
    syscall: SyscallOptions = {},
  ): Promise<SyscallResult<Device>> {
    return plugDevice(this, this.#user, options, syscall);
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
  call64(cpu: number, fn: string, ...args: readonly KernelValue[]): Promise<bigint> {
    return mayBeLeft(this.#set.call(cpu, fn, { args }).then(BigInt));
  }

  /** As call(), with options. */
  invoke(cpu: number, fn: string, options: CallOptions = {}): Promise<number> {
    return mayBeLeft(this.#set.call(cpu, fn, options).then((value) => asNumber(fn, value)));
  }

  /** Calls `fn` on every CPU at once: none enters it before all are ready to. Results by CPU. */
  async callAll(
    fn: string,
    args: (cpu: number) => readonly KernelValue[] = () => [],
    options: Omit<CallOptions, "args"> = {},
  ): Promise<number[]> {
    if (this.#set.busy >= 0) {
      throw new MachineError(`callAll(${fn}): CPU ${this.#set.busy} is not idle`);
    }
    this.#joint[0] = 0;
    const spin = this.cpus <= availableParallelism() ? JOINT_SPIN : 0;
    const joint = { word: this.#joint, cpus: this.cpus, spin };
    return Promise.all(
      Array.from({ length: this.cpus }, async (_, cpu) =>
        asNumber(fn, await this.#set.call(cpu, fn, { ...options, args: args(cpu) }, joint)),
      ),
    );
  }

  /** Asks the calls now in flight to return at their next operation boundary. */
  stop(): void {
    this.#set.stop();
  }

  /** What each CPU's task does. */
  tasks(): TaskState[] {
    const cpus = Array.from({ length: this.cpus }, (_, cpu) => cpu);
    return cpus.map((cpu) => readTask(this, cpu)).filter((task) => task !== null);
  }

  /** The kernel log: its newest records, oldest first. */
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
    return this.#set.failed;
  }

  /** Parks the workers, or terminates those that are busy or of a failed machine. */
  close(): Promise<void> {
    return this.#set.close();
  }
}
