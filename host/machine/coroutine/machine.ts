// SPDX-License-Identifier: GPL-2.0-only
/**
 * CoroutineMachine: CPUs that take turns in one thread of the host, a step at a time, over memory that
 * is wholly in view. A step is one access that others may notice, and all that its thread does from
 * there up to the next such access.
 *
 * Which accesses others may notice: marked ones to a word that is contended. A word is contended once two
 * threads have accessed it and one of them wrote; tracked.contentions grows as runs find more, and who
 * explores must then begin anew. Plain accesses are never noticed, for two that conflict are a data race,
 * which is a violation itself (accounts.ts). Under a weaker memory model stores are not noticed but when
 * they drain (store-buffer.ts).
 * Event counters are no part of the state: the kernel never reads them.
 *
 * Cost: what a step changed is in an undo log, so to take it back costs what it did.
 */
import type { KernelAbi } from "../../abi/kernel.ts";
import { CONTROL } from "../../instrument/coroutine-function.ts";
import type { Hook } from "../../instrument/coroutine-weaver.ts";
import type { Located } from "../../instrument/site-lines.ts";
import type { Site } from "../../instrument/sites.ts";
import type { MemoryModel } from "../../result/check.ts";
import { ACCESS, ACCESS_BYTES_SHIFT, accessTable } from "./access-table.ts";
import { Accounts, CLOCK_ADDRESS } from "./accounts.ts";
import { FutexQueues } from "./futex-queues.ts";
import { Heap } from "./heap.ts";
import { WORD } from "./knowledge.ts";
import type { CoroutineLayout } from "./layout.ts";
import type { Observer } from "./observer.ts";
import { FIELD, Regions, STATUS } from "./regions.ts";
import { StandIns } from "./stand-ins.ts";
import { StoreBuffer } from "./store-buffer.ts";
import { TrackedMemory } from "./tracked-memory.ts";
import { Violation } from "./violation.ts";

type KernelExport = (...args: (number | bigint)[]) => number | bigint | undefined;

export interface MachineParts {
  readonly module: WebAssembly.Module;
  readonly abi: KernelAbi;
  readonly sites: readonly Site[];
  readonly lines: Located;
  readonly layout: CoroutineLayout;
  /** Without that of the set-up. */
  readonly threads: number;
  readonly model: MemoryModel;
  /** False: every access is a step of its own, whoever may notice it. */
  readonly reduction: boolean;
}

/** How a thread's time went: it stands before an access or sleeps, or its call has returned. */
export type Ran = "off" | "returned";

function isWide(bits: number): boolean {
  return bits >>> ACCESS_BYTES_SHIFT === 8;
}

function isBuffered(bits: number): boolean {
  return (bits & ACCESS.buffered) !== 0;
}

/** An atomic that writes, of those that do not wait themselves. */
function isBarrier(bits: number): boolean {
  return (bits & ACCESS.atomic) !== 0 && (bits & ACCESS.write) !== 0;
}

export class CoroutineMachine {
  readonly words: Int32Array;
  readonly tracked: TrackedMemory;
  readonly regions: Regions;
  readonly heap: Heap;
  readonly accounts: Accounts;
  readonly queues: FutexQueues;
  readonly buffer: StoreBuffer;
  readonly layout: CoroutineLayout;
  readonly abi: KernelAbi;
  readonly sites: readonly Site[];
  readonly lines: Located;
  readonly threads: number;
  observer: Observer | null = null;
  /** The thread that runs; `threads` is that of the set-up, which is never taken off. */
  running: number;
  /** What the call returned that ended last. */
  result: number | bigint = 0;
  readonly #exports: Record<string, KernelExport>;
  readonly #resume: (end: number) => number;
  readonly #suspended: WebAssembly.Global;
  readonly #bits: Int32Array;
  readonly #reduction: boolean;
  #cpu = -1;

