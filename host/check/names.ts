// SPDX-License-Identifier: GPL-2.0-only
/**
 * What people call the things in a schedule: threads, objects by type in the order of their allocation,
 * words by field, values by what they point to, places by function and line.
 */
import { type Layouts, parseLayouts } from "../abi/layouts.ts";
import { baseName } from "../instrument/sites.ts";
import { AddressBook, type Place } from "../machine/address-book.ts";
import { CLOCK_ADDRESS } from "../machine/coroutine/accounts.ts";
import type { Interleaver } from "../machine/coroutine/interleaver.ts";
import type { CoroutineMachine } from "../machine/coroutine/machine.ts";
import { bareGateParts } from "../machine/gate-parts.ts";
import type { HeapObject } from "../machine/heap-kinds.ts";
import { kernelSources } from "../machine/summaries.ts";
import { violationOf } from "./ending.ts";

/** Beyond these a number says more in hexadecimal. */
const DECIMAL_MOST = 255;
const DECIMAL_LEAST = -200;
/** Fields whose values may be as large as an address, and are none. */
const NUMBERS: ReadonlySet<string> = new Set(["rate"]);
/** Low bits of a pointer to a task that a lock keeps flags in. */
const TASK_FLAGS = 7;

/** Where code stands: see CheckStep. */
export interface Where {
  readonly fn: string;
  readonly at: string | null;
}

/** Names of threads; those of one name are numbered. */
export function threadNames(names: readonly string[]): string[] {
  return names.map((name, i) => {
    if (names.indexOf(name) === names.lastIndexOf(name)) return name;
    return `${name}${names.slice(0, i + 1).filter((other) => other === name).length}`;
  });
}

const hex = (value: number | bigint) => `0x${value.toString(16)}`;

export class Names {
  readonly layouts: Layouts = parseLayouts(kernelSources());
  /** Of the threads; the last one is that of the set-up and of the end. */
  readonly threads: readonly string[];
  readonly #machine: CoroutineMachine;
  readonly #book: AddressBook;
  readonly #view: DataView;
  /** Which of its kind an object is, by its base. */
  readonly #ordinals = new Map<number, number>();
  readonly #counts = new Map<string, number>();
  readonly #ofSetUp: readonly number[];

