// SPDX-License-Identifier: GPL-2.0-only
/**
 * revocable — a resource that its provider may take away while consumers use it, as it should be.
 *
 * Source:  drivers/base/revocable.c of the revocable series (2025 and 2026), with what its review asked
 *          for: the index belongs to the entry, the provider to whoever has a reference.
 *
 * State:   consumer handle {rp}: holds a reference on the provider from init to end
 *          revocable_provider: an SRCU domain, res, kref
 *          resource: what is protected; consumers only read it
 *
 * Rules:   R1  Between try_access and withdraw the resource stays, if there was one.
 *          R2  After revoke() whoever asks gets nothing, and is inside all the same until it withdraws.
 *          R3  The index is the entry's own, on its stack.
 *          R4  The provider goes with its last reference: the handle's, and its own until the revoke.
 *
 * Ordering: res is stored and loaded marked; all that is read through it is plain: see O1 and O2 of
 *          kernel/rcu/srcu.ts.
 *
 * A control is four functions for threads that run at once: init() once, then any number of use() and
 * one revoke(), then end(). revocable_v1.ts and revocable_v2.ts are wrong ones; this one must pass.
 */
import { READ_ONCE, smp_store_release } from "../../arch/wasm/atomic";
import { ENODEV } from "../../arch/wasm/errno";
import {
  cleanup_srcu_struct,
  init_srcu_struct,
  SIZEOF_SRCU_STRUCT,
  srcu_read_lock,
  srcu_read_unlock,
  srcu_struct,
  synchronize_srcu,
} from "../../kernel/rcu/srcu";
import { rcu_qs } from "../../kernel/rcu/tree";
import { kref_get, kref_init, kref_put } from "../../lib/kref";
import { kfree, kzalloc, SLAB_REVOCABLE } from "../../mm/slab";

/** What the resource holds for as long as it may be used. */
export const REVOCABLE_RESOURCE_LIVE: u32 = 0x11fe;

/** Behind the fields: the SRCU domain. */
@unmanaged
@final
export class revocable_provider {
  /** The resource, 0 once revoked. */
  res: u32;
  kref: u32;
}

@unmanaged
@final
class revocable_resource {
  value: u32;
}

@unmanaged
@final
class revocable_handle {
  rp: u32;
}

function res_of(rp: usize): usize {
  return rp + offsetof<revocable_provider>("res");
}

/** The provider's reference count. */
export function revocable_kref(rp: usize): usize {
  return rp + offsetof<revocable_provider>("kref");
}

/** The provider's domain. */
export function revocable_srcu(rp: usize): srcu_struct {
  return changetype<srcu_struct>(rp + offsetof<revocable_provider>());
}

function alloc_resource(): usize {
  const res = kzalloc(offsetof<revocable_resource>(), SLAB_REVOCABLE);
  if (res !== 0) changetype<revocable_resource>(res).value = REVOCABLE_RESOURCE_LIVE; // plain: not public
  return res;
}

/**
 * @returns a provider with a resource and one reference; 0 without memory
 * Context: may sleep in the kernel. Ordering: none; not public yet.
 */
export function revocable_provider_alloc(): usize {
  const rp = kzalloc(<u32>offsetof<revocable_provider>() + SIZEOF_SRCU_STRUCT, SLAB_REVOCABLE);
  if (rp === 0) return 0;
  const res = alloc_resource();
  if (res === 0 || init_srcu_struct(revocable_srcu(rp)) !== 0) {
    kfree(res);
    kfree(rp);
    return 0;
  }
  changetype<revocable_provider>(rp).res = <u32>res; // plain: not public yet
  kref_init(revocable_kref(rp));
  return rp;
}

/** Frees a provider, and its resource if nobody revoked it. Context: nobody has it. Ordering: none. */
export function revocable_provider_free(rp: usize): void {
  cleanup_srcu_struct(revocable_srcu(rp));
  kfree(READ_ONCE(res_of(rp)));
  kfree(rp);
}

/** The resource, or 0 once it was revoked. Context: inside a section of the domain. Ordering: acquire. */
export function revocable_deref(rp: usize): usize {
  return READ_ONCE(res_of(rp));
}

/**
 * What a consumer does with the resource: reads it, may sleep, and reads it again.
 *
 * @param res - of revocable_deref()
 * @returns what it read, 0 if that was not twice the same; -ENODEV for no resource
 * Context: inside a section of the domain. Ordering: none.
 */
export function revocable_touch(res: usize): i32 {
  if (res === 0) return -ENODEV;
  const first = changetype<revocable_resource>(res).value; // plain, as the second: the section orders them
  rcu_qs(); // what a sleep would be: it ends no section of SRCU
  return first === changetype<revocable_resource>(res).value ? first : 0;
}

/**
 * Takes the resource away and frees it: returns once nobody uses it.
 *
 * Context: sleeps; once. Ordering: full.
 */
export function revocable_provider_revoke(rp: usize): void {
  const res = READ_ONCE(res_of(rp));
  smp_store_release(res_of(rp), 0);
  synchronize_srcu(revocable_srcu(rp));
  changetype<revocable_resource>(res).value = 0; // plain: nobody uses it any more
  kfree(res);
}

function handle_rp(p: usize): usize {
  return changetype<revocable_handle>(p).rp; // plain: constant from init to end
}

function provider_put(rp: usize): void {
  if (kref_put(revocable_kref(rp))) revocable_provider_free(rp); // R4
}

/**
 * Makes a provider with a resource, and a consumer's handle to it.
 *
 * @returns the handle, 0 without memory
 * Context: before the threads start. Ordering: none.
 */
export function revocable_init(): usize {
  const p = kzalloc(offsetof<revocable_handle>(), SLAB_REVOCABLE);
  if (p === 0) return 0;
  const rp = revocable_provider_alloc();
  if (rp === 0) {
    kfree(p);
    return 0;
  }
  kref_get(revocable_kref(rp));
  changetype<revocable_handle>(p).rp = <u32>rp; // plain: not public yet
  return p;
}

/**
 * A thread that uses the resource once: try_access, touch, withdraw.
 *
 * @returns REVOCABLE_RESOURCE_LIVE; -ENODEV once it was revoked; anything else is wrong
 * Context: sleeps. Ordering: none.
 */
export function revocable_use(p: usize): i32 {
  const rp = handle_rp(p);
  const idx = srcu_read_lock(revocable_srcu(rp)); // R3
  const rc = revocable_touch(revocable_deref(rp));
  srcu_read_unlock(revocable_srcu(rp), idx);
  return rc;
}

/** The thread that revokes. @returns 0. Context: sleeps; once. Ordering: full. */
export function revocable_revoke(p: usize): i32 {
  revocable_provider_revoke(handle_rp(p));
  provider_put(handle_rp(p));
  return 0;
}

/** Frees what is left, revoked or not. @returns 0. Context: no thread runs any more. Ordering: none. */
export function revocable_end(p: usize): i32 {
  const rp = handle_rp(p);
  if (revocable_deref(rp) !== 0) provider_put(rp); // not revoked: the provider still has its own
  provider_put(rp);
  kfree(p);
  return 0;
}
