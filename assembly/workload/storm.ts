// SPDX-License-Identifier: GPL-2.0-only
/**
 * The removal storm: clients open, ioctl and close while removers unplug and replug the devices.
 *
 * Source:  kernel/locking/locktorture.c and kernel/rcu/rcutorture.c for stutter, random delays and
 *          seeds; the parts that are particular to device removal are new.
 *
 * A slot is one device: its parent, and the minor that the driver got for it. Each remover owns the
 * slots whose number is its own modulo the removers; clients use all of them.
 *
 * What a driver must keep is checked here as it goes: T1, T2 and T4. mm/slab.ts, the sanitizer and
 * __cxl_memdev_ioctl() check the rest.
 *
 * Rules:   T1  An ioctl that starts after the removal of its device returned fails with -ENXIO.
 *          T2  An ioctl on an open file says 0 or an errno that it is documented to say.
 *          T3  Nobody stands still: task.progress counts each operation, and the host watches it.
 *          T4  An ioctl that ended before the removal of its device began did not fail with -ENXIO.
 *          T5  When the time is up, or the host says stop, everybody leaves after the operation in
 *              hand; then all devices are removed, and no callback is left.
 *
 * slot.generation is odd while the device is there. A file opened between two equal odd readings
 * belongs to that generation: its minor was not given out again meanwhile.
 */
import { READ_ONCE, smp_load_acquire, smp_store_release, WRITE_ONCE } from "../arch/wasm/atomic";
import { LEVEL_VIOLATION, printk } from "../arch/wasm/bug";
import { ktime_get } from "../arch/wasm/clock";
import { EINVAL, ENXIO } from "../arch/wasm/errno";
import { count_event, EV_IOCTL_ENXIO, EV_VIOLATION } from "../arch/wasm/events";
import { smp_processor_id } from "../arch/wasm/percpu";
import { cxl_plug, cxl_plugged_minor, cxl_unplug } from "../drivers/cxl/hotplug";
import { dispatch_driver, driver_exists } from "../drivers/cxl/memdev/table";
import { CDEV_LIVE_WINDOW } from "../fs/char_dev";
import { filp_open, fput } from "../fs/file_table";
import { rcu_barrier, rcu_qs, rcu_user_enter } from "../kernel/rcu/tree";
import {
  current,
  schedule_timeout,
  set_current_state,
  set_wait,
  TASK_SLEEPING,
  WAIT_STUTTER,
} from "../kernel/sched/core";
import { fault_setup } from "../lib/fault-inject";
import { prandom_below, prandom_seed, prandom_u32 } from "../lib/random";
import { rendezvous } from "./rendezvous";
import {
  STORM_END,
  STORM_START,
  slot_dawdles,
  slot_generation,
  slot_leaving,
  slot_minor,
  storm_end,
  storm_is_over,
  storm_job,
  storm_job_is_sound,
  storm_meeting,
  storm_slot,
  storm_slot_of,
} from "./storm_job";
import { storm_errno_documented, storm_ioctl } from "./storm_mix";

export * from "./storm_job";

/** (file, what the ioctl returned) Breaches of T1, T2 and T4. */
export const VIOLATION_IOCTL_AFTER_REMOVAL: u32 = 600;
export const VIOLATION_UNDOCUMENTED_ERRNO: u32 = 601;
export const VIOLATION_ENXIO_BEFORE_REMOVAL: u32 = 602;

const VISITS_A_CLOCK: u32 = 8; // opens between two looks at the time
const ABSENT_ONE_IN: u32 = 4; // of the visits to an absent device, how many try to open it
const DAWDLE_ONE_IN: u32 = 4; // of the devices that are added, how many dawdle when they are live
const DAWDLE_LONG_ONE_IN: u32 = 16; // of those, how many do so ten times as long
const BEYOND_MOST: u32 = 8; // ioctls on a device that is gone, before the file is closed
const LINGER_ONE_IN: u32 = 8; // of the files of a device that is gone, how many are closed late
const LINGER_NS: u32 = 20_000;
const SLICE_NS: u64 = 5_000_000; // how late a sleeper may notice the end
const SPIN_NS: u64 = 50_000; // a timed sleep takes as long as that anyway