  constructor({ module, abi, sites, lines, layout, threads, ...parts }: MachineParts) {
    const memory = new WebAssembly.Memory({ initial: layout.pages });
    this.words = new Int32Array(memory.buffer);
    this.tracked = new TrackedMemory(this.words);
    this.regions = new Regions(this.words, layout);
    this.heap = new Heap(this.tracked, layout, this.regions);
    this.accounts = new Accounts(this.tracked, this.heap, this.regions, threads);
    this.queues = new FutexQueues(this.regions, threads);
    this.buffer = new StoreBuffer(this.tracked, this.regions, parts.model);
    this.layout = layout;
    this.abi = abi;
    this.sites = sites;
    this.lines = lines;
    this.threads = threads;
    this.running = threads;
    this.#reduction = parts.reduction;
    this.#bits = accessTable(sites);
    const check = this.#hooks() as unknown as WebAssembly.ModuleImports;
    const { exports } = new WebAssembly.Instance(module, { env: { memory }, check });
    this.#exports = exports as unknown as Record<string, KernelExport>;
    this.#resume = exports["resume"] as unknown as (end: number) => number;
    this.#suspended = exports["suspended"] as WebAssembly.Global;
    this.#flagWords();
    for (let t = 0; t <= threads; t++) this.regions.clear(t);
  }

