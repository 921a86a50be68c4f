// SPDX-License-Identifier: GPL-2.0-only
/**
 * KASAN: what the sanitizer's inserted code calls, and the shadow that it reads.
 *
 * Source:  mm/kasan/generic.c, mm/kasan/shadow.c, mm/kasan/common.c (v6.12).
 *
 * There is one kernel build. host/instrument/sanitize.ts puts a check before each access of it and a
 * push of the site around each call; boot_info.kasan_shadow !== 0 makes kmalloc() and kfree() tell the
 * shadow. As built and booted, the kernel does neither, and the rest of this file is dead.
 *
 * State:   shadow (u8), one for each 8 bytes of memory, itself included
 *            0         all 8 may be touched
 *            1 to 7    only the first so many
 *            >= 0xf0   none; which kind of none is in KASAN_*
 *          The shadow is the last eighth of memory: no address of it lacks a shadow byte, and an
 *          address behind it makes the check itself trap, as the access would have.
 *
 * Rules:   K1  An allocated object's bytes may be touched, no byte more: its header line is a redzone
 *              before it, the rest of its block one behind it, the next header another.
 *          K2  A freed object may not be touched until kmalloc() gives it out again.
 *          K3  A freed object is given out again only after boot_info.kasan_quarantine bytes more were
 *              freed on the same CPU; first freed, first released.
 *          K4  An access is judged by its last byte's granule, as in the kernel's inline check: one that
 *              begins in a bad granule and ends in a good one is let through. Aligned accesses cannot.
 *          K5  A range (memory.copy, memory.fill) is judged by every granule.
 *          K6  A faulty access is reported, not prevented.
 *          K7  A report names where the access, the last kmalloc() and the last kfree() came from.
 *
 * Ordering: none. An object's shadow changes before its pointer is published and after it was given up,
 *          so who touches it rightly sees it rightly; a touch that races with the free may go unseen.
 *
 * Cost:    a good access: 5 instructions, one of them a load. kmalloc() and kfree(): one store for
 *          each line of the object more, and five words of call stack. An ioctl that copies 67 bytes out
 *          takes twice its time.
 * Not modelled: stack and global redzones (there is neither), a quarantine shared by all CPUs, where
 *          call_rcu() came from for what an RCU callback frees.
 */
import { boot, KASAN_BOOT_STACK, SLAB_STATE } from "../arch/wasm/memory";
import {
  kasan_shadow_base,
  kasan_stack_pointer,
  PERCPU_DYNAMIC,
  PERCPU_DYNAMIC_END,
  PERCPU_SLAB,
  per_cpu_base,
  set_kasan,
  this_cpu_ptr,
} from "../arch/wasm/percpu";
import { kasan_report } from "./kasan_report";
import {
  KASAN_FREED,
  KASAN_HEADER,
  KASAN_METADATA,
  KASAN_NEVER_ALLOCATED,
  KASAN_NULL_PAGE,
  KASAN_PERCPU_FREED,
  KASAN_REDZONE,
  PERCPU_KASAN_STACK,
} from "./kasan_types";
import {
  arena_start,
  class_bytes,
  header_of,
  SLAB_ALLOC_STACK,
  SLAB_FREE_STACK,
  SLAB_HEADER,
} from "./slab_common";

const KASAN_LINE: u64 = u64.MAX_VALUE / 255; // 01 eight times; times a kind: the shadow of 64 bytes
const NULL_PAGE_BYTES: u32 = 0x1000;
const SLAB_STATE_BYTES: u32 = 0x800;
const KASAN_BOOT_STACK_BYTES: u32 = 0x3c0;

export function kasan_enabled(): bool {
  return kasan_shadow_base() !== 0;
}

function kasan_mem_to_shadow(p: usize): usize {
  return kasan_shadow_base() + (p >> 3);
}

