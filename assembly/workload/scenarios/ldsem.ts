// SPDX-License-Identifier: GPL-2.0-only
/**
 * ldsem, for check: read, write and trylock sections over a guarded pair, some with a limit to the wait.
 *
 * Covers of drivers/tty/tty_ldsem.ts: L1 to L7 and O1 to O3 with readers and writers; L8 where the clock may
 * tick while somebody waits with a limit; L9 with two readers that meet inside and a writer with a limit;
 * L10 with trylocks.
 */
import { EBUSY, ETIMEDOUT } from "../../arch/wasm/errno";
import {
  init_ldsem,
  ld_semaphore,
  ldsem_down_read,
  ldsem_down_read_trylock,
  ldsem_down_write,
  ldsem_down_write_trylock,
  ldsem_up_read,
  ldsem_up_write,
  OFFSETOF_LD_SEMAPHORE_COUNT,
  OFFSETOF_LD_SEMAPHORE_READ_FIRST,
  OFFSETOF_LD_SEMAPHORE_WAIT_LOCK,
  OFFSETOF_LD_SEMAPHORE_WAIT_READERS,
  OFFSETOF_LD_SEMAPHORE_WRITE_FIRST,
  SIZEOF_LD_SEMAPHORE,
} from "../../drivers/tty/tty_ldsem";
import { rcu_qs } from "../../kernel/rcu/tree";
import {
  complete,
  completion,
  init_completion,
  SIZEOF_COMPLETION,
  wait_for_completion,
} from "../../kernel/sched/completion";
import { kfree, kzalloc, SLAB_MISC } from "../../mm/slab";
import {
  guarded_end,
  guarded_lock_is_free,
  guarded_read,
  guarded_write,
  SIZEOF_GUARDED,
} from "./guarded";

const FOR_EVER: i64 = -1;
/** Any limit will do: the clock stands still until it ticks past all of them. */
export const LIMIT_NS: i64 = 1_000_000;

/** Behind the semaphore: what the first and the second who meet wait for. */
const MET: usize = SIZEOF_GUARDED + <usize>SIZEOF_LD_SEMAPHORE;

/** The semaphore of the record at `p`. */
export function check_ldsem_of(p: usize): ld_semaphore {
  return changetype<ld_semaphore>(p + SIZEOF_GUARDED);
}

function met(p: usize, who: u32): completion {
  return changetype<completion>(p + MET + <usize>(who * SIZEOF_COMPLETION));
}

/** @returns the record, or 0 when there is no memory. Context: runs alone. Ordering: none. */
export function check_ldsem_init(): usize {
  const p = kzalloc(<u32>MET + 2 * SIZEOF_COMPLETION, SLAB_MISC);
  if (p === 0) return 0;
  init_ldsem(check_ldsem_of(p));
  init_completion(met(p, 0));
  init_completion(met(p, 1));
  return p;
}

function read_section(p: usize, limit: i64): i32 {
  let result = -ETIMEDOUT;
  if (ldsem_down_read(check_ldsem_of(p), limit)) {
    result = guarded_read(p);
    ldsem_up_read(check_ldsem_of(p));
  }
  rcu_qs();
  return result;
}

function write_section(p: usize, limit: i64): i32 {
  let result = -ETIMEDOUT;
  if (ldsem_down_write(check_ldsem_of(p), limit)) {
    result = guarded_write(p);
    ldsem_up_write(check_ldsem_of(p));
  }
  rcu_qs();
  return result;
}

/** `n` read sections. @returns 0, or -EIO. Context: sleeps. Ordering: the lock's. */
export function check_ldsem_reader(p: usize, n: u32): i32 {
  let result = 0;
  for (let i: u32 = 0; i < n; i++) result |= read_section(p, FOR_EVER);
  return result;
}

/** `n` write sections. @returns 0, or -EIO. Context: sleeps. Ordering: the lock's. */
export function check_ldsem_writer(p: usize, n: u32): i32 {
  let result = 0;
  for (let i: u32 = 0; i < n; i++) result |= write_section(p, FOR_EVER);
  return result;
}

/** A read section unless it takes too long. @returns 0, -ETIMEDOUT or -EIO. Context: sleeps. */
export function check_ldsem_timed_reader(p: usize): i32 {
  return read_section(p, LIMIT_NS);
}

/** A write section unless it takes too long. @returns, Context: as check_ldsem_timed_reader(). */
export function check_ldsem_timed_writer(p: usize): i32 {
  return write_section(p, LIMIT_NS);
}

/**
 * A read section that ends once another reader is inside: nobody may keep that one out for good but a
 * writer without a limit.
 *
 * @param who - 0 or 1
 * @returns 0, or -EIO. Context: sleeps. Ordering: the lock's.
 */
export function check_ldsem_meeter(p: usize, who: u32): i32 {
  ldsem_down_read(check_ldsem_of(p), FOR_EVER);
  complete(met(p, who ^ 1));
  wait_for_completion(met(p, who));
  const result = guarded_read(p);
  ldsem_up_read(check_ldsem_of(p));
  rcu_qs();
  return result;
}

/** A try to read. @returns 0, -EBUSY or -EIO. Context: never sleeps, but may wait for wait_lock. */
export function check_ldsem_try_reader(p: usize): i32 {
  let result = -EBUSY;
  if (ldsem_down_read_trylock(check_ldsem_of(p))) {
    result = guarded_read(p);
    ldsem_up_read(check_ldsem_of(p));
  }
  rcu_qs();
  return result;
}

/** A try to write. @returns, Context: as check_ldsem_try_reader(). */
export function check_ldsem_try_writer(p: usize): i32 {
  let result = -EBUSY;
  if (ldsem_down_write_trylock(check_ldsem_of(p))) {
    result = guarded_write(p);
    ldsem_up_write(check_ldsem_of(p));
  }
  rcu_qs();
  return result;
}

/** No update is lost, the lock is free. @returns 0, or -EIO. Context: runs alone, at the end. */
export function check_ldsem_end(p: usize): i32 {
  const sem = p + SIZEOF_GUARDED;
  let result = guarded_end(p);
  result |= guarded_lock_is_free(sem + OFFSETOF_LD_SEMAPHORE_COUNT);
  result |= guarded_lock_is_free(sem + OFFSETOF_LD_SEMAPHORE_WAIT_LOCK);
  result |= guarded_lock_is_free(sem + OFFSETOF_LD_SEMAPHORE_WAIT_READERS);
  result |= guarded_lock_is_free(sem + OFFSETOF_LD_SEMAPHORE_READ_FIRST);
  result |= guarded_lock_is_free(sem + OFFSETOF_LD_SEMAPHORE_WRITE_FIRST);
  kfree(p);
  return result;
}
