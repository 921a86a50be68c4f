// SPDX-License-Identifier: GPL-2.0-only
/**
 * What slab.ts and kasan.ts share: the block header, the size classes, the arena and the depots.
 *
 * State:   a block is 128 << class bytes: one header line, then the object, on lines of its own.
 *          header.state (u32) is the object's own address with the state in its low bits:
 *           31                                6 5       0
 *          ├─────── object address / 64 ───────┼─ state ─┤   1 ALLOCATED · 2 FREE · 3 QUARANTINE
 *          depot (u64), one a class: a stack of full magazines
 *           63               32 31                      0
 *          ├─── update tag ────┼─── first magazine ──────┤
 *
 * Ordering: D1  push's compare-exchange of the depot (release) pairs with pop's (acquire): the links
 *               inside a magazine are plain. The tag makes a pop fail that was overtaken, so a link
 *               that it read from a block gone meanwhile is never used.
 */
import {
  atomic_cmpxchg,
  atomic64_cmpxchg,
  READ_ONCE,
  READ_ONCE64,
  WRITE_ONCE,
} from "../arch/wasm/atomic";
import { SLAB_STATE } from "../arch/wasm/memory";

export const SLAB_ALLOCATED: u32 = 1;
export const SLAB_FREE: u32 = 2;
export const SLAB_QUARANTINE: u32 = 3;

export const SLAB_HEADER: usize = 64; // bytes, and what an object is aligned to
export const NR_SLAB_CLASSES: u32 = 15; // 128 B to 2 MiB, header included
export const SLAB_OBJECT_MAX: u32 = (128 << 14) - 64;
const SLAB_BATCH: u32 = 32; // blocks in a magazine of small objects
const SLAB_BATCH_BYTES: u32 = 0x8000; // a magazine of larger ones holds no more than this, or one

/** The line before each object. */
@unmanaged
@final
export class slab_header {
  state: u32;
  /** Next block of the same magazine or quarantine. */
  next: u32;
  /** Next magazine in the depot; in the first block of a magazine only. */
  chain: u32;
  /** Bytes asked for. */
  size: u32;
  /** Times that the block was given out. */
  generation: u32;
  type: u8;
  cls: u8;
  alloc_cpu: u8;
  free_cpu: u8;
}

// Under KASAN the rest of the line holds the call sites of the last kmalloc() and the last kfree().
export const SLAB_ALLOC_STACK: usize = 24;
export const SLAB_FREE_STACK: usize = 44;

/** At SLAB_STATE; written at boot alone. */
@unmanaged
@final
class slab_state {
  start: u32;
  end: u32;
}

const SLAB_BRK: usize = SLAB_STATE + 0x40; // first byte never cut off, on a line of its own
const SLAB_DEPOT: usize = SLAB_STATE + 0x80; // a line each

function state(): slab_state {
  return changetype<slab_state>(SLAB_STATE);
}

export function header_of(p: usize): slab_header {
  return changetype<slab_header>(p - SLAB_HEADER);
}

export function class_bytes(cls: u32): u32 {
  return 128 << cls;
}

/** Smallest class whose block holds `size` bytes behind the header; size <= SLAB_OBJECT_MAX. */
export function class_of(size: u32): u32 {
  return 25 - clz((size + 63) | 127);
}

/** Blocks in a full magazine. */
export function class_batch(cls: u32): u32 {
  const n = SLAB_BATCH_BYTES >> (cls + 7);
  return n > SLAB_BATCH ? SLAB_BATCH : n === 0 ? 1 : n;
}

function depot_of(cls: u32): usize {
  return SLAB_DEPOT + ((<usize>cls) << 6);
}

/** The last line stays unused: it is the redzone of the last object. */
export function arena_init(start: usize, end: usize): void {
  const s = state(); // plain: one CPU runs
  s.start = <u32>((start + 63) & ~63);
  s.end = <u32>((end & ~63) - SLAB_HEADER);
  WRITE_ONCE(SLAB_BRK, s.start);
}

export function arena_start(): u32 {
  return state().start; // plain: constant since boot
}

export function arena_end(): u32 {
  return state().end; // plain: constant since boot
}

/** True when p can be an object's address: the line before it is then memory of the arena. */
export function in_arena(p: usize): bool {
  const s = state(); // plain: constant since boot
  return (p & (SLAB_HEADER - 1)) === 0 && p - SLAB_HEADER - s.start < s.end - s.start;
}

/** Puts the full magazine that begins with block `h` into the depot. Ordering: release (D1). */
export function depot_push(cls: u32, h: u32): void {
  const depot = depot_of(cls);
  const chain = <usize>h + offsetof<slab_header>("chain");
  let old: u64;
  let seen = READ_ONCE64(depot);
  do {
    old = seen;
    WRITE_ONCE(chain, <u32>old);
    seen = atomic64_cmpxchg(depot, old, (((old >> 32) + 1) << 32) | <u64>h);
  } while (seen !== old);
}

/** Takes a full magazine out of the depot: its first block, or 0. Ordering: acquire (D1). */
export function depot_pop(cls: u32): u32 {
  const depot = depot_of(cls);
  let seen = READ_ONCE64(depot);
  while (<u32>seen !== 0) {
    const old = seen;
    const chain = READ_ONCE(<usize>(<u32>old) + offsetof<slab_header>("chain"));
    seen = atomic64_cmpxchg(depot, old, (((old >> 32) + 1) << 32) | <u64>chain);
    if (seen === old) break;
  }
  return <u32>seen;
}

/**
 * Cuts `nr` blocks off the arena, fewer at its end.
 *
 * @returns how many << 32 | the first one's address
 * Context: any; never sleeps. Ordering: none.
 */
export function arena_cut(cls: u32, nr: u32): u64 {
  const bytes = class_bytes(cls);
  let seen = READ_ONCE(SLAB_BRK);
  let old: u32;
  let n: u32;
  do {
    old = seen;
    n = (arena_end() - old) / bytes;
    if (n > nr) n = nr;
    if (n === 0) return 0;
    seen = <u32>atomic_cmpxchg(SLAB_BRK, <i32>old, <i32>(old + n * bytes));
  } while (seen !== old);
  return ((<u64>n) << 32) | <u64>old;
}
