// SPDX-License-Identifier: GPL-2.0-only
/**
 * The removal storm: clients open, ioctl and close while removers unplug and replug the devices.
 *
 * Source:  kernel/locking/locktorture.c and kernel/rcu/rcutorture.c for stutter, random delays and
 *          seeds; the parts that are particular to device removal are new.
 *
 * A slot is one device: its parent, and the minor that the driver got for it. Each remover owns the
 * slots whose number is its own modulo the removers; clients use all of them. CPUs [0, removers) are
 * removers, the others clients.
 *
 * Checked here, as it goes (mm/slab.ts, the sanitizer and __cxl_memdev_ioctl() check the rest):
 *
 *   T1  An ioctl that starts after the removal of its device returned fails with -ENXIO.
 *   T2  An ioctl on an open file says 0 or an errno that it is documented to say.
 *   T3  Nobody stands still: task.progress counts each operation, and the host watches it.
 *
 * slot.generation is odd while the device is there. A file opened between two equal odd readings
 * belongs to that generation: its minor was not given out again meanwhile.
 */
import { READ_ONCE, smp_load_acquire, smp_store_release, WRITE_ONCE } from "../arch/wasm/atomic";
import { LEVEL_VIOLATION, printk } from "../arch/wasm/bug";
import { ktime_get } from "../arch/wasm/clock";
import { ENXIO } from "../arch/wasm/errno";
import { count_event, EV_VIOLATION } from "../arch/wasm/events";
import { smp_processor_id } from "../arch/wasm/percpu";
import { cxl_plug, cxl_plugged_minor, cxl_unplug } from "../drivers/cxl/hotplug";
import { dispatch_driver } from "../drivers/cxl/memdev/table";
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
import { rendezvous, should_stop } from "./rendezvous";
import { storm_errno_documented, storm_ioctl } from "./storm_mix";

export const VIOLATION_IOCTL_AFTER_REMOVAL: u32 = 600;
export const VIOLATION_UNDOCUMENTED_ERRNO: u32 = 601;

@unmanaged
@final
export class storm_job {
  /** Driver id: (revision << 8) | gate. */
  driver: u32;
  ncpus: u32;
  removers: u32;
  ndevices: u32;
  duration_ns: u64;
  deadline_ns: u64;
  /** Address of ndevices storm_slots. */
  slots: u32;
  /** Address of STORM_MEETINGS counters, 64 bytes apart, zeroed by the host. */
  meetings: u32;
  seed: u32;
  /** Bit mask of FAULT_* sites, and their rate in 65536ths. */
  fault_mask: u32;
  fault_rate: u32;
  /** ioctls on one open file: 1 to 2 * mean - 1. */
  ioctls_per_open: u32;
  /** Mailbox service time of each device, ns. */
  service_ns: u64;
  /** The longest random delay between operations, ns; 0: none. */
  delay_ns: u32;
  /** Clients rest for stutter_ns after each stutter_ns of work; 0: never. */
  stutter_ns: u32;
  /** How long a char device dawdles between being live and being added, ns: see CDEV_LIVE_WINDOW. */
  live_window_ns: u32;
  /** Pause of a remover between its operations: 0 to 2 * mean, ns. */
  pause_ns: u32;
}

@unmanaged
@final
export class storm_slot {
  generation: u32;
  minor: u32;
  pdev: u32;
  /** Keeps slots on lines of their own. */
  rsvd0: u32;
  rsvd1: u64;
  rsvd2: u64;
  rsvd3: u64;
  rsvd4: u64;
  rsvd5: u64;
  rsvd6: u64;
}