/**
 * Forbids [p, p + size).
 *
 * @param p - and `size`: multiples of 8
 * @param kind - one of KASAN_*
 * Context: KASAN is enabled. Never sleeps. Ordering: none.
 */
export function kasan_poison(p: usize, size: u32, kind: u32): void {
  memory.fill(kasan_mem_to_shadow(p), <u8>kind, size >> 3);
}

/** Allows [p, p + size); p is a multiple of 8. Context: KASAN is enabled. Ordering: none. */
export function kasan_unpoison(p: usize, size: u32): void {
  const shadow = kasan_mem_to_shadow(p);
  const whole = size >> 3;
  memory.fill(shadow, 0, whole);
  if ((size & 7) !== 0) store<u8>(shadow + whole, <u8>(size & 7));
}

/** Copies the innermost KASAN_FRAMES call sites. */
function kasan_save_stack(to: usize): void {
  const top = kasan_stack_pointer(); // plain: the CPU's own stack, and a block that it owns
  store<u32>(to, load<u32>(top - 20));
  store<u32>(to, load<u32>(top - 16), 4);
  store<u32>(to, load<u32>(top - 12), 8);
  store<u32>(to, load<u32>(top - 8), 12);
  store<u32>(to, load<u32>(top - 4), 16);
}

/** A block that the arena gave up for the first time. Context: KASAN is enabled. Ordering: none. */
export function kasan_new_block(block: usize): void {
  store<u64>(kasan_mem_to_shadow(block), KASAN_LINE * KASAN_HEADER);
}

/** Allows an object's `size` bytes, and no other of its block. Context: KASAN is enabled; the block's owner. */
export function kasan_kmalloc(p: usize, size: u32): void {
  kasan_save_stack(p - SLAB_HEADER + SLAB_ALLOC_STACK);
  const shadow = kasan_mem_to_shadow(p);
  const end = shadow + (class_bytes(header_of(p).cls) - <u32>SLAB_HEADER) / 8;
  const whole = shadow + ((size >> 6) << 3);
  let at = shadow; // plain: an object's shadow is its owner's, a store a line
  for (; at < whole; at += 8) store<u64>(at, 0);
  if (at === end) return; // K1: what follows is a header
  const good = (size & 63) >> 3;
  store<u64>(at, (KASAN_LINE * KASAN_REDZONE) << (good << 3));
  if ((size & 7) !== 0) store<u8>(at + good, <u8>(size & 7));
  for (at += 8; at < end; at += 8) store<u64>(at, KASAN_LINE * KASAN_REDZONE);
}

/** Forbids an object's block. Context: KASAN is enabled; the block's owner. */
export function kasan_kfree(p: usize): void {
  kasan_save_stack(p - SLAB_HEADER + SLAB_FREE_STACK);
  let at = kasan_mem_to_shadow(p); // plain: as in kasan_kmalloc()
  const end = at + (class_bytes(header_of(p).cls) - <u32>SLAB_HEADER) / 8;
  for (; at < end; at += 8) store<u64>(at, KASAN_LINE * KASAN_FREED);
}

/**
 * A dynamic per-CPU slot that is free from now on, on every CPU; nothing without KASAN.
 *
 * @param off - in the unit; `bytes` as well a multiple of 8
 * Context: any; never sleeps. Ordering: none.
 */
export function kasan_poison_percpu(off: usize, bytes: u32): void {
  if (!kasan_enabled()) return;
  for (let cpu: u32 = 0; cpu < boot().ncpus; cpu++) {
    kasan_poison(per_cpu_base(cpu) + off, bytes, KASAN_PERCPU_FREED);
  }
}

/** A dynamic per-CPU slot that is about to be given out: same contract, `bytes` as asked for. */
export function kasan_unpoison_percpu(off: usize, bytes: u32): void {
  if (!kasan_enabled()) return;
  for (let cpu: u32 = 0; cpu < boot().ncpus; cpu++) {
    kasan_unpoison(per_cpu_base(cpu) + off, bytes);
  }
}

