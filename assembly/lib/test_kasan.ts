// SPDX-License-Identifier: GPL-2.0-only
/**
 * Every kind of bug that KASAN is to catch, one function each, for test/instrument/. Not part of
 * kernel.wasm: the tests compile it together with the kernel.
 *
 * Source:  mm/kasan/kasan_test_c.c (v6.12) for the list.
 *
 * A comment `// NAME: ACCESS` marks the line that a report is to name.
 */
import { atomic_add, atomic_cmpxchg, READ_ONCE, WRITE_ONCE, xchg } from "../arch/wasm/atomic";
import { futex_wait } from "../arch/wasm/futex";
import { this_cpu_ptr } from "../arch/wasm/percpu";
import { alloc_percpu, free_percpu } from "../mm/percpu";
import { kfree, kmalloc, kzalloc, SLAB_CXL_MEMDEV, SLAB_FILE, SLAB_NAME } from "../mm/slab";

@unmanaged
@final
class victim {
  a: u32;
  b: u32;
  wide: u64;
  byte: u8;
}

const BYTES: u32 = 56; // of an object: not a multiple of a line
const SMALL: u32 = 13; // not a multiple of 8

function make_slowpath(): usize {
  return kmalloc(BYTES, SLAB_CXL_MEMDEV); // make: alloc
}

/** `really` keeps the optimiser from making one of this and every other function that just frees. */
function drop_slowpath(p: usize, really: bool): void {
  if (really) kfree(p); // drop: free
}

function freed(): usize {
  const p = make_slowpath(); // freed: make
  drop_slowpath(p, true); // freed: drop
  return p;
}

export function test_uaf_read(): u32 {
  const v = changetype<victim>(freed());
  return v.b + 1; // uaf_read: access
}

export function test_uaf_write(x: u32): void {
  const v = changetype<victim>(freed());
  v.wide = x; // uaf_write: access
}

export function test_uaf_byte(): u32 {
  const v = changetype<victim>(freed());
  return v.byte * 3; // uaf_byte: access
}

export function test_uaf_read_once(): u32 {
  const p = freed();
  return READ_ONCE(p + 4) + 1; // uaf_read_once: access
}

export function test_uaf_write_once(x: u32): void {
  const p = freed();
  WRITE_ONCE(p + 4, x); // uaf_write_once: access
}

export function test_uaf_add(): void {
  const p = freed();
  atomic_add(1, p + 12); // uaf_add: access
}

export function test_uaf_xchg(x: u32): u32 {
  const p = freed();
  return xchg(p + 12, x); // uaf_xchg: access
}

export function test_uaf_cmpxchg(x: i32): i32 {
  const p = freed();
  return atomic_cmpxchg(p + 16, x, x + 1); // uaf_cmpxchg: access
}

export function test_uaf_wait(): i32 {
  const p = freed();
  return futex_wait(p, 0x12345, 0); // uaf_wait: call
}

export function test_uaf_copy_from(): void {
  const p = freed();
  const q = kmalloc(128, SLAB_NAME);
  memory.copy(q, p, BYTES); // uaf_copy_from: access
  kfree(q);
}

export function test_uaf_copy_to(n: u32): void {
  const q = kzalloc(128, SLAB_NAME);
  const p = freed();
  memory.copy(p, q, n); // uaf_copy_to: access
  kfree(q);
}

export function test_uaf_fill(n: u32): void {
  const p = freed();
  memory.fill(p, 1, n); // uaf_fill: access
}

/** A range that begins well inside one object and ends in its redzone. */
export function test_copy_past_end(n: u32): void {
  const p = kzalloc(300, SLAB_FILE);
  const q = kzalloc(1000, SLAB_FILE);
  memory.copy(p, q, n); // copy_past_end: access
  kfree(p);
  kfree(q);
}

export function test_oob_behind(at: u32): void {
  const p = kmalloc(SMALL, SLAB_FILE); // oob_behind: alloc
  store<u8>(p + at, 1); // oob_behind: access
  kfree(p);
}

export function test_oob_before(at: u32): u32 {
  const p = kmalloc(SMALL, SLAB_FILE);
  const x = load<u32>(p - at); // oob_before: access
  kfree(p);
  return x;
}

/** An object that fills its block: the next header is its redzone. */
export function test_oob_full_block(): u32 {
  const p = kmalloc(64, SLAB_FILE);
  const q = kmalloc(64, SLAB_NAME);
  const first = min(p, q);
  const x = load<u32>(first + 64); // oob_full_block: access
  kfree(p);
  kfree(q);
  return x;
}

export function test_never_allocated(p: usize): u32 {
  return load<u32>(p); // never_allocated: access
}

export function test_null_pointer(p: usize): u32 {
  return changetype<victim>(p).b + 1; // null_pointer: access
}

export function test_wild_write(p: usize): void {
  store<u32>(p, 1); // wild_write: access
}

