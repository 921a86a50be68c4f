// SPDX-License-Identifier: GPL-2.0-only
/**
 * atomic_t and the access macros, over wasm's atomics.
 *
 * Source:  include/linux/atomic/atomic-instrumented.h, include/asm-generic/rwonce.h (v6.12).
 *
 * Every wasm atomic is sequentially consistent. The kernel's ordering suffixes stay, because they
 * record what an algorithm asks for; nothing here is weaker than its name, most is stronger.
 * Three accesses differ from a wasm atomic on purpose:
 *
 *   WRITE_ONCE  a plain aligned 4-byte store. wasm does not tear it, and asc does not merge it; an
 *               atomic store would be a full barrier, which the kernel does not pay. Its alignment
 *               hint is 1: no engine looks at it, and `check` tells by it that the store is marked.
 *   __READ_ONCE a plain load with the same hint: for a word that others may store to meanwhile, where a
 *               value that is old will do and no loop polls it. It saves the check of alignment that an
 *               atomic pays at an address that an engine cannot foresee.
 *   READ_ONCE   an atomic load. It is a plain load in machine code, and is never hoisted from a loop.
 *
 * Cost: one instruction each. All `v` and `p` are byte addresses, aligned to the access.
 */

export function READ_ONCE(p: usize): u32 {
  return atomic.load<u32>(p);
}

export function __READ_ONCE(p: usize): u32 {
  return load<u32>(p, 0, 1);
}

export function WRITE_ONCE(p: usize, v: u32): void {
  store<u32>(p, v, 0, 1);
}

export function smp_load_acquire(p: usize): u32 {
  return atomic.load<u32>(p);
}

export function smp_store_release(p: usize, v: u32): void {
  atomic.store<u32>(p, v);
}

/** Stores, with a full barrier behind the store: an exchange, as on x86, and so told from a release. */
export function smp_store_mb(p: usize, v: u32): void {
  atomic.xchg<u32>(p, v);
}

export function READ_ONCE64(p: usize): u64 {
  return atomic.load<u64>(p);
}

export function WRITE_ONCE64(p: usize, v: u64): void {
  store<u64>(p, v, 0, 1);
}

export function smp_store_release64(p: usize, v: u64): void {
  atomic.store<u64>(p, v);
}

/** Stores, with a full barrier behind the store: see smp_store_mb(). */
export function smp_store_mb64(p: usize, v: u64): void {
  atomic.xchg<u64>(p, v);
}

export function atomic64_add_return(i: u64, v: usize): u64 {
  return atomic.add<u64>(v, i) + i;
}

export function atomic_read(v: usize): i32 {
  return atomic.load<i32>(v);
}

/** Ordering: release at the least. Before publication only, or where nothing that follows depends on it. */
export function atomic_set(v: usize, i: i32): void {
  atomic.store<i32>(v, i);
}

/** Returns the NEW value, as all kernel `_return` forms do. */
export function atomic_add_return(i: i32, v: usize): i32 {
  return atomic.add<i32>(v, i) + i;
}

export function atomic_add_return_acquire(i: i32, v: usize): i32 {
  return atomic.add<i32>(v, i) + i;
}

export function atomic_sub_return_release(i: i32, v: usize): i32 {
  return atomic.sub<i32>(v, i) - i;
}

/** Returns the OLD value. */
export function atomic_fetch_add(i: i32, v: usize): i32 {
  return atomic.add<i32>(v, i);
}

/** Returns the OLD value. */
export function atomic_fetch_add_release(i: i32, v: usize): i32 {
  return atomic.add<i32>(v, i);
}

export function atomic_fetch_sub_release(i: i32, v: usize): i32 {
  return atomic.sub<i32>(v, i);
}

export function atomic_add(i: i32, v: usize): void {
  atomic.add<i32>(v, i);
}

export function atomic_or(i: i32, v: usize): void {
  atomic.or<i32>(v, i);
}

export function atomic_andnot(i: i32, v: usize): void {
  atomic.and<i32>(v, ~i);
}

/** Returns the OLD value; the swap happened if that equals `old`. */
export function atomic_cmpxchg(v: usize, old: i32, new_: i32): i32 {
  return atomic.cmpxchg<i32>(v, old, new_);
}

export function atomic_cmpxchg_acquire(v: usize, old: i32, new_: i32): i32 {
  return atomic.cmpxchg<i32>(v, old, new_);
}

export function xchg(v: usize, new_: u32): u32 {
  return atomic.xchg<u32>(v, new_);
}

export function xchg64(v: usize, new_: u64): u64 {
  return atomic.xchg<u64>(v, new_);
}

/** Returns the OLD value; the swap happened if that equals `old`. */
export function atomic64_cmpxchg(v: usize, old: u64, new_: u64): u64 {
  return atomic.cmpxchg<u64>(v, old, new_);
}
