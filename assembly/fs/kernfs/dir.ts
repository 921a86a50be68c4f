// SPDX-License-Identifier: GPL-2.0-only
/**
 * kernfs active references: what keeps the attribute of a device that goes from being shown or stored to.
 *
 * Source:  fs/kernfs/dir.c, kernfs-internal.h (v6.12): kernfs_get_active, kernfs_put_active, kernfs_drain.
 *
 * State:   kernfs_node.active (i32)
 *            0 …                       who is inside
 *            KN_DEACTIVATED_BIAS + …   the same, and nobody else comes in
 *          kernfs_root.deactivate_waitq: those who wait for some node of the tree to be drained. There is
 *          one root, at KERNFS_ROOT
 *
 * Rules:   K1  A reference is had by adding 1 to a count that is not negative, and not otherwise.
 *          K2  The remover adds the bias once: from then on the count is negative.
 *          K3  A put that leaves the bare bias wakes the queue; no other does.
 *          K4  The remover waits until the count is the bare bias.
 *
 * Ordering: O1  kernfs_put_active() releases, and the remover's read of the count acquires: it sees what
 *               was done inside.
 *           O2  The decrement is a full barrier before the wake-up's lock, and prepare_to_wait() is one
 *               before the test: the remover sees the bare bias, or the wake-up sees the remover.
 *
 * Cost:    get: a load and a compare-exchange; put: an atomic subtract.
 * Not modelled: names, the tree, open files and their mmaps, a node that removes itself, lockdep.
 */
import {
  __READ_ONCE,
  atomic_add,
  atomic_cmpxchg,
  atomic_read,
  atomic_set,
  atomic_sub_return_release,
} from "../../arch/wasm/atomic";
import { KERNFS_ROOT } from "../../arch/wasm/memory";
import { schedule } from "../../kernel/sched/core";
import {
  finish_wait,
  init_wait,
  prepare_to_wait,
  wait_queue_head,
  wake_up_all,
} from "../../kernel/sched/wait";

export const KN_DEACTIVATED_BIAS: i32 = i32.MIN_VALUE + 1;

@unmanaged
@final
export class kernfs_node {
  active: i32;

  /**
   * K1: takes a reference unless the node is going. A method, so that it is compiled into its caller.
   *
   * @returns the count before; negative, and no reference is held, or not
   * Context: any; never sleeps. The node's memory is known to be there. Ordering: full on success.
   */
  @inline
  get_active(): i32 {
    const active = changetype<usize>(this) + offsetof<kernfs_node>("active");
    let old = <i32>__READ_ONCE(active); // one that is old fails the exchange, or is negative for good
    if (old < 0) return old;
    // The first attempt is not in the loop: at one, a baseline compiler puts all that it has into the frame.
    let seen = atomic_cmpxchg(active, old, old + 1);
    if (seen === old) return seen;
    while (seen >= 0) {
      old = seen;
      seen = atomic_cmpxchg(active, old, old + 1);
      if (seen === old) break;
    }
    return seen;
  }
}

export const SIZEOF_KERNFS_NODE: u32 = offsetof<kernfs_node>();
export const OFFSETOF_KERNFS_NODE_ACTIVE: u32 = offsetof<kernfs_node>("active");

function active_of(kn: kernfs_node): usize {
  return changetype<usize>(kn) + offsetof<kernfs_node>("active");
}

function kernfs_deactivate_waitq(): wait_queue_head {
  return changetype<wait_queue_head>(KERNFS_ROOT);
}

/** A node that can be had. Context: before it is published. Ordering: none. */
export function kernfs_init_node(kn: kernfs_node): void {
  atomic_set(active_of(kn), 0);
}

/**
 * Gives a reference up, but for the wake-up.
 *
 * @returns the count: KN_DEACTIVATED_BIAS asks for kernfs_put_active_slowpath()
 * Context: any; never sleeps. Ordering: full (O1, O2).
 */
export function kernfs_put_active_sub(kn: kernfs_node): i32 {
  return atomic_sub_return_release(1, active_of(kn));
}

/** K3. Context: any; never sleeps. Ordering: full. */
export function kernfs_put_active_slowpath(): void {
  wake_up_all(kernfs_deactivate_waitq());
}

/** @returns true with a reference held (K1). Context, Ordering: as kernfs_node.get_active(). */
export function kernfs_get_active(kn: kernfs_node): bool {
  return kn.get_active() >= 0;
}

/** Gives a reference up (K3). Context: any; never sleeps. Ordering: full (O1, O2). */
export function kernfs_put_active(kn: kernfs_node): void {
  if (kernfs_put_active_sub(kn) === KN_DEACTIVATED_BIAS) kernfs_put_active_slowpath();
}

/** Nobody else comes in (K2). Context: once a node; any; never sleeps. Ordering: full. */
export function kernfs_deactivate(kn: kernfs_node): void {
  atomic_add(KN_DEACTIVATED_BIAS, active_of(kn));
}

/** Waits until nobody is inside (K4). Context: after kernfs_deactivate(); sleeps. Ordering: acquire (O1). */
export function kernfs_drain(kn: kernfs_node): void {
  if (atomic_read(active_of(kn)) === KN_DEACTIVATED_BIAS) return;
  const wq = kernfs_deactivate_waitq();
  const entry = init_wait();
  for (;;) {
    prepare_to_wait(wq, entry);
    if (atomic_read(active_of(kn)) === KN_DEACTIVATED_BIAS) break;
    schedule();
  }
  finish_wait(wq, entry);
}
