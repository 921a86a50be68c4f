// SPDX-License-Identifier: GPL-2.0-only
/**
 * The quarantine: freed objects wait here before they may be given out again, so that a late touch
 * still meets poison.
 *
 * Source:  mm/kasan/quarantine.c (v6.12). Per-CPU queues only, and never drained for want of memory.
 *
 * Rules:   Q1  First in, first out, on each CPU.
 *          Q2  A CPU holds back at most boot_info.kasan_quarantine bytes of blocks.
 *
 * Cost:    some 6 plain accesses to the CPU's own lines and the block's header.
 */
import { WRITE_ONCE } from "../arch/wasm/atomic";
import { boot } from "../arch/wasm/memory";
import { this_cpu_ptr } from "../arch/wasm/percpu";
import { PERCPU_KASAN_QUARANTINE } from "./kasan_types";
import { class_bytes, SLAB_FREE, SLAB_HEADER, slab_header } from "./slab_common";

/** In the CPU's unit: 12 bytes. */
@unmanaged
@final
class kasan_quarantine {
  head: u32;
  tail: u32;
  /** Of blocks, headers included. */
  bytes: u32;
}

function quarantine(): kasan_quarantine {
  return changetype<kasan_quarantine>(this_cpu_ptr(PERCPU_KASAN_QUARANTINE));
}

/** Appends a block that says QUARANTINE. Context: KASAN is enabled; the block's owner. Ordering: none. */
export function quarantine_put(h: slab_header): void {
  const q = quarantine(); // plain: the queue is this CPU's own
  const at = <u32>changetype<usize>(h);
  h.next = 0;
  if (q.head === 0) q.head = at;
  else changetype<slab_header>(<usize>q.tail).next = at;
  q.tail = at;
  q.bytes += class_bytes(h.cls);
}

/**
 * Takes the oldest block out if the queue is over its limit (Q2), and makes it say FREE.
 *
 * @returns its header, or 0
 * Context: KASAN is enabled; never sleeps. Ordering: none.
 */
export function quarantine_reduce(): usize {
  const q = quarantine(); // plain: the queue is this CPU's own
  if (q.bytes <= boot().kasan_quarantine) return 0;
  const at = <usize>q.head;
  const h = changetype<slab_header>(at);
  q.head = h.next;
  q.bytes -= class_bytes(h.cls);
  WRITE_ONCE(at, <u32>(at + SLAB_HEADER) | SLAB_FREE);
  return at;
}
