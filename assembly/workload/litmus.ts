// SPDX-License-Identifier: GPL-2.0-only
/**
 * Litmus tests: what a memory model lets two to four threads see of two words, x and y.
 *
 * Source:  tools/memory-model/litmus-tests (v6.12) for the names and shapes.
 *
 * x is the word at p, y the one at p + 64; both are 0 at first. litmus_NAME_T is thread T of test NAME.
 * Stores are WRITE_ONCE and loads READ_ONCE but in the variants. A thread returns r0 | r1 << 8 of what it
 * loaded, in order; litmus_final() is x | y << 8 once all have ended. The outcome that tells the models
 * apart, and where it is seen (tso: a CPU's stores wait in one buffer, in order; pso: in one a word):
 *
 *   name  threads                                         outcome                        sc tso pso
 *   sb    x=1; r=y          y=1; r=x                      0: r=0, 1: r=0                  -  +   +
 *   mp    x=1; y=1          r0=y; r1=x                    1: r0=1, r1=0                   -  -   +
 *   lb    r=x; y=1          r=y; x=1                      0: r=1, 1: r=1                  -  -   -
 *   s     x=2; y=1          r=y; x=1                      1: r=1, x=2 at last             -  -   +
 *   r     x=1; y=1          y=2; r=x                      1: r=0, y=2 at last             -  +   +
 *   2p2w  x=1; y=2          y=1; x=2                      x=1, y=1 at last                -  -   +
 *   iriw  x=1  y=1          r0=x; r1=y    r0=y; r1=x      2 and 3: r0=1, r1=0             -  -   -
 *   wrc   x=1               r=x; y=1      r0=y; r1=x      1: r=1, 2: r0=1, r1=0           -  -   -
 *
 *   sb_mb, with both threads: never. mp_release_0 with mp_1: never, as a release store here is a full
 *   barrier and loads stay in order. mp_0 with mp_acquire_1: as mp, the acquire does not help.
 */
import {
  READ_ONCE,
  smp_load_acquire,
  smp_store_mb,
  smp_store_release,
  WRITE_ONCE,
} from "../arch/wasm/atomic";
import { kfree, kzalloc, SLAB_MISC } from "../mm/slab";

const Y: usize = 64;

/** @returns the two words, both 0; or 0 when there is no memory. Context: runs alone. */
export function litmus_init(): usize {
  return kzalloc(<u32>Y + 4, SLAB_MISC);
}

/** @returns x | y << 8. Context: runs alone, after all threads. */
export function litmus_final(p: usize): i32 {
  return READ_ONCE(p) | (READ_ONCE(p + Y) << 8);
}

/** @returns 0. Context: runs alone, after litmus_final(). */
export function litmus_end(p: usize): i32 {
  kfree(p);
  return 0;
}

function load_then_load(first: usize, second: usize): i32 {
  const r0 = READ_ONCE(first);
  return r0 | (READ_ONCE(second) << 8);
}

function store_then_load(first: usize, value: u32, second: usize): i32 {
  WRITE_ONCE(first, value);
  return READ_ONCE(second);
}

function load_then_store(first: usize, second: usize): i32 {
  const r0 = READ_ONCE(first);
  WRITE_ONCE(second, 1);
  return r0;
}

function store_then_store(first: usize, value: u32, second: usize, then: u32): i32 {
  WRITE_ONCE(first, value);
  WRITE_ONCE(second, then);
  return 0;
}

function store_one(word: usize): i32 {
  WRITE_ONCE(word, 1);
  return 0;
}

/** Store buffering. */
export function litmus_sb_0(p: usize): i32 {
  return store_then_load(p, 1, p + Y);
}

export function litmus_sb_1(p: usize): i32 {
  return store_then_load(p + Y, 1, p);
}

/** Message passing: the message, then the flag. */
export function litmus_mp_0(p: usize): i32 {
  return store_then_store(p, 1, p + Y, 1);
}

export function litmus_mp_1(p: usize): i32 {
  return load_then_load(p + Y, p);
}

/** Load buffering. */
export function litmus_lb_0(p: usize): i32 {
  return load_then_store(p, p + Y);
}

export function litmus_lb_1(p: usize): i32 {
  return load_then_store(p + Y, p);
}

/** Is the store behind the load of a flag the later one? */
export function litmus_s_0(p: usize): i32 {
  return store_then_store(p, 2, p + Y, 1);
}

export function litmus_s_1(p: usize): i32 {
  return load_then_store(p + Y, p);
}

/** Does the load behind the later store see the earlier message? */
export function litmus_r_0(p: usize): i32 {
  return store_then_store(p, 1, p + Y, 1);
}

export function litmus_r_1(p: usize): i32 {
  return store_then_load(p + Y, 2, p);
}

/** Two and two writes. */
export function litmus_2p2w_0(p: usize): i32 {
  return store_then_store(p, 1, p + Y, 2);
}

export function litmus_2p2w_1(p: usize): i32 {
  return store_then_store(p + Y, 1, p, 2);
}

/** Independent reads of independent writes. */
export function litmus_iriw_0(p: usize): i32 {
  return store_one(p);
}

export function litmus_iriw_1(p: usize): i32 {
  return store_one(p + Y);
}

export function litmus_iriw_2(p: usize): i32 {
  return load_then_load(p, p + Y);
}

export function litmus_iriw_3(p: usize): i32 {
  return load_then_load(p + Y, p);
}

/** Write-to-read causality. */
export function litmus_wrc_0(p: usize): i32 {
  return store_one(p);
}

export function litmus_wrc_1(p: usize): i32 {
  return load_then_store(p, p + Y);
}

export function litmus_wrc_2(p: usize): i32 {
  return load_then_load(p + Y, p);
}

/** sb_0 with a full barrier behind the store. */
export function litmus_sb_mb_0(p: usize): i32 {
  smp_store_mb(p, 1);
  return READ_ONCE(p + Y);
}

export function litmus_sb_mb_1(p: usize): i32 {
  smp_store_mb(p + Y, 1);
  return READ_ONCE(p);
}

/** mp_0 with a release store of the flag. */
export function litmus_mp_release_0(p: usize): i32 {
  WRITE_ONCE(p, 1);
  smp_store_release(p + Y, 1);
  return 0;
}

/** mp_1 with an acquire load of the flag. */
export function litmus_mp_acquire_1(p: usize): i32 {
  const r0 = smp_load_acquire(p + Y);
  return r0 | (READ_ONCE(p) << 8);
}
