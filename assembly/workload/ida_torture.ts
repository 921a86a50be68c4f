// SPDX-License-Identifier: GPL-2.0-only
/** ida torture: every CPU allocates and frees; nobody may get an id that somebody else holds. */
import { atomic_cmpxchg, smp_store_release } from "../arch/wasm/atomic";
import { smp_processor_id } from "../arch/wasm/percpu";
import { ida_alloc_range, ida_free } from "../lib/idr";
import { prandom_below, prandom_seed } from "../lib/random";

/**
 * Holds up to two ids at a time, for `n` rounds, and none at the end.
 *
 * @param owners - a zeroed u32 for each id
 * @returns how often an id was somebody else's
 */
export function ida_torture(ida: usize, owners: usize, n: u32, seed: u32): u32 {
  prandom_seed(seed);
  let clashes: u32 = 0;
  let held: i32 = -1;
  for (let i: u32 = 0; i < n; i++) {
    const id = ida_alloc_range(ida, prandom_below(4), 39);
    if (id >= 0) {
      const owner = owners + ((<usize>id) << 2);
      if (atomic_cmpxchg(owner, 0, smp_processor_id() + 1) !== 0) clashes++;
    }
    if (held >= 0) {
      smp_store_release(owners + ((<usize>held) << 2), 0);
      ida_free(ida, held);
    }
    held = id;
  }
  if (held >= 0) {
    smp_store_release(owners + ((<usize>held) << 2), 0);
    ida_free(ida, held);
  }
  return clashes;
}