export function test_double_free(): void {
  const p = make_slowpath();
  drop_slowpath(p, true);
  kfree(p); // double_free: free
}

export function test_invalid_free(): void {
  const p = kmalloc(200, SLAB_FILE);
  kfree(p + 64); // invalid_free: free
  kfree(p);
}

export function test_percpu_slot(): u32 {
  const off = alloc_percpu(8);
  store<u32>(this_cpu_ptr(off), 1);
  free_percpu(off, 8);
  return load<u32>(this_cpu_ptr(off)); // percpu_slot: access
}

function deep_slowpath(p: usize, n: u32): u32 {
  if (n === 0) return changetype<victim>(p).a + 1; // deep: access
  return deep_slowpath(p, n - 1) * 3; // deep: call
}

/** A bad access below n frames. */
export function test_deep(n: u32): u32 {
  return deep_slowpath(freed(), n);
}

/** Reads 4 bytes from p + at, aligned or not, of an object of `size` bytes. */
export function test_read(size: u32, at: i32): u32 {
  const p = kmalloc(size, SLAB_FILE);
  const x = load<u32>(p + <usize>at); // read: access
  kfree(p);
  return x;
}

/** Hands an object to another CPU, which is to free it. */
export function test_make(): usize {
  return make_slowpath();
}

export function test_drop(p: usize, really: bool): void {
  drop_slowpath(p, really);
}

export function test_touch(p: usize): u32 {
  return changetype<victim>(p).a ^ 5; // touch: access
}

/** Every width and kind of access to good memory: returns a checksum that a wrong rewrite would change. */
export function test_good_accesses(n: u32): u64 {
  const p = kzalloc(n, SLAB_FILE);
  const q = kmalloc(n, SLAB_FILE);
  let sum: u64 = 0;
  for (let i: u32 = 0; i + 8 <= n; i += 8) {
    const at = p + i;
    store<u64>(at, ((<u64>0x12345678) << 32) + i * 0x1000193);
    store<u8>(at, <u8>i, 1);
    store<u16>(at, <u16>(i * 3), 2);
    sum += load<u32>(at, 4) + load<i8>(at, 7) + load<u16>(at);
    sum ^= atomic.add<u32>(at, i) + atomic.xchg<u8>(at, <u8>i, 7);
    sum += atomic.cmpxchg<u64>(at, load<u64>(at), sum);
    atomic.store<u16>(at, <u16>sum, 4);
    sum += (load<f64>(at) > 1.0 ? 3 : 5) + <u64>reinterpret<u32>(load<f32>(at));
    store<f32>(at, <f32>i);
  }
  memory.copy(q, p, n);
  memory.fill(p, 7, n - 1);
  for (let i: u32 = 0; i < n; i++) sum = sum * 31 + load<u8>(q + i) + load<u8>(p + i);
  kfree(p);
  kfree(q);
  return sum;
}

/** Allocates, fills, reads and frees `rounds` objects of changing sizes, `depth` of them at a time. */
export function test_storm(slots: usize, depth: u32, rounds: u32, seed: u32): u32 {
  let bad: u32 = 0;
  let x = seed;
  for (let i: u32 = 0; i < rounds; i++) {
    x = x * 1664525 + 1013904223;
    const slot = slots + <usize>((i % depth) * 8);
    const old = load<u32>(slot);
    const size = load<u32>(slot, 4);
    if (old !== 0) {
      if (load<u8>(<usize>old + size - 1) !== <u8>size) bad++;
      kfree(<usize>old);
    }
    const bytes = 1 + (x >> 20);
    const p = kmalloc(bytes, SLAB_FILE);
    if (p !== 0) memory.fill(p, <u8>bytes, bytes);
    store<u32>(slot, <u32>p);
    store<u32>(slot, bytes, 4);
  }
  for (let i: u32 = 0; i < depth; i++) {
    kfree(<usize>load<u32>(slots + <usize>(i * 8)));
    store<u32>(slots + <usize>(i * 8), 0);
  }
  return bad;
}

/**
 * Puts objects into shared slots and frees what was there before, whoever allocated it. An object holds
 * its own address, so one that has two owners at a time shows.
 *
 * @returns how many held anything else
 */
export function test_exchange(slots: usize, nr: u32, rounds: u32, seed: u32): u32 {
  let bad: u32 = 0;
  let x = seed;
  for (let i: u32 = 0; i < rounds; i++) {
    x = x * 1664525 + 1013904223;
    const p = kmalloc(8 + (x >> 22), SLAB_NAME);
    if (p !== 0) store<u32>(p, <u32>p);
    const old = <usize>xchg(slots + <usize>(((x >> 8) % nr) * 4), <u32>p);
    if (old === 0) continue;
    if (load<u32>(old) !== <u32>old) bad++;
    kfree(old);
  }
  return bad;
}
