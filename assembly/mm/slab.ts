// SPDX-License-Identifier: GPL-2.0-only
/**
 * slab: kmalloc() and kfree() over the arena that the host laid out.
 *
 * Source:  mm/slub.c (v6.12) for the contract; Bonwick's magazines for the layers: two magazines a
 *          size class on each CPU, a depot of full ones, an arena that only grows.
 *
 * State:   slab_common.ts; here, a class's two magazines in the CPU's unit.
 *
 * Rules:   M1  An object starts a cache line, and shares none with another or with its header.
 *          M2  kfree() frees only what says ALLOCATED with its own address, by one compare-exchange:
 *              of two frees of an object one succeeds, the other is a violation.
 *          M3  The previous magazine is empty or holds exactly one batch, as each in the depot does:
 *              lists change hands whole, none is walked.
 *          M4  A block never changes its class.
 *          M5  A request that cannot be met returns 0 and changes nothing.
 *          M6  The block that a CPU freed last is the next of its class that it gives out.
 *
 * Cost:    kmalloc() without a refill: some 12 plain accesses to the CPU's own lines. kfree(): the
 *          same and one compare-exchange. A batch is paid for by one compare-exchange on the depot.
 * Not modelled: GFP flags (an allocation never sleeps), NUMA, reclaim: what other CPUs hold in their
 *          magazines, or what was freed in another class, does not help a request.
 */
import { atomic_cmpxchg, READ_ONCE, WRITE_ONCE } from "../arch/wasm/atomic";
import { LEVEL_VIOLATION, printk } from "../arch/wasm/bug";
import { count_event, EV_SLAB_ENOMEM, EV_SLAB_REFILL, EV_VIOLATION } from "../arch/wasm/events";
import { boot } from "../arch/wasm/memory";
import { PERCPU_SLAB, per_cpu_ptr, smp_processor_id, this_cpu_ptr } from "../arch/wasm/percpu";
import { kasan_enabled, kasan_kfree, kasan_kmalloc, kasan_new_block } from "./kasan";
import { quarantine_put, quarantine_reduce } from "./kasan_quarantine";
import { kasan_report } from "./kasan_report";
import { VIOLATION_DOUBLE_FREE, VIOLATION_INVALID_FREE } from "./kasan_types";
import {
  arena_cut,
  arena_init,
  class_batch,
  class_bytes,
  class_of,
  depot_pop,
  depot_push,
  header_of,
  in_arena,
  SLAB_ALLOCATED,
  SLAB_FREE,
  SLAB_HEADER,
  SLAB_OBJECT_MAX,
  SLAB_QUARANTINE,
  slab_header,
} from "./slab_common";

export { SLAB_OBJECT_MAX } from "./slab_common";

// What an object is: live counts, leak reports and the sanitizer's reports are by type.
export const SLAB_MISC: u32 = 0;
export const SLAB_CXL_MEMDEV: u32 = 1;
export const SLAB_CXL_MEM: u32 = 2;
export const SLAB_FILE: u32 = 3;
export const SLAB_INODE: u32 = 4;
export const SLAB_NAME: u32 = 5;
export const SLAB_DEVRES: u32 = 6;
export const SLAB_BOUNCE: u32 = 7;
export const SLAB_PERCPU_REF: u32 = 8;
export const SLAB_PDEV: u32 = 9;
export const SLAB_CDEV: u32 = 10;
export const SLAB_GATE: u32 = 11;
export const SLAB_FDTABLE: u32 = 12;
export const SLAB_REVOCABLE: u32 = 13;
export const NR_SLAB_TYPES: u32 = 32;

/** One size class on one CPU: 16 bytes. */
@unmanaged
@final
class slab_cpu {
  loaded: u32;
  nr_loaded: u32;
  /** 0, or a full magazine. */
  previous: u32;
}

/** One type on one CPU: 8 bytes. A CPU may free what another allocated. */
@unmanaged
@final
class slab_count {
  allocs: u32;
  frees: u32;
}

const PERCPU_SLAB_COUNTS: usize = PERCPU_SLAB + 0x100;

function slab_cpu_of(cls: u32): slab_cpu {
  return changetype<slab_cpu>(this_cpu_ptr(PERCPU_SLAB + ((<usize>cls) << 4)));
}

function slab_count_of(type: u32): slab_count {
  return changetype<slab_count>(this_cpu_ptr(PERCPU_SLAB_COUNTS + ((<usize>type) << 3)));
}

/**
 * Gives the allocator its arena, [start, end).
 *
 * Context: once, before any other CPU runs; SLAB_STATE, the units and the arena are zero.
 * Ordering: none.
 */
export function slab_init(start: usize, end: usize): void {
  arena_init(start, end);
}

/** Fills the loaded magazine from the arena, with a batch or what is left. */
function slab_cut(c: slab_cpu, cls: u32): void {
  const cut = arena_cut(cls, class_batch(cls));
  const bytes = class_bytes(cls);
  const nr = <u32>(cut >> 32);
  let at = <u32>cut + nr * bytes;
  let next: u32 = 0;
  for (let i: u32 = 0; i < nr; i++) {
    at -= bytes;
    const h = changetype<slab_header>(<usize>at); // plain: no other CPU knows the block yet
    h.state = (at + <u32>SLAB_HEADER) | SLAB_FREE;
    h.cls = <u8>cls;
    h.next = next;
    next = at;
    if (kasan_enabled()) kasan_new_block(<usize>at);
  }
  c.loaded = next;
  c.nr_loaded = nr;
}

