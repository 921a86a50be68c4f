// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a gate guards: an object that is freed once nobody can reach it.
 *
 * State:   alive (u32)  MORTAL_ALIVE until the object's last moment. Its users read it, and who frees it
 *          clears it: both plainly, so that a free too early is a data race in whatever schedule.
 *          rcu_head at offset 0, for call_rcu().
 */
import { READ_ONCE } from "../../arch/wasm/atomic";
import { rcu_head } from "../../kernel/rcu/tree";
import { kfree, kzalloc, SLAB_MISC } from "../../mm/slab";
import { demand } from "./verdict";

/** (object, its alive word) A user found its object dead. */
export const VIOLATION_OBJECT_IS_DEAD: u32 = 703;

const MORTAL_ALIVE: u32 = 0x600d600d;

/** Behind a struct rcu_head. */
@unmanaged
@final
class mortal {
  /** The scenario's record. */
  owner: u32;
  alive: u32;
}

const BODY: usize = offsetof<rcu_head>();

function mortal_at(object: usize): mortal {
  return changetype<mortal>(object + BODY);
}

/** An object of record `owner`, alive; 0 when there is no memory. Context: any. Ordering: none. */
export function mortal_alloc(owner: usize): usize {
  const object = kzalloc(<u32>BODY + offsetof<mortal>(), SLAB_MISC);
  if (object === 0) return 0;
  mortal_at(object).owner = <u32>owner; // plain: not published yet
  mortal_revive(object);
  return object;
}

export function mortal_owner(object: usize): usize {
  return mortal_at(object).owner; // plain: constant
}

/** Context: nobody can reach the object. Ordering: none. */
export function mortal_kill(object: usize): void {
  mortal_at(object).alive = 0; // plain: see above
}

/** Context: as mortal_kill(). Ordering: none: publish it. */
export function mortal_revive(object: usize): void {
  mortal_at(object).alive = MORTAL_ALIVE; // plain: see above
}

/** Context: as mortal_kill(). Ordering: none. */
export function mortal_free(object: usize): void {
  mortal_kill(object);
  kfree(object);
}

function mortal_look(object: usize): i32 {
  const alive = mortal_at(object).alive; // plain: see above
  return demand(alive === MORTAL_ALIVE, VIOLATION_OBJECT_IS_DEAD, <u32>object, alive);
}

/**
 * A use of the object: two looks at it, with a load of *place between them, where others may come in.
 *
 * @returns 0, or -EIO
 * Context: inside what is under test. Ordering: none.
 */
export function mortal_use(object: usize, place: usize): i32 {
  const first = mortal_look(object);
  READ_ONCE(place);
  return first | mortal_look(object);
}