/** True if byte `p` may not be touched. */
function kasan_bad(p: usize): bool {
  const value = <i32>load<i8>(kasan_mem_to_shadow(p)); // plain: racy, see Ordering
  return value !== 0 && <i32>(p & 7) >= value; // a kind is negative
}

/** The first byte from `at` that may not be touched; there is one. */
function kasan_first_bad(at: usize): usize {
  while (!kasan_bad(at)) at++;
  return at;
}

/**
 * Reports an access unless its last byte is good (K4): what the pass calls where that byte's shadow is
 * not 0.
 *
 * @param site - number of the access in the pass's table
 * Context: any; never sleeps. Ordering: none.
 */
export function kasan_check(p: usize, bytes: u32, site: u32): void {
  if (kasan_enabled() && kasan_bad(p + bytes - 1)) kasan_report(kasan_first_bad(p), bytes, site, 0);
}

/** Reports the first bad byte of a range, if there is one. */
function kasan_check_range_slowpath(p: usize, bytes: u32, site: u32): void {
  const end = p + bytes;
  for (let at = p; at < end; ) {
    const last = (at | 7) < end ? at | 7 : end - 1;
    if (kasan_bad(last)) {
      kasan_report(kasan_first_bad(at), bytes, site, 0);
      return;
    }
    at = last + 1;
  }
}

/**
 * Reports a range that has a bad byte (K5): what the pass calls before memory.copy and memory.fill.
 *
 * @param site - with KASAN_SITE_READ for the source of a copy
 * Context: any; never sleeps. Ordering: none.
 */
export function kasan_check_range(p: usize, bytes: u32, site: u32): void {
  if (bytes === 0 || !kasan_enabled()) return;
  let at = kasan_mem_to_shadow(p);
  let left = kasan_mem_to_shadow(p + bytes - 1) - at + 1; // plain: racy, see Ordering
  let seen: u64 = 0;
  for (; left > 8; left -= 8) {
    seen |= load<u64>(at);
    at += 8;
  }
  seen |= load<u64>(at) << ((8 - <u64>left) << 3);
  if (seen !== 0) kasan_check_range_slowpath(p, bytes, site);
}

/**
 * Gives the calling CPU the shadow and a call stack; nothing without KASAN.
 *
 * Context: first thing on a CPU, called from the export itself: callers' frames are on the old stack.
 */
export function kasan_init_cpu(): void {
  const shadow = boot().kasan_shadow;
  if (shadow !== 0) set_kasan(shadow, this_cpu_ptr(PERCPU_KASAN_STACK));
}

/**
 * Forbids what nobody may touch: the null page, the allocators' words and what they have not
 * given out, the shadow.
 *
 * Context: once, after slab_init() and kasan_init_cpu(), before any other CPU runs; the shadow is zero.
 */
export function kasan_init(): void {
  if (!kasan_enabled()) return;
  const b = boot();
  kasan_poison(0, NULL_PAGE_BYTES, KASAN_NULL_PAGE);
  kasan_poison(SLAB_STATE, SLAB_STATE_BYTES, KASAN_METADATA);
  kasan_poison(KASAN_BOOT_STACK, KASAN_BOOT_STACK_BYTES, KASAN_METADATA);
  for (let cpu: u32 = 0; cpu < b.ncpus; cpu++) {
    const at = per_cpu_base(cpu) + PERCPU_SLAB;
    kasan_poison(at, <u32>(PERCPU_DYNAMIC - PERCPU_SLAB), KASAN_METADATA);
  }
  kasan_poison_percpu(PERCPU_DYNAMIC, <u32>(PERCPU_DYNAMIC_END - PERCPU_DYNAMIC));
  const arena = arena_start();
  kasan_poison(arena, (b.arena_end & ~7) - arena, KASAN_NEVER_ALLOCATED);
  kasan_poison(b.kasan_shadow, b.kasan_end - b.kasan_shadow, KASAN_METADATA);
}
