// SPDX-License-Identifier: GPL-2.0-only
/**
 * ida, for check: nobody gets an id that somebody else holds.
 *
 * Covers I2 of lib/idr.ts with two allocators; I1 and I3 as well where there are as many ids as threads:
 * then nobody is refused; I2 over a free with a borrower.
 */
import { smp_processor_id } from "../../arch/wasm/percpu";
import {
  ida_alloc_range,
  ida_count,
  ida_destroy,
  ida_free,
  ida_init,
  SIZEOF_IDA,
} from "../../lib/idr";
import { kfree, kzalloc, SLAB_MISC } from "../../mm/slab";
import { demand } from "./verdict";

/** (id, 1 + the CPU that holds it) */
export const VIOLATION_IDA_ID_IS_HELD: u32 = 760;
/** (ids in use, ids held) */
export const VIOLATION_IDA_MISCOUNTED: u32 = 761;

const IDS: u32 = 32; // most ids of a scenario
/** Behind the ida: for each id a word, 1 + the CPU that holds it; plain, ordered by the ida's lock. */
const HOLDERS: usize = (SIZEOF_IDA + 63) & ~63;

function holder_of(p: usize, id: u32): usize {
  return p + HOLDERS + ((<usize>id) << 2);
}

/**
 * @param ids - how many there are: 1 to 32
 * @returns the record, or 0 when there is no memory
 * Context: runs alone. Ordering: none.
 */
export function check_ida_init(ids: u32): usize {
  const p = kzalloc(<u32>HOLDERS + 4 * IDS, SLAB_MISC);
  if (p === 0 || ida_init(p, 0, min<u32>(ids, IDS)) === 0) return p;
  kfree(p);
  return 0;
}

/** Allocates an id and notes who holds it. @returns the id, or -ENOSPC */
function take(p: usize): i32 {
  const id = ida_alloc_range(p, 0, IDS - 1);
  if (id < 0) return id;
  const holder = load<u32>(holder_of(p, id));
  demand(holder === 0, VIOLATION_IDA_ID_IS_HELD, id, holder);
  store<u32>(holder_of(p, id), smp_processor_id() + 1);
  return id;
}

function give(p: usize, id: u32): void {
  store<u32>(holder_of(p, id), 0);
  ida_free(p, id);
}

/** Takes an id and keeps it. @returns 0, or -ENOSPC. Context: never sleeps, but for the lock. */
export function check_ida_allocator(p: usize): i32 {
  return min<i32>(take(p), 0);
}

/** Takes an id and gives it back, `n` times. @returns 0, or -ENOSPC. Context: as the allocator. */
export function check_ida_borrower(p: usize, n: u32): i32 {
  for (let i: u32 = 0; i < n; i++) {
    const id = take(p);
    if (id < 0) return id;
    give(p, id);
  }
  return 0;
}

/** The ida counts what is held. @returns 0, or -EIO. Context: runs alone, at the end. */
export function check_ida_end(p: usize): i32 {
  const used = ida_count(p);
  let held: u32 = 0;
  for (let id: u32 = 0; id < IDS; id++) {
    if (load<u32>(holder_of(p, id)) === 0) continue; // plain: all threads have ended
    held++;
    give(p, id);
  }
  ida_destroy(p);
  kfree(p);
  return demand(used === held, VIOLATION_IDA_MISCOUNTED, used, held);
}