function violation(code: u32, file: usize, rc: i32): void {
  printk(LEVEL_VIOLATION, code, <u32>file, rc);
  count_event(EV_VIOLATION);
}

/** T3. */
function progress(): void {
  current().progress++; // plain: the task's own; the host looks whether it moves
}

/** Sleeps until `end` or the storm's, in slices. */
function rest_until(job: storm_job, end: u64): void {
  for (let now = ktime_get(); now < end && !storm_is_over(job); now = ktime_get()) {
    set_wait(WAIT_STUTTER, 0);
    set_current_state(TASK_SLEEPING);
    schedule_timeout(<i64>min<u64>(end - now, SLICE_NS));
    progress(); // T3
  }
}

/** A random delay up to ns: short ones spin, one in 64 of the others sleeps, as do all long ones. */
function random_delay(job: storm_job, ns: u32): void {
  if (ns === 0) return;
  const d = <u64>prandom_below(ns);
  const end = ktime_get() + d;
  if (d > SLICE_NS || (d > SPIN_NS && (prandom_u32() & 63) === 0)) rest_until(job, end);
  while (ktime_get() < end && !storm_is_over(job)) rcu_qs();
}

/** Rests in every other stretch of stutter_ns. */
function stutter(job: storm_job, start: u64): void {
  if (job.stutter_ns === 0) return;
  const stretch = (ktime_get() - start) / job.stutter_ns;
  if ((stretch & 1) !== 0) rest_until(job, start + (stretch + 1) * job.stutter_ns);
}

/** How long the next device stays live before it is added, ns. */
function draw_live_window(job: storm_job): u32 {
  if (job.live_window_ns === 0 || prandom_below(DAWDLE_ONE_IN) !== 0) return 0;
  return job.live_window_ns * (prandom_below(DAWDLE_LONG_ONE_IN) === 0 ? 10 : 1);
}

/** Brings the device of a slot up; the driver's add may fail, as told by fault injection. */
function plug(job: storm_job, slot: storm_slot): void {
  const window = draw_live_window(job);
  WRITE_ONCE(CDEV_LIVE_WINDOW, window);
  WRITE_ONCE(slot_dawdles(slot), window !== 0 ? 1 : 0);
  const pdev = cxl_plug(job.driver, job.service_ns);
  WRITE_ONCE(slot_dawdles(slot), 0);
  if (pdev === 0) return;
  slot.pdev = <u32>pdev; // plain: the owner's
  WRITE_ONCE(slot_minor(slot), cxl_plugged_minor(pdev));
  smp_store_release(slot_generation(slot), slot.generation + 1);
}

function unplug(slot: storm_slot): void {
  smp_store_release(slot_leaving(slot), slot.generation); // T4: from here on -ENXIO is right
  cxl_unplug(slot.pdev);
  slot.pdev = 0; // plain: the owner's
  smp_store_release(slot_generation(slot), slot.generation + 1); // T1: from here on nothing else is
}

/** Removes and adds the devices of this CPU until the time is up. */
function storm_remover(job: storm_job, cpu: u32): void {
  const mine = (job.ndevices - cpu + job.removers - 1) / job.removers;
  const start = ktime_get();
  fault_setup(job.fault_mask, job.fault_rate, job.seed ^ (cpu + 1));
  while (!storm_is_over(job) && ktime_get() - start < job.duration_ns) {
    stutter(job, start);
    const slot = storm_slot_of(job, cpu + prandom_below(mine) * job.removers);
    if (slot.pdev !== 0) unplug(slot);
    else plug(job, slot);
    rcu_user_enter();
    progress();
    random_delay(job, job.pause_ns * 2);
  }
  storm_end(job);
  fault_setup(0, 0, 0);
}

