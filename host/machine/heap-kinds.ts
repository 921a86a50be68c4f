// SPDX-License-Identifier: GPL-2.0-only
/** What an object of the heap is: by its slab type, or as a program says of its own. */
import type { KernelAbi } from "../abi/kernel.ts";
import type { Layouts } from "../abi/layouts.ts";
import { isDevice, labelsOf, objectParts } from "./memory-parts.ts";
import { endOf, inARow, type Part, type Row } from "./parts.ts";

/** An object of the slab, allocated or freed. */
export interface HeapObject {
  readonly base: number;
  /** Bytes that were asked for. */
  readonly size: number;
  /** SLAB_*. */
  readonly type: number;
  /** Which of its kind: the caller counts. */
  readonly ordinal: number;
}

/** What some objects are called, and made of, whose slab type does not say it. */
export interface ObjectKind {
  readonly name: string;
  readonly row: Row;
  /** The object at this address; absent: every one of a slab type that is as large as the row. */
  readonly at?: number;
  /** As in "misc"; of those at no address. */
  readonly slab?: string;
}

/** What an object is called, but for its number, and made of. */
interface Kind {
  readonly name: string;
  readonly parts: readonly Part[];
}

export class HeapKinds {
  readonly #abi: KernelAbi;
  readonly #layouts: Layouts;
  readonly #slabs: ReadonlyMap<number, string>;
  readonly #bySlab: Readonly<Record<string, readonly Part[]>>;
  readonly #special: readonly (ObjectKind & Kind & { readonly size: number })[];

  /** @param gate - see AddressBookOptions */
  constructor(abi: KernelAbi, layouts: Layouts, gate: string | null, kinds: readonly ObjectKind[]) {
    this.#abi = abi;
    this.#layouts = layouts;
    this.#slabs = labelsOf(abi, "SLAB_");
    this.#bySlab = objectParts(abi, layouts, gate);
    this.#special = kinds.map((kind) => {
      const parts = inARow(layouts, 0, kind.row);
      return { ...kind, parts, size: endOf(layouts, parts) };
    });
  }

  of({ base, size, type }: Omit<HeapObject, "ordinal">): Kind {
    const slab = this.#slabs.get(type) ?? `type${type}`;
    const special =
      this.#special.find(({ at }) => at === base) ??
      this.#special.find((kind) => kind.slab === slab && kind.size === size);
    if (special !== undefined) return special;
    const device = slab === "misc" && isDevice(this.#abi, this.#layouts, size);
    const name = device ? "cxl_hw" : slab;
    return { name, parts: this.#bySlab[name] ?? [] };
  }
}
