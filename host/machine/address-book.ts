// SPDX-License-Identifier: GPL-2.0-only
/**
 * Names the addresses of the kernel's memory for people: `cxl_memdev#1.dev.kobj_ref`,
 * `cxl_memdev_rwsem.count`, `cpu1.task.state`, `misc#2+0x10`. What lies where stands in
 * memory-parts.ts; here it is looked up.
 */
import type { KernelAbi } from "../abi/kernel.ts";
import { fieldAt, type Layouts } from "../abi/layouts.ts";
import { type Lock, lockIn } from "./locks.ts";
import type { MemoryMap } from "./memory-map.ts";
import {
  isDevice,
  labelsOf,
  objectParts,
  type Part,
  SLAB_HEADER,
  staticParts,
  unitParts,
} from "./memory-parts.ts";

/** An object of the slab, allocated or freed. */
export interface HeapObject {
  readonly base: number;
  /** Bytes that were asked for. */
  readonly size: number;
  /** SLAB_*. */
  readonly type: number;
  /** Which of its type: the caller counts. */
  readonly ordinal: number;
}

export interface AddressBookOptions {
  readonly abi: KernelAbi;
  /** Of parseLayouts(); an empty one leaves base names and offsets. */
  readonly layouts: Layouts;
  readonly map: MemoryMap;
  /** The gate whose state is in each cxl_memdev; null: none. That of revision percpu_ref is its own. */
  readonly gate: string | null;
  /** The object that has the byte at an address; null for an address between two objects. */
  readonly objectAt: (address: number) => HeapObject | null;
  /** What else has a name, by address: what a scenario keeps in host memory. Looked at first. */
  readonly named?: readonly Part[];
}

/** What is known of an address. */
export interface Place {
  readonly name: string;
  /** What a pointer there points to: the part as a whole, where one begins there. */
  readonly target: string;
  /** The lock that the byte belongs to. */
  readonly lock: Lock | null;
}

/** Where a list of parts is looked up in. */
interface Whole {
  readonly name: string;
  readonly base: number;
  readonly parts: readonly Part[];
}

const hex = (n: number) => `0x${n.toString(16)}`;
const plus = (name: string, offset: number) => (offset === 0 ? name : `${name}+${hex(offset)}`);
const join = (...names: string[]) => names.filter((name) => name !== "").join(".");
const unnamed = (name: string): Place => ({ name, target: name, lock: null });

export class AddressBook {
  readonly #options: AddressBookOptions;
  readonly #statics: Whole;
  readonly #named: Whole;
  readonly #unit: readonly Part[];
  readonly #objects: Readonly<Record<string, readonly Part[]>>;
  readonly #types: ReadonlyMap<number, string>;

  constructor(options: AddressBookOptions) {
    const { abi, layouts, gate, named = [] } = options;
    this.#options = options;
    this.#statics = { name: "", base: 0, parts: staticParts(abi) };
    this.#named = { name: "", base: 0, parts: named };
    this.#unit = unitParts(abi);
    this.#objects = objectParts(abi, layouts, gate);
    this.#types = labelsOf(abi, "SLAB_");
  }

  name(address: number): string {
    return this.place(address).name;
  }

  place(address: number): Place {
    const { abi, map } = this.#options;
    const known = this.#in(this.#named, address);
    if (known) return known;
    if (address < abi.constant("BOOT_INFO")) return unnamed(plus("null", address));
    const units = abi.constant("PERCPU_BASE");
    if (address < units) return this.#in(this.#statics, address) ?? unnamed(hex(address));
    if (address < map.arenaStart) return this.#inUnit(address - units, units);
    if (address < map.arenaEnd) return this.#inHeap(address);
    return unnamed(this.#behindHeap(address));
  }

  #inUnit(offset: number, units: number): Place {
    const stride = this.#options.abi.constant("PERCPU_STRIDE");
    const cpu = Math.floor(offset / stride);
    const whole = { name: `cpu${cpu}`, base: units + cpu * stride, parts: this.#unit };
    return this.#in(whole, units + offset) ?? unnamed(plus(whole.name, offset % stride));
  }

  #inHeap(address: number): Place {
    const { objectAt, map } = this.#options;
    const object = objectAt(address);
    if (object) {
      const whole = this.#whole(object);
      return this.#in(whole, address) ?? unnamed(plus(whole.name, address - object.base));
    }
    const next = address - (address % SLAB_HEADER) + SLAB_HEADER;
    const behind = objectAt(next);
    if (behind?.base !== next) return unnamed(plus("arena", address - map.arenaStart));
    const name = join(this.#whole(behind).name, "header");
    const header: Part = { at: 0, name: "", layout: "slab_header" };
    const base = next - SLAB_HEADER;
    return (
      this.#in({ name, base, parts: [header] }, address) ?? unnamed(plus(name, address - base))
    );
  }

  #whole({ base, size, type, ordinal }: HeapObject): Whole {
    const slab = this.#types.get(type) ?? `type${type}`;
    const { abi, layouts } = this.#options;
    const kind = slab === "misc" && isDevice(abi, layouts, size) ? "cxl_hw" : slab;
    return { name: `${kind}#${ordinal}`, base, parts: this.#objects[kind] ?? [] };
  }

  #behindHeap(address: number): string {
    const { map } = this.#options;
    if (address < map.userEnd) {
      const offset = address - map.userStart;
      const cpu = Math.floor(offset / map.userBytesPerCpu);
      return plus(`cpu${cpu}.user`, offset % map.userBytesPerCpu);
    }
    if (address < map.hostEnd) return plus("host", address - map.hostStart);
    if (address < map.shadowEnd) return plus("shadow", address - map.shadowStart);
    return hex(address);
  }

  /** The part that has the address, and the field in it; null in a gap between parts. */
  #in(whole: Whole, address: number): Place | null {
    for (const part of whole.parts) {
      const layout = this.#options.layouts.get(part.layout ?? "");
      const bytes = layout?.bytes ?? part.bytes ?? 4;
      const { count = 1, stride = bytes } = part;
      const offset = address - whole.base - part.at;
      if (offset < 0 || offset >= stride * count) continue;
      const index = Math.floor(offset / stride);
      const label = part.count === undefined ? "" : `[${part.labels?.get(index) ?? index}]`;
      const name = join(whole.name, part.name + label);
      const base = address - (offset % stride);
      const field = layout && fieldAt(layout, offset % stride);
      if (!layout || !field) {
        const lock = part.lock ? { name, class: part.lock, base } : null;
        const full = plus(name, offset % stride);
        return { name: full, target: full, lock };
      }
      const byte = (offset % stride) - field.offset;
      // `cpu0.rcu_slot`: a part that is called like its first field is that field.
      const same = field.offset === 0 && part.name.endsWith(`_${field.name}`);
      const full = same ? name : join(name, field.name);
      const target = offset % stride === 0 ? name : plus(full, byte);
      const lock = lockIn(name, layout.name, base, field);
      return { name: plus(full, byte), target, lock };
    }
    return null;
  }
}