export const STORM_MEETINGS: u32 = 4;
export const SIZEOF_STORM_SLOT: u32 = offsetof<storm_slot>();
export const SIZEOF_STORM_JOB: u32 = offsetof<storm_job>();
export const OFFSETOF_STORM_JOB_DRIVER: u32 = offsetof<storm_job>("driver");
export const OFFSETOF_STORM_JOB_NCPUS: u32 = offsetof<storm_job>("ncpus");
export const OFFSETOF_STORM_JOB_REMOVERS: u32 = offsetof<storm_job>("removers");
export const OFFSETOF_STORM_JOB_NDEVICES: u32 = offsetof<storm_job>("ndevices");
export const OFFSETOF_STORM_JOB_DURATION_NS: u32 = offsetof<storm_job>("duration_ns");
export const OFFSETOF_STORM_JOB_DEADLINE_NS: u32 = offsetof<storm_job>("deadline_ns");
export const OFFSETOF_STORM_JOB_SLOTS: u32 = offsetof<storm_job>("slots");
export const OFFSETOF_STORM_JOB_MEETINGS: u32 = offsetof<storm_job>("meetings");
export const OFFSETOF_STORM_JOB_SEED: u32 = offsetof<storm_job>("seed");
export const OFFSETOF_STORM_JOB_FAULT_MASK: u32 = offsetof<storm_job>("fault_mask");
export const OFFSETOF_STORM_JOB_FAULT_RATE: u32 = offsetof<storm_job>("fault_rate");
export const OFFSETOF_STORM_JOB_IOCTLS_PER_OPEN: u32 = offsetof<storm_job>("ioctls_per_open");
export const OFFSETOF_STORM_JOB_SERVICE_NS: u32 = offsetof<storm_job>("service_ns");
export const OFFSETOF_STORM_JOB_DELAY_NS: u32 = offsetof<storm_job>("delay_ns");
export const OFFSETOF_STORM_JOB_STUTTER_NS: u32 = offsetof<storm_job>("stutter_ns");
export const OFFSETOF_STORM_JOB_LIVE_WINDOW_NS: u32 = offsetof<storm_job>("live_window_ns");
export const OFFSETOF_STORM_JOB_PAUSE_NS: u32 = offsetof<storm_job>("pause_ns");

const VISITS_A_CLOCK: u32 = 8; // opens between two readings of the clock
const ABSENT_ONE_IN: u32 = 16; // of the visits to an absent device, how many try to open it

function slot_of(job: storm_job, n: u32): storm_slot {
  return changetype<storm_slot>(<usize>job.slots + <usize>n * offsetof<storm_slot>());
}

function meeting(job: storm_job, n: u32): usize {
  return <usize>job.meetings + <usize>(n << 6);
}

function violation(code: u32, a: u32, b: u32): void {
  printk(LEVEL_VIOLATION, code, a, b);
  count_event(EV_VIOLATION);
}

function doze(ns: u64): void {
  set_wait(WAIT_STUTTER, 0);
  set_current_state(TASK_SLEEPING);
  schedule_timeout(<i64>ns);
}

/** A random delay up to ns: short ones spin, one in 64 sleeps. */
function random_delay(ns: u32): void {
  if (ns === 0) return;
  const d = <u64>prandom_below(ns);
  if (d > 50_000 && (prandom_u32() & 63) === 0) {
    doze(d);
    return;
  }
  const end = ktime_get() + d;
  while (ktime_get() < end) rcu_qs();
}

/** Brings the device of a slot up; the driver's add may fail, as told by fault injection. */
function plug(job: storm_job, slot: storm_slot): void {
  const pdev = cxl_plug(job.driver, job.service_ns);
  if (pdev === 0) return;
  slot.pdev = <u32>pdev;
  WRITE_ONCE(changetype<usize>(slot) + offsetof<storm_slot>("minor"), cxl_plugged_minor(pdev));
  smp_store_release(changetype<usize>(slot), slot.generation + 1);
}

function unplug(slot: storm_slot): void {
  cxl_unplug(slot.pdev);
  slot.pdev = 0;
  smp_store_release(changetype<usize>(slot), slot.generation + 1); // T1: from here on -ENXIO
}

/** Removes and adds the devices of this CPU until the time is up; then removes them all. */
function storm_remover(job: storm_job, cpu: u32): void {
  const mine = (job.ndevices - cpu + job.removers - 1) / job.removers;
  const end = ktime_get() + job.duration_ns;
  fault_setup(job.fault_mask, job.fault_rate, job.seed ^ (cpu + 1));
  WRITE_ONCE(CDEV_LIVE_WINDOW, job.live_window_ns);
  while (ktime_get() < end && !should_stop()) {
    const slot = slot_of(job, cpu + prandom_below(mine) * job.removers);
    if (slot.pdev !== 0) unplug(slot);
    else plug(job, slot);
    rcu_user_enter();
    current().progress++;
    random_delay(job.pause_ns * 2);
  }
  fault_setup(0, 0, 0);
  WRITE_ONCE(CDEV_LIVE_WINDOW, 0);
}

