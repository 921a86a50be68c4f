// SPDX-License-Identifier: GPL-2.0-only
/**
 * Dynamic per-CPU memory: one offset, valid in every CPU's unit.
 *
 * Source:  mm/percpu.c (v6.12) for the contract. The allocator is a buddy-free power-of-two one.
 *
 * State:   [PERCPU_DYNAMIC, PERCPU_DYNAMIC_END) of each unit; blocks of 8 << order bytes
 *            cut           bytes handed out from the start of the range; the rest was never used
 *            free[order]   offset of the first free block, linked through CPU 0's copy: {next, FREE_MARK}
 *
 * Rules:   P1  A block is aligned to 8, so the low three bits of its offset are free for flags.
 *          P2  A block is zero on every CPU when it is handed out.
 *          P3  No two blocks in use overlap.
 *          P4  A freed block serves the next request of its order; when the range is used up, also
 *              smaller ones, by halving. Halves are not joined again.
 *          P5  Freeing what is free already, or was never handed out, warns and changes nothing.
 *
 * Ordering: O1  pcpu_lock orders a free before the next allocation of the block. Other CPUs may touch
 *               the block only through a pointer published after alloc_percpu(), and no longer once
 *               free_percpu() is called: the caller's business (a grace period, usually).
 *
 * Cost:    O(orders), plus clearing the block on each CPU. alloc and free are slow paths.
 * Not modelled: chunks, populating pages, atomic allocations, module statics.
 */
import { WARN_ON } from "../arch/wasm/bug";
import { boot, PERCPU_ALLOC_STATE } from "../arch/wasm/memory";
import { PERCPU_DYNAMIC, PERCPU_DYNAMIC_END, per_cpu_ptr } from "../arch/wasm/percpu";
import { raw_spin_lock, raw_spin_unlock } from "../kernel/locking/spinlock";
import { kasan_poison_percpu, kasan_unpoison_percpu } from "./kasan";

/** (offset, bytes) */
export const WARN_PERCPU_DOUBLE_FREE: u32 = 210;
/** (offset, bytes) */
export const WARN_PERCPU_BAD_FREE: u32 = 211;

const GRANULE_SHIFT: u32 = 3; // 8 bytes: what a link and its mark need
const NR_ORDERS: u32 = 13; // up to 8 << 12 = 32 KiB
const FREE_MARK: u32 = 0x70637075; // "pcpu"; an 8-byte counter in use never holds it by chance

/** All fields under `lock`; valid when zero. */
@unmanaged
@final
class pcpu_state {
  lock: u32;
  cut: u32;
  /** Bytes in blocks that are in use. */
  used: u32;
}

const FREE_LISTS: usize = PERCPU_ALLOC_STATE + offsetof<pcpu_state>();
const PCPU_LOCK: usize = PERCPU_ALLOC_STATE;

function pcpu(): pcpu_state {
  return changetype<pcpu_state>(PERCPU_ALLOC_STATE);
}

/** Smallest order whose block holds `bytes`; NR_ORDERS if none does. */
function order_of(bytes: u32): u32 {
  const granules = (bytes - 1) >> GRANULE_SHIFT; // bytes 0: none does
  return min<u32>(32 - clz<u32>(granules), NR_ORDERS);
}

function block_bytes(order: u32): u32 {
  return 1 << (order + GRANULE_SHIFT);
}

function free_list(order: u32): usize {
  return FREE_LISTS + ((<usize>order) << 2);
}

function push_free(order: u32, off: u32): void {
  const link = per_cpu_ptr(off, 0); // plain, as in pop_free(): under pcpu_lock, and nobody uses a free block
  store<u32>(link, load<u32>(free_list(order)), 0);
  store<u32>(link, FREE_MARK, 4);
  store<u32>(free_list(order), off);
}

/** @returns 0 when there is none */
function pop_free(order: u32): u32 {
  const off = load<u32>(free_list(order));
  if (off !== 0) store<u32>(free_list(order), load<u32>(per_cpu_ptr(off, 0)));
  return off;
}

/** A block of `order`, not cleared; 0 when memory is out. Context: pcpu_lock held. */
function take_block(order: u32): u32 {
  let off = pop_free(order);
  if (off !== 0) return off;
  const bytes = block_bytes(order);
  const state = pcpu();
  if (state.cut + bytes <= <u32>(PERCPU_DYNAMIC_END - PERCPU_DYNAMIC)) {
    off = <u32>PERCPU_DYNAMIC + state.cut;
    state.cut += bytes;
    return off;
  }
  let larger = order + 1;
  while (larger < NR_ORDERS && load<u32>(free_list(larger)) === 0) larger++;
  if (larger >= NR_ORDERS) return 0;
  off = pop_free(larger);
  while (larger > order) push_free(--larger, off + block_bytes(larger)); // P4: the upper halves
  return off;
}

/**
 * Allocates `bytes` on every CPU, zeroed.
 *
 * @param bytes - 1 to 32768; rounded up to 8 << n
 * @returns the offset in each unit, for this_cpu_ptr() and per_cpu_ptr(); 0 when memory is out
 * Context: any; never sleeps but for the lock. Ordering: none for other CPUs: publish it (O1).
 */
export function alloc_percpu(bytes: u32): usize {
  const order = order_of(bytes);
  if (order >= NR_ORDERS) return 0;
  raw_spin_lock(PCPU_LOCK);
  const off = take_block(order);
  if (off !== 0) pcpu().used += block_bytes(order);
  raw_spin_unlock(PCPU_LOCK);
  if (off === 0) return 0;
  kasan_unpoison_percpu(off, bytes);
  const ncpus = boot().ncpus;
  for (let cpu: u32 = 0; cpu < ncpus; cpu++) {
    memory.fill(per_cpu_ptr(off, cpu), 0, block_bytes(order)); // plain: not published yet
  }
  return off;
}

function is_block(off: usize, order: u32): bool {
  if (order >= NR_ORDERS || (off & 7) !== 0 || off < PERCPU_DYNAMIC) return false;
  return off + block_bytes(order) <= PERCPU_DYNAMIC + pcpu().cut;
}

/**
 * Frees what alloc_percpu(bytes) returned. 0 is fine.
 *
 * @param off - nobody uses it, on any CPU
 * @param bytes - as it was asked for
 * Context: any; never sleeps but for the lock. Ordering: none.
 */
export function free_percpu(off: usize, bytes: u32): void {
  if (off === 0) return;
  const order = order_of(bytes);
  raw_spin_lock(PCPU_LOCK);
  const bad = !is_block(off, order);
  const twice = !bad && load<u32>(per_cpu_ptr(off, 0), 4) === FREE_MARK;
  if (!bad && !twice) {
    kasan_poison_percpu(off, block_bytes(order));
    push_free(order, <u32>off);
    pcpu().used -= block_bytes(order);
  }
  raw_spin_unlock(PCPU_LOCK);
  WARN_ON(bad, WARN_PERCPU_BAD_FREE, <u32>off, bytes); // P5
  WARN_ON(twice, WARN_PERCPU_DOUBLE_FREE, <u32>off, bytes);
}

/** Bytes in use, on each CPU: a machine at rest without devices has 0. Context: any. Ordering: none. */
export function percpu_used(): u32 {
  raw_spin_lock(PCPU_LOCK);
  const used = pcpu().used;
  raw_spin_unlock(PCPU_LOCK);
  return used;
}
