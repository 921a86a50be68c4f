// SPDX-License-Identifier: GPL-2.0-only
/**
 * Names the addresses of the kernel's memory for people: `cxl_memdev#1.dev.kobj_ref`,
 * `cxl_memdev_rwsem.count`, `cpu1.task.state`, `misc#2+0x10`. What lies where stands in
 * memory-parts.ts; here it is looked up.
 */
import type { KernelAbi } from "../abi/kernel.ts";
import { fieldAt, type Layouts } from "../abi/layouts.ts";
import { HeapKinds, type HeapObject, type ObjectKind } from "./heap-kinds.ts";
import { type Lock, lockIn } from "./lock-classes.ts";
import type { MemoryMap } from "./memory-map.ts";
import { SLAB_HEADER, staticParts, unitParts } from "./memory-parts.ts";
import { extentOf, join, type Part } from "./parts.ts";
import { perCpuPart } from "./percpu-parts.ts";

/** What is in a memory now. */
export interface Contents {
  readonly view: DataView;
  /** All that was allocated. */
  readonly objects: () => readonly HeapObject[];
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
  readonly kinds?: readonly ObjectKind[];
  /** Without it nobody knows whose a CPU's dynamic memory is. */
  readonly contents?: Contents;
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
const unnamed = (name: string): Place => ({ name, target: name, lock: null });

export class AddressBook {
  readonly #options: AddressBookOptions;
  readonly #statics: Whole;
  readonly #named: Whole;
  readonly #unit: readonly Part[];
  readonly #kinds: HeapKinds;

  constructor(options: AddressBookOptions) {
    const { abi, layouts, gate, named = [], kinds = [] } = options;
    this.#options = options;
    this.#statics = { name: "", base: 0, parts: staticParts(abi, layouts) };
    this.#named = { name: "", base: 0, parts: named };
    this.#unit = unitParts(abi);
    this.#kinds = new HeapKinds(abi, layouts, gate, kinds);
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
    const known = this.#inDynamic(whole, units + offset) ?? this.#in(whole, units + offset);
    return known ?? unnamed(plus(whole.name, offset % stride));
  }

  /** In what a structure has in each unit: `cpu0.cxl_memdev#1.ops_active.percpu_count`. */
  #inDynamic(unit: Whole, address: number): Place | null {
    const { abi, layouts, contents } = this.#options;
    const offset = address - unit.base;
    const dynamic = offset >= abi.constant("PERCPU_DYNAMIC");
    if (!contents || !dynamic || offset >= abi.constant("PERCPU_DYNAMIC_END")) return null;
    for (const { name, base, parts } of this.#holders(contents)) {
      for (const part of parts) {
        const holder = base + part.at;
        const held = perCpuPart(contents.view, layouts, part.layout ?? "", holder);
        if (!held || offset < held.at || offset >= held.at + extentOf(layouts, held)) continue;
        const whole = join(name, part.name);
        const place = this.#in(
          { ...unit, parts: [{ ...held, name: join(whole, held.name) }] },
          address,
        );
        const lock = lockIn(whole, part.layout ?? "", holder, null);
        return place && { ...place, lock };
      }
    }
    return null;
  }

  /** What may have memory in each unit. */
  #holders({ objects }: Contents): Whole[] {
    return [this.#named, ...objects().map((object) => this.#whole(object))];
  }

  #inHeap(address: number): Place {
    const { objectAt, map } = this.#options;
    const object = objectAt(address);
    if (object) {
      const whole = this.#whole(object);
      const place = this.#in(whole, address);
      if (!place) return unnamed(plus(whole.name, address - object.base));
      return address === object.base ? { ...place, target: whole.name } : place;
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

  /** What an object is called, but for its number. */
  kind(object: Omit<HeapObject, "ordinal">): string {
    return this.#kinds.of(object).name;
  }

  #whole(object: HeapObject): Whole {
    const { name, parts } = this.#kinds.of(object);
    return { name: `${name}#${object.ordinal}`, base: object.base, parts };
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
      const { layouts } = this.#options;
      const layout = layouts.get(part.layout ?? "");
      const { count = 1 } = part;
      const extent = extentOf(layouts, part);
      const offset = address - whole.base - part.at;
      if (offset < 0 || offset >= extent) continue;
      const stride = extent / count;
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
