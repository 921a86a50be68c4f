// SPDX-License-Identifier: GPL-2.0-only
/** Reads the sanitizer's reports out of a machine's memory, and says them in words. */
import type { CodePrefix, KernelAbi } from "../abi/kernel.ts";
import { describeSite, type Located } from "./site-lines.ts";
import type { Site } from "./sites.ts";

/** Numbers of call sites, the innermost first. */
export type Stack = readonly number[];

/** Who did something, and the calls that led to it. */
export interface Origin {
  readonly cpu: number;
  readonly stack: Stack;
}

export interface ReportedObject {
  /** SLAB_CXL_MEMDEV is "cxl_memdev". */
  readonly type: string;
  readonly address: number;
  /** Bytes that were asked for. */
  readonly size: number;
  /** Which life of the block: 1 is the first. */
  readonly generation: number;
  readonly allocated: Origin;
  /** Null while it is allocated. */
  readonly freed: Origin | null;
}

export interface Report {
  /** What does not hold: "use after free" for VIOLATION_USE_AFTER_FREE. */
  readonly property: string;
  /** CPU that did it first. */
  readonly cpu: number;
  /** How often, on all CPUs. */
  readonly count: number;
  /** Number of the access's site; 0 for a free. */
  readonly site: number;
  /** What the access does to the byte at `address`; "free" for a free. */
  readonly action: "read" | "write" | "read-modify-write" | "free";
  /** First byte that may not be touched, or what was to be freed. */
  readonly address: number;
  /** Bytes of the whole access; 0 for a free. */
  readonly bytes: number;
  /** The object that the address lies in or next to. */
  readonly object: ReportedObject | null;
  /** Where the address lies in memory that alloc_percpu() gives out, and had not. */
  readonly slot: { readonly cpu: number; readonly offset: number } | null;
  /** Calls that led to the access or the free; at most KASAN_FRAMES. */
  readonly stack: Stack;
  /** When it was seen first, on the machine's monotonic clock. */
  readonly timeNs: bigint;
}

const READS: ReadonlySet<string> = new Set(["load", "atomic load", "wait"]);
const CHANGES: ReadonlySet<string> = new Set(["read-modify-write", "compare-exchange"]);

/** VIOLATION_USE_AFTER_FREE as "use after free". */
function inWords(abi: KernelAbi, prefix: CodePrefix, code: number): string {
  return abi.nameOf(prefix, code).slice(prefix.length).toLowerCase().replaceAll("_", " ");
}

class Records {
  readonly #abi: KernelAbi;
  readonly #sites: readonly Site[];
  readonly #view: DataView;
  readonly #words: Int32Array;

  constructor(memory: WebAssembly.Memory, abi: KernelAbi, sites: readonly Site[]) {
    this.#abi = abi;
    this.#sites = sites;
    this.#view = new DataView(memory.buffer);
    this.#words = new Int32Array(memory.buffer);
  }

