// SPDX-License-Identifier: GPL-2.0-only
/**
 * CoroutineMachine: CPUs that take turns in one thread of the host, a step at a time, over memory that
 * is wholly in view. A step is one access that others may notice, and all that its thread does from
 * there up to the next such access.
 *
 * Which accesses others may notice: marked ones to a word that is contended. A word is contended once two
 * threads have accessed it and one of them wrote; contentions grows as runs find more, and who explores
 * must then begin anew. Plain accesses are never noticed, for two that conflict are a data race, which is
 * a violation itself: a thread's footprint holds those that it made since its last step began.
 * Event counters are no part of the state: the kernel never reads them.
 *
 * Ordering: sequentially consistent; see store-buffer.ts for weaker models.
 * Cost: what a step changed is in an undo log, so to take it back costs what it did.
 */
import type { KernelAbi } from "../../abi/kernel.ts";
import { CONTROL } from "../../instrument/coroutine-function.ts";
import type { Hook } from "../../instrument/coroutine-weaver.ts";
import type { Site } from "../../instrument/sites.ts";
import { ACCESS, ACCESS_BYTES_SHIFT, accessTable } from "./access-table.ts";
import { Heap } from "./heap.ts";
import { type CoroutineLayout, HEADER_WORDS, STATUS, T } from "./layout.ts";
import { mix1, mix2, TrackedMemory, WORD } from "./tracked-memory.ts";
import { Violation } from "./violation.ts";

const NULL_PAGE = 0x1000;
/** The clock: a word of the null page that only the hooks touch. It counts ticks. */
export const CLOCK_ADDRESS = 0x20;
/** Longer than any time limit of the kernel. */
const TICK_NS = 100_000_000_000n;
/** A thread that makes this many accesses without one that others may notice goes round for ever. */
const MOST_ACCESSES = 100_000;

type KernelExport = (...args: (number | bigint)[]) => number | bigint | undefined;

export interface MachineParts {
  readonly module: WebAssembly.Module;
  readonly abi: KernelAbi;
  readonly sites: readonly Site[];
  readonly layout: CoroutineLayout;
  /** Without that of the set-up. */
  readonly threads: number;
  /** False: every access is a step of its own, whoever may notice it. */
  readonly reduction: boolean;
}

/** Told of everything while a schedule is shown. */
export interface Observer {
  /** An access that is about to be made. */
  access(address: number, bits: number, site: number): void;
  /** "allocates", "frees", "sleeps on", "wakes", "logs". */
  event(what: string, address: number, value: number): void;
}

/** How a thread's time went: it stands before an access, sleeps, or its call has returned. */
export type Ran = "off" | "returned";

export class CoroutineMachine {
  readonly words: Int32Array;
  readonly tracked: TrackedMemory;
  readonly heap: Heap;
  readonly layout: CoroutineLayout;
  readonly abi: KernelAbi;
  readonly sites: readonly Site[];
  readonly threads: number;
  observer: Observer | null = null;
  /** The thread that runs; `threads` is that of the set-up, which is never taken off. */
  running: number;
  /** Threads whose region the step changed besides the one that ran: a bit each. */
  touched = 0;
  /** Accesses of the step to contended words, plain ones and frees included: word << 1 | 1 for a write. */
  readonly noted: number[] = [];
  /** What the call returned that ended last. */
  result: number | bigint = 0;
  readonly #exports: Record<string, KernelExport>;
  readonly #resume: (end: number) => number;
  readonly #suspended: WebAssembly.Global;
  readonly #bits: Int32Array;
  readonly #reduction: boolean;
  readonly #footprint: number[] = [];
  readonly #view: DataView;
  #accesses = 0;
  #cpu = -1;