@unmanaged
@final
class client_op {
  /** ioctls on one open file. Returns false once the device is gone. */
  use<D extends Driver>(d: D, file: usize, slot: storm_slot, generation: u32): bool {
    const gone = smp_load_acquire(changetype<usize>(slot)) !== generation;
    const rc = storm_ioctl<D>(d, file);
    if (rc === -ENXIO) return false;
    if (gone && (generation & 1) !== 0) {
      violation(VIOLATION_IOCTL_AFTER_REMOVAL, <u32>file, rc); // T1
      return false;
    }
    if (!storm_errno_documented(rc)) violation(VIOLATION_UNDOCUMENTED_ERRNO, <u32>file, rc); // T2
    return true;
  }

  /** Opens a device of the slot, uses it, closes it. */
  visit<D extends Driver>(job: storm_job, d: D, slot: storm_slot): void {
    const generation = smp_load_acquire(changetype<usize>(slot));
    if ((generation & 1) === 0 && prandom_below(ABSENT_ONE_IN) !== 0) return;
    const minor = READ_ONCE(changetype<usize>(slot) + offsetof<storm_slot>("minor"));
    const file = filp_open(minor);
    if (<isize>file <= 0) {
      rcu_user_enter();
      return;
    }
    const same = smp_load_acquire(changetype<usize>(slot)) === generation;
    const known: u32 = same ? generation : 0; // 0: could be anybody's device
    let left = 1 + prandom_below(2 * job.ioctls_per_open - 1);
    let beyond: u32 = 2; // ioctls on a device that is gone
    while (left !== 0) {
      left--;
      if (!this.use<D>(d, file, slot, known) && --beyond === 0) left = 0;
      rcu_qs();
      current().progress++;
      if (job.delay_ns !== 0) random_delay(job.delay_ns);
    }
    fput(file);
    rcu_user_enter();
  }

  run<D extends Driver>(): i32 {
    const job = changetype<storm_job>(this);
    const d = changetype<D>(0);
    const start = ktime_get();
    for (let now = start; now - start < job.duration_ns && !should_stop(); now = ktime_get()) {
      if (job.stutter_ns !== 0 && (((now - start) / <u64>job.stutter_ns) & 1) !== 0) {
        doze(job.stutter_ns);
        continue;
      }
      for (let visits: u32 = 0; visits < VISITS_A_CLOCK; visits++) {
        this.visit<D>(job, d, slot_of(job, prandom_below(job.ndevices)));
        rcu_qs();
      }
    }
    return 0;
  }
}

/**
 * One CPU's part of a storm. All devices are plugged before it and unplugged after it, without faults.
 *
 * @returns 0; -ETIMEDOUT when the CPUs did not meet; -EINVAL for an unknown driver
 * Context: an online CPU; sleeps.
 */
export function storm(p: usize): i32 {
  const job = changetype<storm_job>(p);
  const cpu = smp_processor_id();
  prandom_seed(job.seed ^ (cpu * 0x9e3779b1));
  const remover = cpu < job.removers;
  if (remover) {
    for (let n = cpu; n < job.ndevices; n += job.removers) plug(job, slot_of(job, n));
  }
  let rc = rendezvous(meeting(job, 0), job.ncpus, job.deadline_ns);
  if (rc < 0) return rc;
  if (remover) storm_remover(job, cpu);
  else rc = dispatch_driver<client_op>(job.driver, changetype<client_op>(p));
  const met = rendezvous(meeting(job, 1), job.ncpus, job.deadline_ns + job.duration_ns);
  if (met < 0) return met;
  if (remover) {
    for (let n = cpu; n < job.ndevices; n += job.removers) {
      if (slot_of(job, n).pdev !== 0) unplug(slot_of(job, n));
    }
  }
  rcu_barrier();
  return rc;
}
