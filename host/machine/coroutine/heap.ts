// SPDX-License-Identifier: GPL-2.0-only
/**
 * The allocator of a coroutine machine, in place of mm/slab.ts. Each thread takes memory of its own, in
 * order, and none is given out twice: so an object's address follows from what its thread did, whatever
 * others do, and an access to freed memory is always seen as one.
 *
 * A slot: a header word {state : 8 | type : 8 | bytes : 16}; at OBJECT bytes the object.
 */
import { ARENA_BYTES, type CoroutineLayout, SMALL_BYTES } from "./layout.ts";
import { FIELD, type Regions } from "./regions.ts";
import type { TrackedMemory } from "./tracked-memory.ts";
import { Violation } from "./violation.ts";

const SMALL_SLOT = 1024;
const LARGE_SLOT = 16384;
const OBJECT = 64; // bytes before the object
const LIVE = 1;
const FREED = 2;

export interface HeapObject {
  readonly base: number;
  readonly size: number;
  /** One of SLAB_*. */
  readonly type: number;
  readonly live: boolean;
  /** Thread that allocated it, and its number among that thread's. */
  readonly thread: number;
  readonly number: number;
}

/** Who did what to an object last, and the site of the call. */
export interface Deed {
  readonly thread: number;
  readonly site: number;
}

export class Heap {
  /** By base address: who allocated what is there, and who freed it last. No part of the state. */
  readonly allocated = new Map<number, Deed>();
  readonly freed = new Map<number, Deed>();
  readonly #memory: TrackedMemory;
  readonly #layout: CoroutineLayout;
  readonly #regions: Regions;
  readonly #start: number;

  constructor(memory: TrackedMemory, layout: CoroutineLayout, regions: Regions) {
    this.#memory = memory;
    this.#layout = layout;
    this.#regions = regions;
    this.#start = layout.heapStart;
  }

  /** Bytes between slots where `address` is. */
  #slotBytes(address: number): number {
    const within = (address - this.#start) & (ARENA_BYTES - 1);
    return within < SMALL_BYTES ? SMALL_SLOT : LARGE_SLOT;
  }

  /** @returns address of the object, 0 when it is too large, or the thread has had too many */
  allocate(thread: number, size: number, type: number, site: number): number {
    const small = size <= SMALL_SLOT - OBJECT;
    if (!small && size > LARGE_SLOT - OBJECT) return 0;
    const field = small ? FIELD.small : FIELD.large;
    const used = this.#regions.get(thread, field);
    const bytes = small ? SMALL_SLOT : LARGE_SLOT;
    if ((used + 1) * bytes > SMALL_BYTES) return 0;
    this.#regions.set(thread, field, used + 1);
    const start = (small ? this.#layout.small : this.#layout.large)[thread] as number;
    const slot = start + used * bytes;
    this.#setHeader(slot, (LIVE << 24) | (type << 16) | size);
    this.allocated.set(slot + OBJECT, { thread, site });
    return slot + OBJECT;
  }

  #setHeader(slot: number, header: number): void {
    this.#memory.willWrite(slot >>> 2);
    this.#memory.words[slot >>> 2] = header;
  }

  #header(word: number): number {
    this.#memory.willRead(word);
    return this.#memory.words[word] as number;
  }

  /** The slot that holds `address`. */
  #slotOf(address: number): number {
    const within = address - this.#start;
    return address - (within & (this.#slotBytes(address) - 1));
  }

  /** @throws Violation when [address, address + bytes) is not wholly inside a live object */
  checkAccess(address: number, bytes: number, site: number): void {
    if (((address - this.#start) & (ARENA_BYTES - 1)) >= SMALL_BYTES) {
      this.#checkSlowly(address, bytes, site);
      return;
    }
    const header = this.#header((address & ~(SMALL_SLOT - 1)) >>> 2);
    const within = (address & (SMALL_SLOT - 1)) - OBJECT;
    if (header >>> 24 === LIVE && within >= 0 && within + bytes <= (header & 0xffff)) return;
    this.#checkSlowly(address, bytes, site);
  }

  #checkSlowly(address: number, bytes: number, site: number): void {
    const found = this.objectAt(address);
    if (found === null) throw new Violation("wild access", "memory of no object", address, site);
    const { base, size, live } = found;
    if (!live) throw new Violation("use after free", "of a freed object", address, site);
    if (address >= base && address + bytes <= base + size) return;
    throw new Violation("out of bounds", `beyond the object's ${size} bytes`, address, site);
  }

  /** The object in whose slot `address` is; null where none ever was. */
  objectAt(address: number): HeapObject | null {
    const { heapStart, heapEnd, small, large } = this.#layout;
    if (address < heapStart || address >= heapEnd) return null;
    const slot = this.#slotOf(address);
    const header = this.#header(slot >>> 2);
    if (header === 0) return null;
    let thread = 0;
    while (thread + 1 < small.length && slot >= (small[thread + 1] as number)) thread++;
    const start = slot >= (large[thread] as number) ? large[thread] : small[thread];
    const number = (slot - (start as number)) / this.#slotBytes(slot);
    const size = header & 0xffff;
    const type = (header >>> 16) & 0xff;
    return { base: slot + OBJECT, size, type, live: header >>> 24 === LIVE, thread, number };
  }

  /** Frees; nothing for 0. @returns what was freed, null for 0 */
  free(thread: number, address: number, site: number): HeapObject | null {
    if (address === 0) return null;
    const found = this.objectAt(address);
    if (found === null || found.base !== address) {
      throw new Violation("invalid free", "of what was never allocated", address, site);
    }
    if (!found.live) throw new Violation("double free", "of a freed object", address, site);
    this.freed.set(address, { thread, site });
    const slot = address - OBJECT;
    const { words } = this.#memory;
    this.#setHeader(slot, ((words[slot >>> 2] as number) & 0xffffff) | (FREED << 24));
    for (let word = address >>> 2; word < (address + found.size + 3) >>> 2; word++) {
      this.#memory.willRead(word);
      if (words[word] === 0) continue;
      this.#memory.willWrite(word);
      words[word] = 0; // what is freed is one state, whatever it held
    }
    return found;
  }

  /** Every object that is allocated now, by thread and number. */
  live(): HeapObject[] {
    const found: HeapObject[] = [];
    const scan = (start: number, used: number, bytes: number) => {
      for (let slot = start; slot < start + used * bytes; slot += bytes) {
        const object = this.objectAt(slot + OBJECT);
        if (object?.live) found.push(object);
      }
    };
    for (const [thread, start] of this.#layout.small.entries()) {
      scan(start, this.#regions.get(thread, FIELD.small), SMALL_SLOT);
      const large = this.#layout.large[thread] as number;
      scan(large, this.#regions.get(thread, FIELD.large), LARGE_SLOT);
    }
    return found;
  }
}