  constructor({ module, abi, sites, layout, threads, reduction }: MachineParts) {
    const memory = new WebAssembly.Memory({ initial: layout.pages });
    this.words = new Int32Array(memory.buffer);
    this.#view = new DataView(memory.buffer);
    this.tracked = new TrackedMemory(this.words);
    this.heap = new Heap(this.tracked, layout);
    this.layout = layout;
    this.abi = abi;
    this.sites = sites;
    this.threads = threads;
    this.running = threads;
    this.#reduction = reduction;
    this.#bits = accessTable(sites);
    const check = this.#hooks() as unknown as WebAssembly.ModuleImports;
    const { exports } = new WebAssembly.Instance(module, { env: { memory }, check });
    this.#exports = exports as unknown as Record<string, KernelExport>;
    this.#resume = exports["resume"] as unknown as (end: number) => number;
    this.#suspended = exports["suspended"] as WebAssembly.Global;
    this.#flagWords();
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

  /** Lets the clock tick: from here on it is a word that others may notice. */
  contendClock(): void {
    this.tracked.flags[CLOCK_ADDRESS >>> 2] = WORD.contended;
  }

  #region(thread: number): number {
    return this.layout.regions[thread] as number;
  }

  /** A word of a thread's header. */
  get(thread: number, field: number): number {
    return this.words[this.#region(thread) + field] as number;
  }

  set(thread: number, field: number, value: number): void {
    this.words[this.#region(thread) + field] = value;
  }

  /** The imports of the module: see coroutine-weaver.ts. */
  #hooks(): Record<Hook, (...args: number[]) => number | undefined> {
    return {
      access: (address = 0, site = 0) => this.#access(address, site),
      range: (to = 0, from = 0, bytes = 0, site = 0) => this.#range(to, from, bytes, site),
      wait: (address = 0, expected = 0, timeout = 0, site = 0) =>
        this.#wait(address, expected, timeout, site),
      waited: () => this.get(this.running, T.expected),
      notify: (address = 0, most = 0) => this.#notify(address, most),
      clockAccess: (site = 0) => this.#access(CLOCK_ADDRESS, site),
      clock: (address = 0) => this.#clock(address),
      kmalloc: (size = 0, type = 0) => this.#kmalloc(size, type),
      kfree: (address = 0) => this.#kfree(address),
      printk: (level = 0, code = 0, a = 0, b = 0) => this.#printk(level, code, a, b),
      panic: (code = 0, a = 0, b = 0) => {
        const name = this.abi.nameOf("BUG_", code);
        throw new Violation(`kernel bug: ${name}`, `(${a}, ${b})`);
      },
    };
  }

  /** Before an access: 1 takes the thread off. */
  #access(address: number, site: number): number {
    const bits = this.#bits[site] as number;
    const flags = this.tracked.flags[address >>> 2] as number;
    if ((flags & WORD.ignored) !== 0) return 0;
    if (this.running < this.threads) {
      const notable = (bits & ACCESS.marked) !== 0 && (flags & WORD.contended) !== 0;
      if (notable || !this.#reduction) return this.#takeOff(address, site);
    }
    this.#account(address, bits, site);
    return 0;
  }

  #takeOff(address: number, site: number): number {
    const region = this.#region(this.running);
    this.words[region + T.site] = site;
    this.words[region + T.address] = address;
    return 1;
  }

  /** The access is made: now, or when the thread goes on from where it stood. */
  #account(address: number, bits: number, site: number): void {
    if (this.observer !== null) this.observer.access(address, bits, site);
    if (++this.#accesses > MOST_ACCESSES) this.#endless(address, site);
    const bytes = bits >>> ACCESS_BYTES_SHIFT;
    const word = address >>> 2;
    if (address < NULL_PAGE && address !== CLOCK_ADDRESS) {
      throw new Violation("null dereference", `access of ${bytes} bytes`, address, site);
    }
    const { flags } = this.tracked;
    if (((flags[word] as number) & WORD.heap) !== 0 && (bits & ACCESS.notify) === 0) {
      this.heap.checkAccess(address, bytes, site);
    }
    this.#touch(word, bits, site);
    if (bytes === 8) this.#touch(word + 1, bits, site);
  }