@unmanaged
@final
class client_op {
  /**
   * One ioctl on an open file.
   *
   * @param generation - the slot's when the file was opened; 0: it could be anybody's device
   * @returns false once the device is gone
   */
  use<D extends Driver>(d: D, file: usize, slot: storm_slot, generation: u32): bool {
    const known = (generation & 1) !== 0;
    const gone = known && smp_load_acquire(slot_generation(slot)) !== generation;
    const rc = storm_ioctl<D>(d, file);
    if (rc === -ENXIO) {
      count_event(EV_IOCTL_ENXIO);
      const left = smp_load_acquire(slot_leaving(slot)); // the newest generation that left, or leaves
      const early = known && <i32>(left - generation) < 0;
      if (early) violation(VIOLATION_ENXIO_BEFORE_REMOVAL, file, rc); // T4
      return false;
    }
    if (gone) {
      violation(VIOLATION_IOCTL_AFTER_REMOVAL, file, rc); // T1
      return false;
    }
    if (!storm_errno_documented(rc)) violation(VIOLATION_UNDOCUMENTED_ERRNO, file, rc); // T2
    return true;
  }

  /** Opens a device of the slot, uses it, closes it. */
  visit<D extends Driver>(job: storm_job, d: D, slot: storm_slot): void {
    const generation = smp_load_acquire(slot_generation(slot));
    const there = (generation & 1) !== 0 || READ_ONCE(slot_dawdles(slot)) !== 0;
    if (!there && prandom_below(ABSENT_ONE_IN) !== 0) return;
    const minor = READ_ONCE(slot_minor(slot));
    const file = filp_open(minor);
    if (<isize>file <= 0) {
      rcu_user_enter();
      return;
    }
    const same = smp_load_acquire(slot_generation(slot)) === generation;
    let left = 1 + prandom_below(2 * job.ioctls_per_open - 1);
    let beyond = 1 + prandom_below(BEYOND_MOST);
    while (left !== 0 && beyond !== 0 && !storm_is_over(job)) {
      left--;
      if (!this.use<D>(d, file, slot, same ? generation : 0)) beyond--;
      rcu_qs();
      progress();
      random_delay(job, job.delay_ns);
    }
    if (beyond === 0 && prandom_below(LINGER_ONE_IN) === 0) random_delay(job, LINGER_NS);
    fput(file);
    rcu_user_enter();
  }

  run<D extends Driver>(): i32 {
    const job = changetype<storm_job>(this);
    const start = ktime_get();
    while (!storm_is_over(job)) {
      stutter(job, start);
      for (let visits: u32 = 0; visits < VISITS_A_CLOCK; visits++) {
        this.visit<D>(job, changetype<D>(0), storm_slot_of(job, prandom_below(job.ndevices)));
        rcu_qs();
      }
      progress(); // T3: also when all devices are away
    }
    return 0;
  }
}

/** T5: the end of a remover's part. */
function unplug_all(job: storm_job, cpu: u32): void {
  for (let n = cpu; n < job.ndevices; n += job.removers) {
    const slot = storm_slot_of(job, n);
    if (slot.pdev !== 0) unplug(slot);
  }
}

/**
 * One CPU's part of a storm. All devices are plugged before it and unplugged after it, without faults.
 *
 * @returns 0; -EINVAL for an unknown driver or a job that makes no sense; -ETIMEDOUT when the CPUs did
 *          not meet: then devices may be left
 * Context: an online CPU; sleeps.
 */
export function storm(p: usize): i32 {
  const job = changetype<storm_job>(p);
  const cpu = smp_processor_id();
  if (!driver_exists(job.driver) || !storm_job_is_sound(job)) return -EINVAL;
  prandom_seed(job.seed ^ (cpu * 0x9e3779b1));
  const remover = cpu < job.removers;
  if (remover) {
    for (let n = cpu; n < job.ndevices; n += job.removers) plug(job, storm_slot_of(job, n));
  }
  let rc = rendezvous(storm_meeting(job, STORM_START), job.ncpus, job.deadline_ns);
  if (rc < 0) return rc;
  if (remover) storm_remover(job, cpu);
  else dispatch_driver<client_op>(job.driver, changetype<client_op>(p));
  const longest = job.deadline_ns + job.duration_ns;
  rc = rendezvous(storm_meeting(job, STORM_END), job.ncpus, longest);
  if (rc < 0) return rc;
  if (remover) unplug_all(job, cpu);
  WRITE_ONCE(CDEV_LIVE_WINDOW, 0);
  rcu_barrier();
  return 0;
}
