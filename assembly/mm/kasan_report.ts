// SPDX-License-Identifier: GPL-2.0-only
/**
 * KASAN's reports: a table in each CPU's unit, written by that CPU alone and read by the host.
 *
 * Source:  mm/kasan/report.c, mm/kasan/report_generic.c (v6.12).
 *
 * Rules:   P1  What a site did once is one record, however often it did it: the record counts.
 *          P2  A CPU keeps its first KASAN_RECORDS records; what comes later is only counted.
 *          P3  Each occurrence is counted as EV_VIOLATION. The kernel log has none: the record says more.
 *          P4  A byte in the upper half of a header line belongs to the object behind it, one in the
 *              lower half to the object before it, if there is one.
 *
 * Cost:    a search back from the address for the object's header; never on a good access.
 */
import { READ_ONCE, WRITE_ONCE } from "../arch/wasm/atomic";
import { ktime_get } from "../arch/wasm/clock";
import { count_event, EV_VIOLATION } from "../arch/wasm/events";
import { kasan_shadow_base, kasan_stack_pointer, this_cpu_ptr } from "../arch/wasm/percpu";
import {
  KASAN_FRAMES,
  KASAN_FREED,
  KASAN_HEADER,
  KASAN_METADATA,
  KASAN_NEVER_ALLOCATED,
  KASAN_NULL_PAGE,
  KASAN_PERCPU_FREED,
  KASAN_RECORD_BYTES,
  KASAN_RECORD_STACKS,
  KASAN_RECORDS,
  kasan_record,
  PERCPU_KASAN_REPORTS,
  VIOLATION_NEVER_ALLOCATED,
  VIOLATION_NULL_POINTER,
  VIOLATION_OUT_OF_BOUNDS,
  VIOLATION_USE_AFTER_FREE,
  VIOLATION_WILD_ACCESS,
} from "./kasan_types";
import {
  arena_end,
  arena_start,
  header_of,
  SLAB_ALLOC_STACK,
  SLAB_ALLOCATED,
  SLAB_HEADER,
} from "./slab_common";

const STACK_BYTES: u32 = KASAN_FRAMES * 4;

function shadow_of(p: usize): u32 {
  return load<u8>(kasan_shadow_base() + (p >> 3)); // plain: racy, and only described
}

/** The object whose header line is the nearest at or before `line`, 0 if there is none. */
function object_at_or_before(line: usize): usize {
  const start = <usize>arena_start();
  for (; line >= start; line -= 64) {
    if (shadow_of(line) === KASAN_HEADER) return line + SLAB_HEADER;
  }
  return 0;
}

/** The object that `p` lies in or next to, 0 if there is none (P4). */
function object_of(p: usize): usize {
  if (p < <usize>arena_start() || p >= <usize>arena_end() + SLAB_HEADER) return 0;
  const line = p & ~63;
  if (shadow_of(line) !== KASAN_HEADER || p - line >= 32) return object_at_or_before(line);
  const before = object_at_or_before(line - 64);
  return before !== 0 && header_of(before).generation !== 0 ? before : line + SLAB_HEADER;
}

function bug_of(shadow: u32): u32 {
  switch (shadow) {
    case KASAN_NULL_PAGE:
      return VIOLATION_NULL_POINTER;
    case KASAN_METADATA:
      return VIOLATION_WILD_ACCESS;
    case KASAN_NEVER_ALLOCATED:
      return VIOLATION_NEVER_ALLOCATED;
    case KASAN_FREED:
    case KASAN_PERCPU_FREED:
      return VIOLATION_USE_AFTER_FREE;
    default:
      return VIOLATION_OUT_OF_BOUNDS;
  }
}

/** Same site, same bug, same fate of the object: the record to count, or a new one, or 0 (P1, P2). */
function record_for(bug: u32, site: u32, caller: u32): kasan_record {
  for (let i: u32 = 0; i < KASAN_RECORDS; i++) {
    const at = this_cpu_ptr(PERCPU_KASAN_REPORTS) + <usize>(i * KASAN_RECORD_BYTES);
    const r = changetype<kasan_record>(at); // plain: written by this CPU alone
    if (r.count === 0) return r;
    const came_from = load<u32>(at + KASAN_RECORD_STACKS + STACK_BYTES - 4);
    if (r.bug === bug && r.site === site && (site !== 0 || came_from === caller)) return r;
  }
  return changetype<kasan_record>(0);
}

function describe_object(r: kasan_record, object: usize): void {
  const h = header_of(object); // plain: a stale word is fine in a report
  if (h.generation === 0) return;
  r.object = <u32>object;
  r.size = h.size;
  r.generation = h.generation;
  r.live = (h.state & 63) === SLAB_ALLOCATED ? 1 : 0;
  r.type = h.type;
  r.alloc_cpu = h.alloc_cpu;
  r.free_cpu = h.free_cpu;
  const stacks = changetype<usize>(r) + KASAN_RECORD_STACKS + STACK_BYTES;
  memory.copy(stacks, object - SLAB_HEADER + SLAB_ALLOC_STACK, STACK_BYTES * 2);
}

/**
 * Records that `address` should not have been touched, or freed.
 *
 * @param bytes - of the whole access; 0 for a free
 * @param site - of the access; 0 for a free
 * @param bug - VIOLATION_* for a free; 0: what the address's shadow says
 * Context: KASAN is enabled. Never sleeps. Ordering: the count is stored last.
 */
export function kasan_report(address: usize, bytes: u32, site: u32, bug: u32): void {
  const shadow = shadow_of(address);
  const what = bug === 0 ? bug_of(shadow) : bug;
  const top = kasan_stack_pointer();
  count_event(EV_VIOLATION); // P3
  const r = record_for(what, site, load<u32>(top - 4));
  if (changetype<usize>(r) === 0) return;
  const count = changetype<usize>(r);
  if (r.count === 0) {
    r.bug = what;
    r.site = site;
    r.address = <u32>address;
    r.bytes = bytes;
    r.shadow = shadow;
    r.time = ktime_get();
    memory.copy(count + KASAN_RECORD_STACKS, top - STACK_BYTES, STACK_BYTES);
    const object: usize = shadow === KASAN_NEVER_ALLOCATED ? 0 : object_of(address);
    if (object !== 0) describe_object(r, object);
  }
  WRITE_ONCE(count, READ_ONCE(count) + 1);
}
