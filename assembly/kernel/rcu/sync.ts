// SPDX-License-Identifier: GPL-2.0-only
/**
 * rcu_sync — a fast path for readers that holds while no writer is about.
 *
 * Source:  kernel/rcu/sync.c, include/linux/rcu_sync.h (v6.12).
 *
 * State:   gp_state (u32), changed under gp_wait's lock
 *            0 GP_IDLE    readers may take the fast path
 *            1 GP_ENTER   a writer waits until nobody is in it any more
 *            2 GP_PASSED  nobody is
 *            3 GP_EXIT    the last writer has left; a grace period on, readers may
 *            4 GP_REPLAY  another writer came and left meanwhile: a grace period more
 *          gp_count (u32): writers between enter and exit
 *          Behind them: gp_wait, cb_head.
 *
 * Rules:   Y1  rcu_sync_enter() returns once a grace period has gone by since the state left GP_IDLE: no
 *              reader that saw it idle is in the section in which it did.
 *          Y2  Only the first writer pays one: who comes while the state is not idle waits for its, or
 *              passes.
 *          Y3  The state is GP_IDLE again a grace period after the last exit, if nobody enters before that.
 *          Y4  An exit while a callback is under way makes it wait for a grace period that begins later.
 *          Y5  rcu_sync_dtor() returns when no callback is left: what the rcu_sync is in may be freed.
 *
 * Ordering: O5  what a writer stored before rcu_sync_exit() is visible to every reader that sees GP_IDLE
 *               again, and what readers did on the fast path is visible after rcu_sync_enter(): by the
 *               grace periods, so that readers need no barrier (kernel/rcu/qsbr.ts, O1 to O3).
 *
 * Cost:    a reader: a plain load.
 */
import { __READ_ONCE, READ_ONCE, WRITE_ONCE } from "../../arch/wasm/atomic";
import { WARN_ON } from "../../arch/wasm/bug";
import { raw_spin_lock, raw_spin_unlock } from "../locking/spinlock";
import { schedule } from "../sched/core";
import {
  finish_wait,
  init_wait,
  init_waitqueue_head,
  prepare_to_wait,
  wait_queue_head,
  wake_up_all,
} from "../sched/wait";
import { call_rcu, rcu_barrier, rcu_head, synchronize_rcu } from "./tree";

export const GP_IDLE: u32 = 0;
export const GP_ENTER: u32 = 1;
export const GP_PASSED: u32 = 2;
export const GP_EXIT: u32 = 3;
export const GP_REPLAY: u32 = 4;

/** rcu_invoke() id of rcu_sync_func(). */
export const RCU_SYNC_FUNC: u32 = 3;

/** (rcu_sync, gp_state) rcu_sync_exit() by nobody who entered. */
export const WARN_RCU_SYNC_EXIT_WITHOUT_ENTER: u32 = 205;
/** (rcu_sync, gp_count) */
export const WARN_RCU_SYNC_DTOR_DURING_USE: u32 = 206;

@unmanaged
@final
export class rcu_sync {
  gp_state: u32;
  gp_count: u32;
}

const GP_WAIT: usize = offsetof<rcu_sync>();
const CB_HEAD: usize = (GP_WAIT + offsetof<wait_queue_head>() + 7) & ~7;

export const SIZEOF_RCU_SYNC: u32 = <u32>(CB_HEAD + offsetof<rcu_head>());
export const OFFSETOF_RCU_SYNC_GP_STATE: u32 = offsetof<rcu_sync>("gp_state");
export const OFFSETOF_RCU_SYNC_GP_COUNT: u32 = offsetof<rcu_sync>("gp_count");
export const RCU_SYNC_CB_HEAD: u32 = <u32>CB_HEAD;

function state_of(rsp: rcu_sync): usize {
  return changetype<usize>(rsp) + offsetof<rcu_sync>("gp_state");
}

/** Its lock is the first word. */
function gp_wait_of(rsp: rcu_sync): usize {
  return changetype<usize>(rsp) + GP_WAIT;
}

/** @param rsp - SIZEOF_RCU_SYNC bytes, aligned to 8. Context: before it is published. Ordering: none. */
export function rcu_sync_init(rsp: rcu_sync): void {
  rsp.gp_state = GP_IDLE; // plain: not published yet, as is the next
  rsp.gp_count = 0;
  init_waitqueue_head(changetype<wait_queue_head>(gp_wait_of(rsp)));
}