  /** Context: `on` is left at the start. */
  constructor(on: Interleaver) {
    const { machine, program } = on;
    const { gate = null, named = [], bare = [], kinds = [] } = program;
    this.#machine = machine;
    this.#view = new DataView(machine.words.buffer);
    this.threads = [...threadNames(program.threads.map(({ name }) => name)), "end"];
    this.#book = new AddressBook({
      ...{ abi: machine.abi, layouts: this.layouts, map: machine.layout.map, gate, kinds },
      contents: { view: this.#view, objects: () => this.#objects() },
      objectAt: (address) => this.#objectAt(address),
      named: [
        { at: CLOCK_ADDRESS, name: "clock" },
        ...bare.flatMap((one) => bareGateParts(machine.abi, this.layouts, one)),
        ...named,
      ],
    });
    machine.observer = null;
    violationOf(() => on.restart());
    this.#ofSetUp = this.#leftBySetUp(on.threads);
  }

  /** By address. What threads have freed before their first turn is among them. */
  #leftBySetUp(setUp: number): number[] {
    const { heap } = this.#machine;
    const bases = [...heap.allocated].flatMap(([base, { thread }]) =>
      thread === setUp ? base : [],
    );
    const left = bases.filter((base) => {
      const object = heap.objectAt(base); // none of what the end allocates
      return object !== null && (object.live || heap.freed.get(base)?.thread !== setUp);
    });
    return left.sort((a, b) => a - b);
  }

  /** Forgets what threads allocated. */
  restart(): void {
    this.#ordinals.clear();
    this.#counts.clear();
    for (const base of this.#ofSetUp) this.allocated(base);
  }

  /** An object is there that was not. */
  allocated(base: number): void {
    const object = this.#machine.heap.objectAt(base);
    if (object === null) return;
    const kind = this.#book.kind(object);
    const ordinal = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, ordinal);
    this.#ordinals.set(base, ordinal);
  }

  #objects(): HeapObject[] {
    return [...this.#ordinals.keys()].flatMap((base) => this.#objectAt(base) ?? []);
  }

  #objectAt(address: number): HeapObject | null {
    const found = this.#machine.heap.objectAt(address);
    if (found === null || address < found.base) return null;
    return { ...found, ordinal: this.#ordinals.get(found.base) ?? 0 };
  }

  place(address: number): Place {
    return this.#book.place(address);
  }

  name(address: number): string {
    return this.#book.name(address);
  }

  /** What begins at an address, as a whole: an object, or a part of one. */
  target(address: number): string {
    return address === 0 ? "0" : this.#book.place(address).target;
  }

  /** The last word of a name, as a schedule keeps it: "kobj_ref" of "cxl_memdev#1.dev.kobj_ref". */
  field(address: number): string {
    const last = this.name(address).replace(/[[+#].*$/, "") || "word";
    const inner = /\.(\w+)(?:\[[^\]]*\])?(?:\+0x[0-9a-f]+)?$/.exec(this.name(address))?.[1];
    return (inner ?? last).replace(/\W/g, "_");
  }

  where(site: number): Where {
    const found = this.#machine.sites[site - 1];
    if (found === undefined) return { fn: "", at: null };
    const source = this.#machine.lines.of(found);
    if (source === null) return { fn: baseName(found.fn), at: null };
    return { fn: source.fn || baseName(found.fn), at: `${source.file}:${source.line}` };
  }

  /** `cxl_mem_create drivers/cxl/mem.ts:50` */
  site(site: number): string {
    const { fn, at } = this.where(site);
    return at === null ? fn : `${fn} ${at}`;
  }

  /** What is in memory now. */
  read(address: number, bytes: number): number | bigint {
    if (bytes === 8) return this.#view.getBigInt64(address, true);
    if (bytes === 2) return this.#view.getUint16(address, true);
    return bytes === 1 ? this.#view.getUint8(address) : this.#view.getInt32(address, true);
  }

  value(address: number, bytes: number): string {
    const value = this.read(address, bytes);
    return NUMBERS.has(this.field(address)) ? String(value) : this.format(value);
  }

  /** A pointer to what has a name by that name: `&cxl_memdev#1`, `cpu0` for a task. */
  format(value: number | bigint): string {
    if (value >= DECIMAL_LEAST && value <= DECIMAL_MOST) return String(value);
    if (typeof value === "bigint") return hex(BigInt.asUintN(64, value));
    const pointer = value >>> 0;
    return this.#task(pointer) ?? (this.#isPlace(pointer) ? this.#to(pointer) : hex(pointer));
  }

  #to(pointer: number): string {
    return `&${this.target(pointer)}`;
  }

  #task(pointer: number): string | null {
    const { abi, layout } = this.#machine;
    const from = abi.constant("PERCPU_BASE");
    if (pointer < from || pointer >= layout.map.arenaStart) return null;
    const stride = abi.constant("PERCPU_STRIDE");
    const offset = (pointer - from) % stride;
    if (offset > TASK_FLAGS) return this.#to(pointer);
    const cpu = `cpu${Math.floor((pointer - from) / stride)}`;
    return offset === 0 ? cpu : `${cpu}|${offset}`;
  }

  /** In an object, or in a user's memory: an address, as no count is. */
  #isPlace(pointer: number): boolean {
    const { userStart, userEnd } = this.#machine.layout.map;
    if (pointer >= userStart && pointer < userEnd) return true;
    const object = this.#objectAt(pointer);
    return object !== null && pointer < object.base + object.size;
  }
}