  #flagWords(): void {
    const { abi, layout } = this;
    const { flags } = this.tracked;
    const from = abi.constant("PERCPU_EVENTS");
    const to = from + abi.constant("NR_EVENTS") * 8;
    for (let cpu = 0; cpu < layout.map.cpus; cpu++) {
      const unit = abi.constant("PERCPU_BASE") + cpu * abi.constant("PERCPU_STRIDE");
      flags.fill(WORD.ignored, (unit + from) >>> 2, (unit + to) >>> 2);
    }
    flags.fill(WORD.heap, layout.heapStart >>> 2, layout.heapEnd >>> 2);
  }

  /** Lets the clock tick at any time: from here on it is a word that others may notice. */
  contendClock(): void {
    this.tracked.flags[CLOCK_ADDRESS >>> 2] = WORD.contended;
  }

  /** The imports of the module: see coroutine-weaver.ts. */
  #hooks(): Record<Hook, (...args: number[]) => number | undefined> {
    return {
      access: (address = 0, site = 0) => this.#access(address, site),
      range: (to = 0, from = 0, bytes = 0, site = 0) => this.#range(to, from, bytes, site),
      wait: (address = 0, expected = 0, timeout = 0, site = 0) =>
        this.#wait(address, expected, timeout, site),
      waited: () => {
        const result = this.regions.get(this.running, FIELD.expected);
        this.regions.set(this.running, FIELD.expected, 0);
        return result;
      },
      notify: (address = 0, most = 0) => this.#notify(address, most),
      freeing: (address = 0, site = 0) => this.#free(address, site),
      clockAccess: (site = 0) => this.#access(CLOCK_ADDRESS, site),
      ...new StandIns(this).hooks(),
    };
  }

  /** What is known of what an access is to: of a wide one others may notice either word alone. */
  #flagsOf(address: number, bits: number): number {
    const { flags } = this.tracked;
    const first = flags[address >>> 2] as number;
    return isWide(bits) ? first | (flags[(address >>> 2) + 1] as number) : first;
  }

  /** Before an access: 1 takes the thread off. */
  #access(address: number, site: number): number {
    const bits = this.#bits[site] as number;
    const flags = this.#flagsOf(address, bits);
    if ((flags & WORD.ignored) !== 0) return 0;
    if (this.running < this.threads) {
      const isContended = (flags & WORD.contended) !== 0;
      let notable = (bits & ACCESS.marked) !== 0 && isContended;
      if (this.buffer.weak) {
        notable = this.#drains(bits, isContended) || (notable && !isBuffered(bits));
        notable ||= (flags & WORD.stop) !== 0;
      }
      if (notable || !this.#reduction) return this.#takeOff(address, site);
    }
    this.#make(address, bits, site);
    return 0;
  }

  /**
   * Whether an access empties the store buffer, in which something waits: others may notice that, whatever
   * word it is of, and may do so between what the thread has done before and that.
   */
  #drains(bits: number, isContended: boolean): boolean {
    const { buffer } = this;
    if (isBuffered(bits)) return isContended && buffer.isFull;
    return !buffer.isEmpty && isBarrier(bits);
  }

  #takeOff(address: number, site: number): number {
    this.regions.standBefore(this.running, site, address);
    return 1;
  }

  /** The access is made: now, or when the thread goes on from where it stood. */
  #make(address: number, bits: number, site: number): void {
    if (this.buffer.weak && this.running < this.threads) this.#order(address, bits);
    if (this.observer !== null) this.observer.access(address, bits, site);
    this.accounts.access(this.running, address, bits, site);
  }

  /** What an access does to the stores that wait, and whether it waits itself. */
  #order(address: number, bits: number): void {
    const { buffer } = this;
    const word = address >>> 2;
    if (isBuffered(bits)) {
      const isContended = (this.#flagsOf(address, bits) & WORD.contended) !== 0;
      // Half of a wide one that waits: it is not to be overtaken.
      if (!isContended && !buffer.hides(word, 1)) return;
      if (buffer.isFull) this.drainAll();
      const before = (bits & ACCESS.marked) !== 0 ? this.accounts.footprintLength : 0;
      buffer.store(word, isWide(bits), (bits & ACCESS.release) !== 0, before);
    } else if (isBarrier(bits)) this.drainAll();
    else buffer.settle();
  }

  /** A full barrier of the running thread. Context: the memory model is weak. */
  drainAll(): void {
    const { accounts } = this;
    accounts.order(this.buffer.drainAll((word) => accounts.noteEntry((word << 1) | 1)));
  }

  /** Whether the thread has stored there, and that waits: a range does not, so it would come too soon. */
  #overwritesWaiting(to: number, bytes: number): boolean {
    const first = to >>> 2;
    return this.buffer.weak && this.buffer.hides(first, ((to + bytes + 3) >>> 2) - first);
  }

  #range(to: number, from: number, bytes: number, site: number): number {
    if (bytes === 0) return 0;
    if (this.running >= this.threads || (this.#reduction && !this.#overwritesWaiting(to, bytes))) {
      this.#makeRange(to, from, bytes, site);
      return 0;
    }
    this.regions.set(this.running, FIELD.expected, from);
    this.regions.set(this.running, FIELD.deadline, bytes);
    return this.#takeOff(to, site);
  }

  #makeRange(to: number, from: number, bytes: number, site: number): void {
    const copies = this.sites[site - 1]?.kind === "copy";
    if (copies && this.observer !== null) this.observer.access(from, ACCESS.read, site);
    if (copies) this.accounts.range(this.running, from, bytes, ACCESS.read, site);
    if (this.observer !== null) this.observer.access(to, ACCESS.write, site);
    this.accounts.range(this.running, to, bytes, ACCESS.write, site);
  }

  /** Before kfree(), which is a full barrier: mm/slab.ts frees by a compare-exchange. */
  #free(address: number, site: number): number {
    const drains = this.buffer.weak && this.running < this.threads && !this.buffer.isEmpty;
    return drains && address !== 0 ? this.#takeOff(address, site) : 0;
  }

  /** Takes the thread off before it looks at the word; proceed() then does. */
  #wait(address: number, expected: number, timeout: number, site: number): number {
    if (this.running >= this.threads) {
      throw new Violation("deadlock", "the set-up waits, with nobody to wake it", address, site);
    }
    this.tracked.willRead(CLOCK_ADDRESS >>> 2);
    if (timeout > 0) this.accounts.noteEntry((CLOCK_ADDRESS >>> 2) << 1); // its end is so far from now
    this.queues.prepare(this.running, expected, timeout, this.now());
    return this.#takeOff(address, site);
  }

  #notify(address: number, most: number): number {
    let woken = 0;
    for (let left = most >>> 0; left > 0; left--) {
      const thread = this.queues.wakeFirst(address);
      if (thread < 0) break;
      this.observer?.event("wakes", address, thread);
      woken++;
    }
    return woken;
  }

  now(): number {
    return this.words[CLOCK_ADDRESS >>> 2] as number;
  }

  #onCpu(thread: number): void {
    this.running = thread;
    const cpu = thread < this.threads ? thread : 0;
    if (cpu === this.#cpu) return;
    this.#cpu = cpu;
    this.#exports["set_smp_processor_id"]?.(cpu, 0, 0);
  }

  /** Begins a call on a thread that makes none. The first part of it is no step of its own. */
  start(thread: number, fn: string, args: readonly (number | bigint)[]): Ran {
    const run = this.#exports[fn];
    if (run === undefined) throw new Error(`[harness bug] no root ${fn}`);
    this.#onCpu(thread);
    const frame = (this.regions.starts[thread] as number) + this.regions.frames;
    this.words[frame - 1] = 0;
    const value = run(...args, frame * 4, 0);
    if (this.#suspended.value === 0) {
      this.result = value ?? 0;
      return "returned";
    }
    this.#suspended.value = 0;
    return this.#tookOff(thread);
  }

  #tookOff(thread: number): Ran {
    const end = (this.words[CONTROL.stack >>> 2] as number) >>> 2;
    this.regions.set(thread, FIELD.stack, end - (this.regions.starts[thread] as number));
    return "off";
  }

  /** Makes a call of the set-up to its end. */
  call(fn: string, ...args: readonly (number | bigint)[]): number | bigint {
    this.accounts.begin();
    if (this.start(this.threads, fn, args) !== "returned") {
      throw new Error(`[harness bug] ${fn} was taken off in the set-up`);
    }
    this.#cpu = -1; // the call may have been one that brings a CPU up
    return this.result;
  }

  /**
   * Goes on where the thread stands: the access there is made. Context: accounts.begin(), and
   * buffer.enter() where the model is weak.
   */
  proceed(thread: number): Ran {
    this.#onCpu(thread);
    const { regions } = this;
    const address = regions.get(thread, FIELD.address);
    const site = regions.goOn(thread);
    if (regions.get(thread, FIELD.status) !== STATUS.ready) {
      regions.set(thread, FIELD.status, STATUS.ready);
    } else if (!this.#goOn(thread, address, site)) return "off";
    if (this.#resume(regions.end(thread) * 4) === 0) return this.#tookOff(thread);
    regions.set(thread, FIELD.stack, regions.frames);
    this.result = this.words[CONTROL.result >>> 2] as number;
    return "returned";
  }

  /** The access that a ready thread stands before. @returns false when it sleeps instead */
  #goOn(thread: number, address: number, site: number): boolean {
    const bits = this.#bits[site] as number;
    if ((bits & ACCESS.range) !== 0) {
      const from = this.regions.get(thread, FIELD.expected);
      const bytes = this.regions.get(thread, FIELD.deadline);
      this.regions.set(thread, FIELD.expected, 0);
      this.regions.set(thread, FIELD.deadline, 0);
      if (this.#overwritesWaiting(address, bytes)) this.drainAll();
      this.#makeRange(address, from, bytes, site);
      return true;
    }
    if ((bits & ACCESS.free) !== 0) return true; // kfree() comes next
    if ((bits & ACCESS.wait) === 0) {
      this.#make(address, bits, site);
      return true;
    }
    if (this.buffer.weak) this.drainAll();
    this.#make(address, bits, site);
    if (!this.queues.wait(thread, address, site, this.words[address >>> 2] as number)) return true;
    this.observer?.event("sleeps on", address, thread);
    return false;
  }

  /** The clock ticks. Context: tracked.begin() was called. */
  tick(): void {
    this.tracked.willWrite(CLOCK_ADDRESS >>> 2);
    this.words[CLOCK_ADDRESS >>> 2] = this.now() + 1;
  }

  /** After a step that threw: frames may be half-way, but no thread is being taken off. */
  afterThrow(): void {
    this.#suspended.value = 0;
  }
}