/** The loaded magazine is empty: the previous one, one from the depot, a new one. Its first block, or 0. */
function kmalloc_slowpath(c: slab_cpu, cls: u32): u32 {
  count_event(EV_SLAB_REFILL);
  let h = c.previous; // plain: the magazines are this CPU's own
  c.previous = 0;
  if (h === 0) h = depot_pop(cls);
  if (h !== 0) {
    c.loaded = h;
    c.nr_loaded = class_batch(cls); // M3
    return h;
  }
  slab_cut(c, cls);
  return c.loaded;
}

function kmalloc_fail_slowpath(): usize {
  count_event(EV_SLAB_ENOMEM);
  return 0;
}

/**
 * Allocates `size` bytes of undefined content, aligned to 64.
 *
 * @param type - one of SLAB_*, below NR_SLAB_TYPES
 * @returns the object; 0 when memory is out, or size over SLAB_OBJECT_MAX
 * Context: any; never sleeps. Ordering: none.
 */
export function kmalloc(size: u32, type: u32): usize {
  if (size > SLAB_OBJECT_MAX) return kmalloc_fail_slowpath();
  const cls = class_of(size);
  const c = slab_cpu_of(cls);
  let at = c.loaded; // plain: the magazines are this CPU's own
  if (at === 0) {
    at = kmalloc_slowpath(c, cls);
    if (at === 0) return kmalloc_fail_slowpath();
  }
  const h = changetype<slab_header>(<usize>at); // plain: a block off the list is its taker's own
  c.loaded = h.next;
  c.nr_loaded--;
  const p = <usize>at + SLAB_HEADER;
  h.size = size;
  h.type = <u8>type;
  h.alloc_cpu = <u8>smp_processor_id();
  h.generation++;
  WRITE_ONCE(at, <u32>p | SLAB_ALLOCATED);
  slab_count_of(type).allocs++;
  if (kasan_enabled()) kasan_kmalloc(p, size);
  return p;
}

/** kmalloc(), and zeroes it: same contract. */
export function kzalloc(size: u32, type: u32): usize {
  const p = kmalloc(size, type);
  if (p !== 0) memory.fill(p, 0, size);
  return p;
}

/** The loaded magazine is full: it becomes the previous one, and a full previous one the depot's. */
function kfree_slowpath(c: slab_cpu, cls: u32): void {
  if (c.previous !== 0) depot_push(cls, c.previous);
  c.previous = c.loaded;
  c.loaded = 0;
  c.nr_loaded = 0;
}

/** Puts a FREE block into this CPU's loaded magazine. */
function slab_put(h: slab_header): void {
  const cls = <u32>h.cls;
  const c = slab_cpu_of(cls); // plain: the magazines are this CPU's own
  if (c.nr_loaded === class_batch(cls)) kfree_slowpath(c, cls);
  h.next = c.loaded;
  c.loaded = <u32>changetype<usize>(h);
  c.nr_loaded++;
}

/** Logs and counts the free of something that is not an allocated object. */
function kfree_invalid_slowpath(p: usize): void {
  let code = VIOLATION_INVALID_FREE;
  let type: u32 = 0;
  if (in_arena(p)) {
    const state = READ_ONCE(p - SLAB_HEADER) - <u32>p;
    if (state === SLAB_FREE || state === SLAB_QUARANTINE) {
      code = VIOLATION_DOUBLE_FREE;
      type = header_of(p).type; // plain: a free block's type does not change; stale is fine in a log
    }
  }
  if (kasan_enabled()) {
    kasan_report(p, 0, 0, code);
    return;
  }
  count_event(EV_VIOLATION);
  printk(LEVEL_VIOLATION, code, <u32>p, type);
}

/** Frees into the quarantine, and what that pushes out of it into the magazines. */
function kfree_quarantine_slowpath(h: slab_header, p: usize): void {
  kasan_kfree(p);
  quarantine_put(h);
  for (let at = quarantine_reduce(); at !== 0; at = quarantine_reduce()) {
    slab_put(changetype<slab_header>(at));
  }
}

/**
 * Frees what kmalloc() returned, on any CPU; nothing for 0. Anything else is a violation: logged
 * with the pointer and the type, counted, and otherwise ignored.
 *
 * Context: any; never sleeps. Ordering: full.
 */
export function kfree(p: usize): void {
  if (p === 0) return;
  const live = <i32>(<u32>p | SLAB_ALLOCATED);
  const dead = <i32>(<u32>p | (kasan_enabled() ? SLAB_QUARANTINE : SLAB_FREE));
  if (!in_arena(p) || atomic_cmpxchg(p - SLAB_HEADER, live, dead) !== live) {
    kfree_invalid_slowpath(p); // M2
    return;
  }
  const h = header_of(p); // plain: whoever won the exchange owns the block
  h.free_cpu = <u8>smp_processor_id();
  slab_count_of(h.type).frees++;
  if (kasan_enabled()) kfree_quarantine_slowpath(h, p);
  else slab_put(h);
}

/**
 * Objects of a type that are allocated, summed over the CPUs.
 *
 * Context: any; exact only while no CPU allocates or frees. Ordering: none.
 */
export function slab_live(type: u32): i32 {
  if (type >= NR_SLAB_TYPES) return 0;
  let live: u32 = 0;
  for (let cpu: u32 = 0; cpu < boot().ncpus; cpu++) {
    const at = per_cpu_ptr(PERCPU_SLAB_COUNTS + ((<usize>type) << 3), cpu);
    live += READ_ONCE(at) - READ_ONCE(at + offsetof<slab_count>("frees"));
  }
  return <i32>live;
}