  #u32(at: number, field: string): number {
    return this.#view.getUint32(at + this.#abi.constant(`OFFSETOF_KASAN_RECORD_${field}`), true);
  }

  #u8(at: number, field: string): number {
    return this.#view.getUint8(at + this.#abi.constant(`OFFSETOF_KASAN_RECORD_${field}`));
  }

  #stack(at: number, which: number): Stack {
    const frames = this.#abi.constant("KASAN_FRAMES");
    const first = at + this.#abi.constant("KASAN_RECORD_STACKS") + which * frames * 4;
    const ids = Array.from({ length: frames }, (_, i) => this.#view.getUint32(first + 4 * i, true));
    return ids.toReversed().filter((id) => id !== 0);
  }

  #object(at: number): ReportedObject | null {
    const address = this.#u32(at, "OBJECT");
    if (address === 0) return null;
    const live = this.#u8(at, "LIVE") === 1;
    return {
      type: inWords(this.#abi, "SLAB_", this.#u8(at, "TYPE")).replaceAll(" ", "_"),
      address,
      size: this.#u32(at, "SIZE"),
      generation: this.#u32(at, "GENERATION"),
      allocated: { cpu: this.#u8(at, "ALLOC_CPU"), stack: this.#stack(at, 1) },
      freed: live ? null : { cpu: this.#u8(at, "FREE_CPU"), stack: this.#stack(at, 2) },
    };
  }

  #slot(at: number): Report["slot"] {
    const abi = this.#abi;
    if (this.#u32(at, "SHADOW") !== abi.constant("KASAN_PERCPU_FREED")) return null;
    const from = this.#u32(at, "ADDRESS") - abi.constant("PERCPU_BASE");
    const stride = abi.constant("PERCPU_STRIDE");
    return { cpu: Math.floor(from / stride), offset: from % stride };
  }

  #action(site: number, readHalf: boolean): Report["action"] {
    if (site === 0) return "free";
    const kind = this.#sites[site - 1]?.kind ?? "";
    if (READS.has(kind) || readHalf) return "read";
    return CHANGES.has(kind) ? "read-modify-write" : "write";
  }

  #read(cpu: number, at: number, count: number): Report {
    const readBit = this.#abi.constant("KASAN_SITE_READ") >>> 0;
    const id = this.#u32(at, "SITE");
    const site = id >= readBit ? id - readBit : id;
    const time = this.#abi.constant("OFFSETOF_KASAN_RECORD_TIME");
    return {
      property: inWords(this.#abi, "VIOLATION_", this.#u32(at, "BUG")),
      cpu,
      count,
      site,
      action: this.#action(site, id >= readBit),
      address: this.#u32(at, "ADDRESS"),
      bytes: this.#u32(at, "BYTES"),
      object: this.#object(at),
      slot: this.#slot(at),
      stack: this.#stack(at, 0),
      timeNs: this.#view.getBigUint64(at + time, true),
    };
  }

  /** What CPU `cpu` recorded. */
  of(cpu: number): Report[] {
    const abi = this.#abi;
    const unit = abi.constant("PERCPU_BASE") + cpu * abi.constant("PERCPU_STRIDE");
    const table = unit + abi.constant("PERCPU_KASAN_REPORTS");
    return Array.from({ length: abi.constant("KASAN_RECORDS") }, (_, i) => {
      const at = table + i * abi.constant("KASAN_RECORD_BYTES");
      const count = Atomics.load(this.#words, at >>> 2) >>> 0;
      return count === 0 ? null : this.#read(cpu, at, count);
    }).filter((report) => report !== null);
  }

  get cpus(): number {
    const abi = this.#abi;
    const at = abi.constant("BOOT_INFO") + abi.constant("OFFSETOF_BOOT_INFO_NCPUS");
    return this.#view.getUint32(at, true);
  }
}

/** What is one report: the same bug at the same place, whichever CPU did it. */
function keyOf({ property, site, action, stack }: Report): string {
  return `${property} ${site === 0 ? `free by ${stack[0]}` : site} ${action}`;
}

/**
 * The sanitizer's reports, first come first. May be called while the machine runs.
 *
 * @param sites - the table that sanitize() made together with the module that runs
 */
export function readReports(
  memory: WebAssembly.Memory,
  abi: KernelAbi,
  sites: readonly Site[],
): Report[] {
  const records = new Records(memory, abi, sites);
  const found = Array.from({ length: records.cpus }, (_, cpu) => records.of(cpu)).flat();
  const merged = new Map<string, Report>();
  for (const report of found.sort((a, b) => Number(a.timeNs - b.timeNs))) {
    const first = merged.get(keyOf(report));
    const both = first ? { ...first, count: first.count + report.count } : report;
    merged.set(keyOf(report), both);
  }
  return [...merged.values()];
}

const bytes = (n: number) => (n === 1 ? "1 byte" : `${n} bytes`);

/** `cxl_memdev+0x48`. */
function place({ address, object, slot }: Report): string {
  if (slot !== null) return `CPU ${slot.cpu}'s per-CPU slot 0x${slot.offset.toString(16)}`;
  if (object === null) return `0x${address.toString(16)}`;
  const offset = address - object.address;
  return offset === 0 ? object.type : `${object.type}+0x${offset.toString(16)}`;
}

/** `at cxl_memdev+0x48`, or, where that is outside, `, 4 bytes behind cxl_memdev (200 bytes),`. */
function whereabouts(report: Report): string {
  const { address, object } = report;
  const offset = object === null ? 0 : address - object.address;
  if (object === null || (offset >= 0 && offset < object.size)) return ` at ${place(report)}`;
  const whole = `${object.type} (${bytes(object.size)})`;
  if (offset < 0) return `, ${bytes(-offset)} before ${whole},`;
  const gap = offset - object.size;
  return gap === 0 ? `, just behind ${whole},` : `, ${bytes(gap)} behind ${whole},`;
}

/** The site table of the module that ran, and its lines. */
export interface SitesAndLines {
  readonly sites: readonly Site[];
  readonly lines: Located;
}

function describeStack(what: string, stack: Stack, { sites, lines }: SitesAndLines): string[] {
  const frames = stack.map((id) => {
    const site = sites[id - 1];
    return site === undefined ? `site ${id}` : describeSite(site, lines);
  });
  const [first = "the host", ...callers] = frames;
  return [`  ${what}: ${first}`, ...callers.map((caller) => `    called by ${caller}`)];
}

/** The report in lines, the first one a summary. */
export function describeReport(report: Report, table: SitesAndLines): string[] {
  const { site, object, stack, action, cpu, count } = report;
  const what =
    site === 0
      ? `free of ${place(report)}`
      : `${action} of ${bytes(report.bytes)}${whereabouts(report)}`;
  const often = count === 1 ? "" : `, ${count} times`;
  const access = site === 0 ? stack : [site, ...stack];
  const lines = [
    `${report.property}: ${what} by CPU ${cpu}${often}`,
    ...describeStack(site === 0 ? "free" : "access", access, table),
  ];
  if (object === null) return lines;
  const { allocated, freed } = object;
  lines.push(...describeStack(`allocated by CPU ${allocated.cpu}`, allocated.stack, table));
  if (freed) lines.push(...describeStack(`freed by CPU ${freed.cpu}`, freed.stack, table));
  return lines;
}
