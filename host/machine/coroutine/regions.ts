// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a thread is while it is off: a region of words, all of it part of the state.
 *
 *   header     fields, packed: see FIELD
 *   kept       what calls returned that the script keeps, a word each
 *   0          below the first frame
 *   frames     outermost first, each with its id last: see instrument/coroutine-function.ts
 *   footprint  plain accesses since the last step began: word << 5 | its bytes << 1 | 1 for a write
 *   buffer     stores that are not in memory yet: see store-buffer.ts
 *
 * What a status does not need is 0, so that threads that will do the same have the same words.
 */
import type { CoroutineLayout } from "./layout.ts";
import { mix1, mix2 } from "./tracked-memory.ts";

export const STATUS = {
  /** Stands before an access. */
  ready: 0,
  /** Sleeps on a word. */
  waiting: 1,
  /** Was woken, or its time is up: `expected` is what the wait returns. */
  woken: 2,
  done: 3,
} as const;

function field(word: number, shift = 0, bits = 32): number {
  return word | (shift << 8) | (bits << 16);
}

export const FIELD = {
  status: field(0, 0, 2),
  /** Place in the queue of the word that it waits on, from 1 on. */
  order: field(0, 2, 4),
  /** Call of the script that is being made. */
  call: field(0, 6, 7),
  /** Entries behind the frames. */
  footprint: field(0, 13, 10),
  buffered: field(0, 23, 6),
  /** Site that the thread stands before, and its address. */
  site: field(1, 0, 16),
  /** End of the innermost frame, in words from the region's start. */
  stack: field(1, 16, 16),
  address: field(2),
  /** What the word that it waits on must hold; then the result of the wait. Of a range: where from. */
  expected: field(3),
  /** Tick from which the wait has timed out, 0: never, PAST: at once. Of a range: its bytes. */
  deadline: field(4, 0, 16),
  /** Slots of its heap that the thread has used. */
  small: field(4, 16, 10),
  large: field(4, 26, 6),
} as const;

export const PAST = 0xffff;
const HEADER_WORDS = 5;
/** Words of an entry of the store buffer. */
export const BUFFER_ENTRY = 4;
export const KEPT_MOST = 4;

export class Regions {
  readonly words: Int32Array;
  readonly starts: readonly number[];
  /** Where frames begin: behind the header, what is kept, and the word that is 0. */
  frames = HEADER_WORDS + 1;

  constructor(words: Int32Array, layout: CoroutineLayout) {
    this.words = words;
    this.starts = layout.regions;
  }

  /** Makes room for what scripts keep. Context: no thread has begun. */
  reserveKept(words: number): void {
    this.frames = HEADER_WORDS + words + 1;
  }

  get(thread: number, of: number): number {
    const word = this.words[(this.starts[thread] as number) + (of & 0xff)] as number;
    const bits = of >>> 16;
    return bits === 32 ? word : (word >>> ((of >>> 8) & 0xff)) & ((1 << bits) - 1);
  }

  set(thread: number, of: number, value: number): void {
    const at = (this.starts[thread] as number) + (of & 0xff);
    const bits = of >>> 16;
    if (bits === 32) {
      this.words[at] = value;
      return;
    }
    const shift = (of >>> 8) & 0xff;
    const mask = ((1 << bits) - 1) << shift;
    this.words[at] = ((this.words[at] as number) & ~mask) | ((value << shift) & mask);
  }

  /** The thread stands before the access of `site`. The same as two sets, in less. */
  standBefore(thread: number, site: number, address: number): void {
    const start = this.starts[thread] as number;
    this.words[start + 1] = ((this.words[start + 1] as number) & ~0xffff) | site;
    this.words[start + 2] = address;
  }

  /** It goes on. @returns the site that it stood before */
  goOn(thread: number): number {
    const start = this.starts[thread] as number;
    const word = this.words[start + 1] as number;
    this.words[start + 1] = word & ~0xffff;
    this.words[start + 2] = 0;
    return word & 0xffff;
  }

  /** Forgets what the thread keeps. */
  forget(thread: number): void {
    const start = (this.starts[thread] as number) + HEADER_WORDS;
    this.words.fill(0, start, (this.starts[thread] as number) + this.frames - 1);
  }

  kept(thread: number, index: number): number {
    return this.words[(this.starts[thread] as number) + HEADER_WORDS + index] as number;
  }

  keep(thread: number, index: number, value: number): void {
    this.words[(this.starts[thread] as number) + HEADER_WORDS + index] = value;
  }

  /** A thread that has done nothing yet. */
  clear(thread: number): void {
    const start = this.starts[thread] as number;
    this.words.fill(0, start, start + this.frames);
    this.set(thread, FIELD.stack, this.frames);
  }

  /** Index of the word behind the innermost frame: where the footprint begins. */
  end(thread: number): number {
    return (this.starts[thread] as number) + this.get(thread, FIELD.stack);
  }

  /** Words of the region that are in use. */
  size(thread: number): number {
    const start = this.starts[thread] as number;
    const header = this.words[start] as number;
    const stack = (this.words[start + 1] as number) >>> 16;
    return stack + ((header >>> 13) & 0x3ff) + BUFFER_ENTRY * ((header >>> 23) & 0x3f);
  }

  /** Where a thread stands: a hash of its call, its status and the points in its frames; 53 bits. */
  location(thread: number): number {
    const { words } = this;
    const start = this.starts[thread] as number;
    let a = Math.imul(thread + 1, 0x9e3779b1) ^ this.get(thread, FIELD.call);
    let b = this.get(thread, FIELD.status);
    for (let end = this.end(thread); end > start + this.frames; ) {
      const id = words[end - 1] as number;
      a = mix1(a, id);
      b = mix2(b, id ^ a);
      end -= id >>> 18;
    }
    return (a >>> 0) * 0x200000 + (b & 0x1fffff);
  }

  /** Two lanes of a hash of the region, to `out` at 2 * thread; `salt` tells threads apart. */
  hash(thread: number, salt: number, out: Int32Array): void {
    const { words } = this;
    const start = this.starts[thread] as number;
    const end = start + this.size(thread);
    let a = salt;
    let b = ~salt;
    for (let i = start; i < end; i++) {
      const word = words[i] as number;
      a = Math.imul(a ^ word, 0x9e3779b1);
      a ^= a >>> 15;
      b = Math.imul((b + word) | 0, 0x85ebca6b);
      b ^= b >>> 13;
    }
    out[2 * thread] = mix1(end - start, a);
    out[2 * thread + 1] = mix2(end - start, b);
  }
}