  #endless(address: number, site: number): never {
    const detail = `${MOST_ACCESSES} accesses on, none of which others may notice`;
    throw new Violation("livelock", detail, address, site);
  }

  #touch(word: number, bits: number, site: number): void {
    const writes = (bits & ACCESS.write) !== 0;
    if (this.running < this.threads && this.tracked.note(word, 1 << this.running, writes)) {
      this.#checkRaces(word, bits, site);
      const entry = (word << 1) | (writes ? 1 : 0);
      this.noted.push(entry);
      if ((bits & ACCESS.marked) === 0) this.#footprint.push(entry);
    }
    if (writes && (bits & ACCESS.notify) === 0) this.tracked.willWrite(word);
  }

  /** Nothing orders an access after what is in the footprint of another thread. */
  #checkRaces(word: number, bits: number, site: number): void {
    const { words, threads, running } = this;
    for (let other = 0; other < threads; other++) {
      if (other === running) continue;
      const region = this.#region(other);
      const count = words[region + T.footprint] as number;
      const first = region + (words[region + T.stack] as number);
      for (let i = 0; i < count; i++) {
        const entry = words[first + i] as number;
        if (entry >>> 1 !== word || ((entry & 1) === 0 && (bits & ACCESS.write) === 0)) continue;
        const [mine, theirs] = [(bits & ACCESS.write) !== 0, (entry & 1) !== 0];
        const detail = `${mine ? "write" : "read"} against a plain ${theirs ? "write" : "read"}`;
        throw new Violation("data race", detail, word << 2, site);
      }
    }
  }

  #range(to: number, from: number, bytes: number, site: number): number {
    if (bytes === 0) return 0;
    if (!this.#reduction && this.running < this.threads) {
      this.set(this.running, T.expected, from);
      this.set(this.running, T.deadline, bytes);
      return this.#takeOff(to, site);
    }
    this.#accountRange(to, from, bytes, site);
    return 0;
  }

  #accountRange(to: number, from: number, bytes: number, site: number): void {
    const copies = this.sites[site - 1]?.kind === "copy";
    const account = (address: number, bits: number) => {
      for (let at = address & ~3; at < address + bytes; at += 4) this.#account(at, bits, site);
    };
    const width = 1 << ACCESS_BYTES_SHIFT;
    if (copies) account(from, ACCESS.read | width);
    account(to, ACCESS.write | width);
  }

  /** Takes the thread off before it looks at the word; step() then does. */
  #wait(address: number, expected: number, timeout: number, site: number): number {
    if (this.running >= this.threads) {
      throw new Violation("deadlock", "the set-up waits, with nobody to wake it", address, site);
    }
    this.set(this.running, T.expected, expected);
    this.set(this.running, T.deadline, timeout < 0 ? 0 : timeout === 0 ? -1 : this.now() + 1);
    return this.#takeOff(address, site);
  }

  #notify(address: number, most: number): number {
    const { threads } = this;
    let woken = 0;
    for (let left = most >>> 0; left > 0; left--) {
      let first = -1;
      for (let t = 0; t < threads; t++) {
        if (this.get(t, T.status) !== STATUS.waiting || this.get(t, T.address) !== address)
          continue;
        if (first < 0 || this.get(t, T.order) < this.get(first, T.order)) first = t;
      }
      if (first < 0) break;
      this.observer?.event("wakes", address, first);
      this.#wake(first, 0);
      woken++;
    }
    return woken;
  }

  #wake(thread: number, result: number): void {
    const address = this.get(thread, T.address);
    const order = this.get(thread, T.order);
    this.set(thread, T.status, STATUS.woken);
    this.set(thread, T.expected, result);
    this.set(thread, T.deadline, 0);
    this.set(thread, T.order, 0);
    this.touched |= 1 << thread;
    for (let t = 0; t < this.threads; t++) {
      const behind = this.get(t, T.status) === STATUS.waiting && this.get(t, T.address) === address;
      if (!behind || this.get(t, T.order) < order) continue;
      this.set(t, T.order, this.get(t, T.order) - 1);
      this.touched |= 1 << t;
    }
  }

  now(): number {
    return this.words[CLOCK_ADDRESS >>> 2] as number;
  }

  #clock(address: number): number {
    this.#account(address, ACCESS.write | (8 << ACCESS_BYTES_SHIFT), 0);
    this.#view.setBigUint64(address, BigInt(this.now() + 1) * TICK_NS, true);
    return 0;
  }

  #kmalloc(size: number, type: number): number {
    const address = this.heap.allocate(this.running, size >>> 0, type);
    this.observer?.event("allocates", address, size);
    return address;
  }

  #kfree(address: number): undefined {
    const object = this.heap.free(address, 0);
    if (object === null) return;
    this.observer?.event("frees", address, object.size);
    const first = address >>> 2;
    const end = (address + object.size + 3) >>> 2;
    if (this.running >= this.threads) return;
    for (let word = first; word < end; word++) {
      if (this.tracked.note(word, 1 << this.running, true)) this.noted.push((word << 1) | 1);
    }
  }

  #printk(level: number, code: number, a: number, b: number): undefined {
    this.observer?.event("logs", code, level);
    if (level === this.abi.constant("LEVEL_INFO")) return;
    const prefix = level === this.abi.constant("LEVEL_WARN") ? "WARN_" : "VIOLATION_";
    const name = this.abi.nameOf(prefix, code).slice(prefix.length).toLowerCase();
    throw new Violation(name.replaceAll("_", " "), `(0x${(a >>> 0).toString(16)}, ${b})`, a);
  }

  #onCpu(thread: number): void {
    this.running = thread;
    this.#accesses = 0;
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
    const region = this.#region(thread);
    this.words[region + HEADER_WORDS] = 0; // below the first frame
    this.set(thread, T.stack, HEADER_WORDS + 1);
    const value = run(...args, (region + HEADER_WORDS + 1) * 4, 0);
    if (this.#suspended.value === 0) return this.#returned(thread, value ?? 0);
    this.#suspended.value = 0;
    return this.#tookOff(thread);
  }

  #returned(thread: number, value: number | bigint): Ran {
    this.result = value;
    this.set(thread, T.stack, HEADER_WORDS);
    return "returned";
  }

  #tookOff(thread: number): Ran {
    const end = (this.words[CONTROL.stack >>> 2] as number) >>> 2;
    this.set(thread, T.stack, end - this.#region(thread));
    return "off";
  }

  /** Makes a call of the set-up to its end. */
  call(fn: string, ...args: readonly (number | bigint)[]): number | bigint {
    if (this.start(this.threads, fn, args) !== "returned") {
      throw new Error(`[harness bug] ${fn} was taken off in the set-up`);
    }
    this.#cpu = -1; // the call may have been one that brings a CPU up
    return this.result;
  }

  /** Goes on where the thread stands: the access there is made. Context: begin() was called. */
  proceed(thread: number): Ran {
    this.#onCpu(thread);
    this.clearFootprint();
    const region = this.#region(thread);
    const { words } = this;
    const site = words[region + T.site] as number;
    const address = words[region + T.address] as number;
    words[region + T.site] = 0;
    words[region + T.address] = 0;
    words[region + T.footprint] = 0;
    if (words[region + T.status] === STATUS.ready) {
      if (!this.#make(thread, address, site)) return "off";
    } else words[region + T.status] = STATUS.ready;
    const end = (region + (words[region + T.stack] as number)) * 4;
    if (this.#resume(end) === 0) return this.#tookOff(thread);
    return this.#returned(thread, words[CONTROL.result >>> 2] as number);
  }

  /** The access that a ready thread stands before. @returns false when it sleeps instead */
  #make(thread: number, address: number, site: number): boolean {
    const bits = this.#bits[site] as number;
    const expected = this.get(thread, T.expected);
    const deadline = this.get(thread, T.deadline);
    if (bits >>> ACCESS_BYTES_SHIFT === 0 && this.sites[site - 1]?.kind !== "call") {
      this.set(thread, T.expected, 0);
      this.set(thread, T.deadline, 0);
      this.#accountRange(address, expected, deadline, site);
      return true;
    }
    this.#account(address, bits, site);
    if (this.sites[site - 1]?.kind !== "wait") return true;
    const same = (this.words[address >>> 2] as number) === expected;
    if (same && deadline >= 0) {
      this.#sleep(thread, address, site);
      return false;
    }
    this.set(thread, T.expected, same ? 2 : 1);
    this.set(thread, T.deadline, 0);
    return true;
  }

  #sleep(thread: number, address: number, site: number): void {
    let order = 1;
    for (let t = 0; t < this.threads; t++) {
      if (this.get(t, T.status) === STATUS.waiting && this.get(t, T.address) === address) order++;
    }
    this.observer?.event("sleeps on", address, thread);
    this.set(thread, T.status, STATUS.waiting);
    this.set(thread, T.site, site);
    this.set(thread, T.address, address);
    this.set(thread, T.order, order);
  }

  /** Ends the wait of a thread whose time is up. */
  timeOut(thread: number): void {
    this.#wake(thread, 2);
  }

  /** The clock ticks. Context: begin() was called. */
  tick(): void {
    this.tracked.willWrite(CLOCK_ADDRESS >>> 2);
    this.words[CLOCK_ADDRESS >>> 2] = this.now() + 1;
  }

  /** A step, or a thread, begins: nothing is in its footprint. */
  clearFootprint(): void {
    this.#footprint.length = 0;
    this.noted.length = 0;
  }

  /** Puts the plain accesses of the step behind the frames. Context: the thread runs no more. */
  keepFootprint(thread: number): void {
    const region = this.#region(thread);
    const first = region + this.get(thread, T.stack);
    for (const [i, entry] of this.#footprint.entries()) this.words[first + i] = entry;
    this.words[region + T.footprint] = this.#footprint.length;
  }

  /** After a step that threw: frames may be half-way, but no thread is being taken off. */
  afterThrow(): void {
    this.#suspended.value = 0;
  }

  /** Words of a thread's region that are part of the state. */
  regionWords(thread: number): number {
    return (
      this.get(thread, T.stack) + this.get(thread, T.footprint) + 2 * this.get(thread, T.buffered)
    );
  }

  /** Where a thread stands: a hash of the points in its frames, and of its call and status. */
  location(thread: number): number {
    const { words } = this;
    const region = this.#region(thread);
    let a = Math.imul(thread + 1, 0x9e3779b1) ^ (words[region + T.call] as number);
    let b = words[region + T.status] as number;
    for (let end = region + (words[region + T.stack] as number); ; ) {
      const id = words[end - 1] as number;
      if (id === 0 || end <= region + HEADER_WORDS) break;
      a = mix1(a, id);
      b = mix2(b, id ^ a);
      end -= id >>> 18;
    }
    return (a >>> 0) * 0x200000 + (b & 0x1fffff);
  }

  /** A hash of a thread's region; `salt` tells threads apart. */
  hashRegion(thread: number, salt: number, out: Int32Array): void {
    const { words } = this;
    const region = this.#region(thread);
    const end = region + this.regionWords(thread);
    let a = salt;
    let b = ~salt;
    for (let i = region; i < end; i++) {
      const word = words[i] as number;
      a = Math.imul(a ^ word, 0x9e3779b1);
      a ^= a >>> 15;
      b = Math.imul((b + word) | 0, 0x85ebca6b);
      b ^= b >>> 13;
    }
    out[2 * thread] = mix1(end - region, a);
    out[2 * thread + 1] = mix2(end - region, b);
  }
}
