// SPDX-License-Identifier: GPL-2.0-only
/**
 * revocable_v2 — a control: the provider goes with its last reference, and who asks for one may ask a
 * provider that is gone.
 *
 * Source:  the fix proposed for drivers/base/revocable.c as it was merged (62eb557580eb), as the thread
 *          that led to its revert tells it: the index on the stack, the provider's pointer RCU-protected.
 *
 * State:   consumer handle {rp}: an RCU-protected pointer, 0 once revoked; the rest is that of
 *          revocable.ts. The provider is freed a grace period of RCU after its last reference.
 *
 * Wrong:   the pointer is passed by value. The copy is made before the RCU section that is to protect it,
 *          and the function that has the section loads nothing but its own copy: a grace period may end
 *          in between, and the reference count that the copy leads to is freed memory.
 *
 * Ordering: as revocable.ts.
 */
import { READ_ONCE, smp_store_release } from "../../arch/wasm/atomic";
import { ENODEV } from "../../arch/wasm/errno";
import { srcu_read_lock, srcu_read_unlock } from "../../kernel/rcu/srcu";
import { rcu_qs, rcu_read_lock, rcu_read_unlock, synchronize_rcu } from "../../kernel/rcu/tree";
import { kref_get_unless_zero, kref_put } from "../../lib/kref";
import { kfree, kzalloc, SLAB_REVOCABLE } from "../../mm/slab";
import {
  revocable_deref,
  revocable_kref,
  revocable_provider_alloc,
  revocable_provider_free,
  revocable_provider_revoke,
  revocable_srcu,
  revocable_touch,
} from "./revocable";

@unmanaged
@final
class revocable_v2_handle {
  /** RCU-protected. */
  rp: u32;
}

function handle_rp(p: usize): usize {
  return p + offsetof<revocable_v2_handle>("rp");
}

/** Drops a reference; the last one frees the provider once no section of RCU can see it. */
function provider_put(rp: usize): void {
  if (!kref_put(revocable_kref(rp))) return;
  synchronize_rcu();
  revocable_provider_free(rp);
}

/** Takes a reference on the provider that the caller has read from somewhere. */
function provider_tryget(rp: usize): bool {
  if (rp === 0) return false;
  rcu_read_lock();
  const live = kref_get_unless_zero(revocable_kref(rp)); // wrong: `rp` is from before the section
  rcu_read_unlock();
  return live;
}

/**
 * Makes a provider with a resource, and a consumer's handle to it.
 *
 * @returns the handle, 0 without memory
 * Context: before the threads start. Ordering: none.
 */
export function revocable_v2_init(): usize {
  const p = kzalloc(offsetof<revocable_v2_handle>(), SLAB_REVOCABLE);
  if (p === 0) return 0;
  const rp = revocable_provider_alloc();
  if (rp === 0) {
    kfree(p);
    return 0;
  }
  changetype<revocable_v2_handle>(p).rp = <u32>rp; // plain: not public yet
  return p;
}

/**
 * A thread that uses the resource once: try_access, touch, withdraw.
 *
 * @returns REVOCABLE_RESOURCE_LIVE; -ENODEV once it was revoked; anything else is wrong
 * Context: sleeps. Ordering: none.
 */
export function revocable_v2_use(p: usize): i32 {
  const rp = <usize>READ_ONCE(handle_rp(p));
  rcu_qs(); // whoever passes a copy on may have slept since it was made
  if (!provider_tryget(rp)) return -ENODEV;
  const idx = srcu_read_lock(revocable_srcu(rp));
  const rc = revocable_touch(revocable_deref(rp));
  srcu_read_unlock(revocable_srcu(rp), idx);
  provider_put(rp);
  return rc;
}

/** The thread that revokes. @returns 0. Context: sleeps; once. Ordering: full. */
export function revocable_v2_revoke(p: usize): i32 {
  const rp = <usize>READ_ONCE(handle_rp(p));
  smp_store_release(handle_rp(p), 0);
  revocable_provider_revoke(rp);
  provider_put(rp);
  return 0;
}

/** Frees what is left, revoked or not. @returns 0. Context: no thread runs any more. Ordering: none. */
export function revocable_v2_end(p: usize): i32 {
  const rp = <usize>READ_ONCE(handle_rp(p));
  if (rp !== 0) provider_put(rp);
  kfree(p);
  return 0;
}
