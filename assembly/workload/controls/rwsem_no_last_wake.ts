// SPDX-License-Identifier: GPL-2.0-only
/**
 * Known bad: an rwsem whose last reader leaves without a look at WAITERS.
 *
 * Breaks R13 of kernel/locking/rwsem.ts: a writer that went to sleep behind the readers sleeps for ever.
 * Found under every memory model, as a deadlock. Else as scenarios/rwsem.ts.
 */
import { down_read, rwsem_up_read_sub } from "../../kernel/locking/rwsem";
import { rcu_qs } from "../../kernel/rcu/tree";
import { guarded_read } from "../scenarios/guarded";
import {
  check_rwsem_end,
  check_rwsem_init,
  check_rwsem_of,
  check_rwsem_writer,
} from "../scenarios/rwsem";

/** As check_rwsem_init(). */
export function rwsem_no_last_wake_init(): usize {
  return check_rwsem_init();
}

/** As check_rwsem_reader(), but for the wake-up. */
export function rwsem_no_last_wake_reader(p: usize, n: u32): i32 {
  let result = 0;
  for (let i: u32 = 0; i < n; i++) {
    down_read(check_rwsem_of(p));
    result |= guarded_read(p);
    rwsem_up_read_sub(check_rwsem_of(p)); // wrong: the new count may ask for rwsem_wake()
    rcu_qs();
  }
  return result;
}

/** As check_rwsem_writer(). */
export function rwsem_no_last_wake_writer(p: usize, n: u32): i32 {
  return check_rwsem_writer(p, n);
}

/** As check_rwsem_end(). */
export function rwsem_no_last_wake_end(p: usize): i32 {
  return check_rwsem_end(p);
}
