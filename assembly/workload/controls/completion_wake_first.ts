// SPDX-License-Identifier: GPL-2.0-only
/**
 * Known bad: a complete() that wakes the first waiter, drops the lock, and counts done afterwards.
 *
 * Breaks C1 of kernel/sched/completion.ts: the waiter that was woken finds done 0, queues again and goes
 * back to sleep, and done is counted with nobody told. Found under every memory model, as a deadlock.
 * Else as scenarios/completion.ts.
 */
import { WRITE_ONCE } from "../../arch/wasm/atomic";
import { list_del, list_first } from "../../kernel/list";
import { raw_spin_lock, raw_spin_unlock } from "../../kernel/locking/spinlock";
import { completion, swait_queue } from "../../kernel/sched/completion";
import { task_struct, wake_up_process } from "../../kernel/sched/core";
import {
  check_completion_end,
  check_completion_init,
  check_completion_of,
  check_completion_waiter,
  check_completion_will_complete,
} from "../scenarios/completion";

/** As check_completion_init(). */
export function completion_wake_first_init(): usize {
  return check_completion_init();
}

/** As swake_up_locked(). Context: the lock is held. */
function wake_first(list: usize): void {
  const first = list_first(list);
  if (first === 0) return;
  const wait = changetype<swait_queue>(first);
  list_del(first, list);
  wait.queued = 0; // plain: under the lock
  wake_up_process(changetype<task_struct>(<usize>wait.task));
}

function complete_wake_first(x: completion): void {
  const p = changetype<usize>(x);
  const lock = p + offsetof<completion>("lock");
  raw_spin_lock(lock);
  wake_first(p + offsetof<completion>("first"));
  raw_spin_unlock(lock); // wrong: the waiter may look at done now
  raw_spin_lock(lock);
  if (x.done !== u32.MAX_VALUE) WRITE_ONCE(p + offsetof<completion>("done"), x.done + 1);
  raw_spin_unlock(lock);
}

/** As check_completion_completer(). */
export function completion_wake_first_completer(p: usize, n: u32): i32 {
  check_completion_will_complete(p, n);
  for (let i: u32 = 0; i < n; i++) complete_wake_first(check_completion_of(p));
  return 0;
}

/** As check_completion_waiter(). */
export function completion_wake_first_waiter(p: usize, n: u32): i32 {
  return check_completion_waiter(p, n);
}

/** As check_completion_end(). */
export function completion_wake_first_end(p: usize): i32 {
  return check_completion_end(p);
}
