// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a lock guards: a pair of words that are equal outside of a write section and count the updates,
 * as in locktorture.ts, without its flags.
 *
 * All accesses are plain on purpose. A lock that does not exclude, or does not order, shows as a data
 * race in whatever schedule, and on threads as a pair that differs or an update that is lost.
 */

import { SIZEOF_TALLY, tally_add, tally_sum } from "./tally";
import { demand } from "./verdict";

/** (a, b) A section found the pair half updated. */
export const VIOLATION_GUARDED_PAIR_DIFFERS: u32 = 700;
/** (a, updates made) */
export const VIOLATION_GUARDED_UPDATE_LOST: u32 = 701;
/** (word's address, value) A lock is not free, or has waiters, after everybody has left. */
export const VIOLATION_LOCK_NOT_FREE: u32 = 702;

/** Behind it: a tally of the updates made. */
@unmanaged
@final
class guarded {
  a: u32;
  b: u32;
}

const UPDATES: usize = offsetof<guarded>();

/** A scenario's record begins with the pair; the lock follows, on a line of its own. */
export const SIZEOF_GUARDED: usize = (offsetof<guarded>() + SIZEOF_TALLY + 63) & ~63;
export const OFFSETOF_GUARDED_A: u32 = offsetof<guarded>("a");
export const OFFSETOF_GUARDED_B: u32 = offsetof<guarded>("b");

/** One update. @returns 0, or -EIO. Context: the lock under test is held for writing. */
export function guarded_write(p: usize): i32 {
  const g = changetype<guarded>(p); // plain: see above
  const a = g.a;
  const b = g.b;
  g.a = a + 1;
  g.b = b + 1;
  tally_add(p + UPDATES, 1);
  return demand(a === b, VIOLATION_GUARDED_PAIR_DIFFERS, a, b);
}

/** One look. @returns 0, or -EIO. Context: the lock under test is held, for reading at least. */
export function guarded_read(p: usize): i32 {
  const g = changetype<guarded>(p); // plain: see above
  return demand(g.a === g.b, VIOLATION_GUARDED_PAIR_DIFFERS, g.a, g.b);
}

/** How many updates the pair says. Context: as guarded_read(). Ordering: none. */
export function guarded_updates(p: usize): u32 {
  return changetype<guarded>(p).a; // plain: see above
}

/** That no update is lost. @returns 0, or -EIO. Context: all threads have ended. */
export function guarded_end(p: usize): i32 {
  const a = guarded_updates(p);
  const made = tally_sum(p + UPDATES);
  return guarded_read(p) | demand(a === made, VIOLATION_GUARDED_UPDATE_LOST, a, made);
}

/** That `word`, of a lock or of its queue, is 0. @returns 0, or -EIO. Context: as guarded_end(). */
export function guarded_lock_is_free(word: usize): i32 {
  const value = load<u32>(word); // plain: all threads have ended
  return demand(value === 0, VIOLATION_LOCK_NOT_FREE, <u32>word, value);
}
