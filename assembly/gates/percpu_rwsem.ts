// SPDX-License-Identifier: GPL-2.0-only
/**
 * percpu_rwsem — a percpu_rw_semaphore in each device; entrants sleep.
 *
 * Source:  kernel/locking/percpu-rwsem.c (v6.12), embedded in the device as the rwsem might be.
 *
 * State:   a struct percpu_rw_semaphore in the device, a count on each CPU.
 * Cost:    enter and exit each load the state of rss and add to the CPU's own count: no shared line is
 *          written. An allocation at init.
 * Trade:   what percpu_ref saves, and costs at removal, with the manners of the rwsem: who comes meanwhile
 *          sleeps. destroy() sleeps while the grace period that gives the fast path back is under way.
 * Removal: a grace period, idle or not, then sleeps until the counts add up to 0: for this device's entries
 *          alone. Every exit meanwhile wakes it. Who comes sleeps until it is over, and finds the pointer 0.
 *
 * Ordering: kernel/locking/percpu-rwsem.ts, O1 to O3.
 */
import { WRITE_ONCE } from "../arch/wasm/atomic";
import {
  PERCPU_RWSEM_COUNT_BYTES,
  percpu_down_read_slowpath,
  percpu_down_write,
  percpu_free_rwsem,
  percpu_init_rwsem,
  percpu_rw_semaphore,
  percpu_rwsem_is_fast,
  percpu_rwsem_state,
  percpu_rwsem_this_cpu_add,
  percpu_up_read_slowpath,
  percpu_up_write,
  SIZEOF_PERCPU_RW_SEMAPHORE,
} from "../kernel/locking/percpu-rwsem";
import { ADMITS_MANY, BODY_MAY_SLEEP, BYTES_EMBEDDED, BYTES_PER_CPU, ENTRANTS_BLOCK } from "./gate";

function sem(gate: percpu_rwsem_gate): percpu_rw_semaphore {
  return changetype<percpu_rw_semaphore>(gate);
}

@unmanaged
@final
export class percpu_rwsem_gate {
  bytes(where: u32): u32 {
    if (where === BYTES_EMBEDDED) return SIZEOF_PERCPU_RW_SEMAPHORE;
    return where === BYTES_PER_CPU ? PERCPU_RWSEM_COUNT_BYTES : 0;
  }

  entrants(): u32 {
    return ENTRANTS_BLOCK;
  }

  body(): u32 {
    return BODY_MAY_SLEEP;
  }

  admits(): u32 {
    return ADMITS_MANY;
  }

  init(): i32 {
    return percpu_init_rwsem(sem(this));
  }

  @inline
  enter_fast(): u32 {
    return percpu_rwsem_state(sem(this));
  }

  @inline
  enter_ok(state: u32): bool {
    return percpu_rwsem_is_fast(state);
  }

  @inline
  entered(_state: u32): void {
    percpu_rwsem_this_cpu_add(sem(this), 1);
  }

  enter_slowpath(_state: u32): u32 {
    percpu_down_read_slowpath(sem(this));
    return 0;
  }

  @inline
  exit_fast(_cookie: u32): u32 {
    return percpu_rwsem_state(sem(this));
  }

  @inline
  exit_ok(state: u32): bool {
    return percpu_rwsem_is_fast(state);
  }

  @inline
  exited(_state: u32): void {
    percpu_rwsem_this_cpu_add(sem(this), -1);
  }

  exit_slowpath(_state: u32): void {
    percpu_up_read_slowpath(sem(this));
  }

  kill(slot: usize): void {
    percpu_down_write(sem(this));
    WRITE_ONCE(slot, 0); // O2: ordered by the semaphore
    percpu_up_write(sem(this));
  }

  destroy(): void {
    percpu_free_rwsem(sem(this));
  }
}