/**
 * gp_state for a fast path: one load, for one decision, in the RCU section that uses it.
 *
 * Context: any; never sleeps. Ordering: none: an old value is one that a grace period waits for (O5).
 */
export function rcu_sync_state(rsp: rcu_sync): u32 {
  return __READ_ONCE(state_of(rsp));
}

/** Whether the value says that readers may take the fast path. */
export function rcu_sync_is_idle(state: u32): bool {
  return state === GP_IDLE;
}

function rcu_sync_call(rsp: rcu_sync): void {
  call_rcu(changetype<rcu_head>(changetype<usize>(rsp) + CB_HEAD), RCU_SYNC_FUNC);
}

/** A grace period is over: what that means depends on who came and left meanwhile. */
function rcu_sync_grace(rsp: rcu_sync): void {
  raw_spin_lock(gp_wait_of(rsp));
  const wanted = rsp.gp_count !== 0; // plain, as the rest: under the lock
  if (wanted) {
    WRITE_ONCE(state_of(rsp), GP_PASSED);
  } else if (rsp.gp_state === GP_REPLAY) {
    WRITE_ONCE(state_of(rsp), GP_EXIT); // Y4
    rcu_sync_call(rsp);
  } else {
    WRITE_ONCE(state_of(rsp), GP_IDLE); // Y3
  }
  raw_spin_unlock(gp_wait_of(rsp));
  if (wanted) wake_up_all(changetype<wait_queue_head>(gp_wait_of(rsp)));
}

/** Context: RCU callback; never sleeps. */
export function rcu_sync_func(head: usize): void {
  rcu_sync_grace(changetype<rcu_sync>(head - CB_HEAD));
}

function rcu_sync_wait(rsp: rcu_sync): void {
  const wq = changetype<wait_queue_head>(gp_wait_of(rsp));
  const entry = init_wait();
  for (;;) {
    prepare_to_wait(wq, entry);
    if (READ_ONCE(state_of(rsp)) >= GP_PASSED) break;
    schedule();
  }
  finish_wait(wq, entry);
}

/** Takes the fast path from readers (Y1, Y2). Context: sleeps; as synchronize_rcu(). Ordering: full (O5). */
export function rcu_sync_enter(rsp: rcu_sync): void {
  raw_spin_lock(gp_wait_of(rsp));
  const state = rsp.gp_state; // plain: under the lock, as is the next
  if (state === GP_IDLE) WRITE_ONCE(state_of(rsp), GP_ENTER);
  rsp.gp_count++;
  raw_spin_unlock(gp_wait_of(rsp));
  if (state === GP_IDLE) {
    synchronize_rcu();
    rcu_sync_grace(rsp);
  } else if (state === GP_ENTER) {
    rcu_sync_wait(rsp);
  }
}

/** Gives it back, some time after the last writer has left (Y3, Y4). Context: any. Ordering: release (O5). */
export function rcu_sync_exit(rsp: rcu_sync): void {
  raw_spin_lock(gp_wait_of(rsp));
  const none = rsp.gp_count === 0; // plain, as the rest: under the lock
  const state = rsp.gp_state;
  WARN_ON(none, WARN_RCU_SYNC_EXIT_WITHOUT_ENTER, <u32>changetype<usize>(rsp), state);
  if (!none && --rsp.gp_count === 0) {
    if (state === GP_PASSED) {
      WRITE_ONCE(state_of(rsp), GP_EXIT);
      rcu_sync_call(rsp);
    } else if (state === GP_EXIT) {
      WRITE_ONCE(state_of(rsp), GP_REPLAY);
    }
  }
  raw_spin_unlock(gp_wait_of(rsp));
}

/** Context: nobody is between enter and exit, nobody will enter; sleeps if it was used lately (Y5). */
export function rcu_sync_dtor(rsp: rcu_sync): void {
  raw_spin_lock(gp_wait_of(rsp));
  const count = rsp.gp_count; // plain, as the rest: under the lock
  if (rsp.gp_state === GP_REPLAY) WRITE_ONCE(state_of(rsp), GP_EXIT);
  const state = rsp.gp_state;
  raw_spin_unlock(gp_wait_of(rsp));
  WARN_ON(count !== 0, WARN_RCU_SYNC_DTOR_DURING_USE, <u32>changetype<usize>(rsp), count);
  if (state !== GP_IDLE) rcu_barrier();
}
