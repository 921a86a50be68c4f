// SPDX-License-Identifier: GPL-2.0-only
/**
 * revocable_v1 — a control: the SRCU index is kept in the consumer's handle, which threads share.
 *
 * Source:  drivers/base/revocable.c as it was merged (62eb557580eb) and reverted (21bab791346e).
 *
 * State:   consumer handle {rp, idx}, one an open file; the rest is that of revocable.ts.
 *
 * Wrong:   of two threads inside by one handle the later one's index stands for both. If a flip came
 *          between their entries, each unlocks the same rank: a revoke waits for ever for the other one,
 *          or finds the first one's drained while it is inside, and frees what it uses.
 *
 * idx is loaded and stored marked, where the driver's accesses were plain: a check would name those as a
 * data race, truly, and look no further.
 *
 * Ordering: as revocable.ts.
 */
import { READ_ONCE, WRITE_ONCE } from "../../arch/wasm/atomic";
import { srcu_read_lock, srcu_read_unlock } from "../../kernel/rcu/srcu";
import { kfree, kzalloc, SLAB_REVOCABLE } from "../../mm/slab";
import {
  revocable_deref,
  revocable_provider_alloc,
  revocable_provider_free,
  revocable_provider_revoke,
  revocable_srcu,
  revocable_touch,
} from "./revocable";

@unmanaged
@final
class revocable_v1_handle {
  rp: u32;
  /** Of whoever came in last. */
  idx: u32;
}

function handle_rp(p: usize): usize {
  return changetype<revocable_v1_handle>(p).rp; // plain: constant from init to end
}

function handle_idx(p: usize): usize {
  return p + offsetof<revocable_v1_handle>("idx");
}

/** @returns the resource, 0 once it was revoked; inside either way. Ordering: full. */
function try_access(p: usize): usize {
  const rp = handle_rp(p);
  WRITE_ONCE(handle_idx(p), srcu_read_lock(revocable_srcu(rp)));
  return revocable_deref(rp);
}

function withdraw(p: usize): void {
  srcu_read_unlock(revocable_srcu(handle_rp(p)), READ_ONCE(handle_idx(p)));
}

/**
 * Makes a provider with a resource, and a consumer's handle to it.
 *
 * @returns the handle, 0 without memory
 * Context: before the threads start. Ordering: none.
 */
export function revocable_v1_init(): usize {
  const p = kzalloc(offsetof<revocable_v1_handle>(), SLAB_REVOCABLE);
  if (p === 0) return 0;
  const rp = revocable_provider_alloc();
  if (rp === 0) {
    kfree(p);
    return 0;
  }
  changetype<revocable_v1_handle>(p).rp = <u32>rp; // plain: not public yet
  return p;
}

/**
 * A thread that uses the resource once: try_access, touch, withdraw.
 *
 * @returns REVOCABLE_RESOURCE_LIVE; -ENODEV once it was revoked; anything else is wrong
 * Context: sleeps. Ordering: none.
 */
export function revocable_v1_use(p: usize): i32 {
  const rc = revocable_touch(try_access(p));
  withdraw(p);
  return rc;
}

/** The thread that revokes. @returns 0. Context: sleeps; once. Ordering: full. */
export function revocable_v1_revoke(p: usize): i32 {
  revocable_provider_revoke(handle_rp(p));
  return 0;
}

/** Frees what is left, revoked or not. @returns 0. Context: no thread runs any more. Ordering: none. */
export function revocable_v1_end(p: usize): i32 {
  revocable_provider_free(handle_rp(p));
  kfree(p);
  return 0;
}
