// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a storm is told, and the devices it is about: records that the host lays out by the
 * OFFSETOF_STORM_* exports and zeroes before each storm.
 */
import { READ_ONCE, smp_store_release } from "../arch/wasm/atomic";
import { should_stop } from "./rendezvous";

@unmanaged
@final
export class storm_job {
  /** Driver id: (revision << 8) | gate. */
  driver: u32;
  ncpus: u32;
  /** CPUs [0, removers) are removers, the others clients. 1 to ndevices. */
  removers: u32;
  ndevices: u32;
  duration_ns: u64;
  /** Longest wait at the start; at the end, beyond duration_ns. */
  deadline_ns: u64;
  /** Address of ndevices storm_slots. */
  slots: u32;
  /** Address of STORM_MEETINGS counters, 64 bytes apart. */
  meetings: u32;
  seed: u32;
  /** Bit mask of FAULT_* sites, and their rate in 65536ths. */
  fault_mask: u32;
  fault_rate: u32;
  /** Mean number of ioctls on one open file: 1 to 2 * mean - 1. At least 1. */
  ioctls_per_open: u32;
  /** Mailbox service time of each device, ns. */
  service_ns: u64;
  /** All rest for stutter_ns after each stutter_ns of work; 0: never. */
  stutter_ns: u64;
  /** The longest random delay between a client's operations, ns; 0: none. */
  delay_ns: u32;
  /** Mean pause of a remover between its operations, ns. */
  pause_ns: u32;
  /** How long some of the devices dawdle between going live and being added, ns; a few ten times that. */
  live_window_ns: u32;
}

/** A device of the storm. Written by the one remover that owns the slot. */
@unmanaged
@final
export class storm_slot {
  /** Odd while the device is there. */
  generation: u32;
  minor: u32;
  pdev: u32;
  /** The generation whose removal has begun. */
  leaving: u32;
  /** 1 while a device that is being added dawdles: an invitation. */
  dawdles: u32;
  /** Keeps slots on lines of their own. */
  rsvd1: u32;
  rsvd2: u64;
  rsvd3: u64;
  rsvd4: u64;
  rsvd5: u64;
  rsvd6: u64;
}

/** Meetings of a storm: its start, its end, and a word that is not 0 once its time is up. */
export const STORM_START: u32 = 0;
export const STORM_END: u32 = 1;
const STORM_OVER: u32 = 2;
export const STORM_MEETINGS: u32 = 3;

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
export const OFFSETOF_STORM_JOB_STUTTER_NS: u32 = offsetof<storm_job>("stutter_ns");
export const OFFSETOF_STORM_JOB_DELAY_NS: u32 = offsetof<storm_job>("delay_ns");
export const OFFSETOF_STORM_JOB_PAUSE_NS: u32 = offsetof<storm_job>("pause_ns");
export const OFFSETOF_STORM_JOB_LIVE_WINDOW_NS: u32 = offsetof<storm_job>("live_window_ns");
export const OFFSETOF_STORM_SLOT_GENERATION: u32 = offsetof<storm_slot>("generation");
export const OFFSETOF_STORM_SLOT_MINOR: u32 = offsetof<storm_slot>("minor");
export const OFFSETOF_STORM_SLOT_PDEV: u32 = offsetof<storm_slot>("pdev");
export const OFFSETOF_STORM_SLOT_LEAVING: u32 = offsetof<storm_slot>("leaving");

/** True when a storm can be made of the job. Context: any. */
export function storm_job_is_sound(job: storm_job): bool {
  if (job.removers === 0 || job.removers > job.ncpus) return false;
  return job.removers <= job.ndevices && job.ioctls_per_open !== 0;
}

export function storm_slot_of(job: storm_job, n: u32): storm_slot {
  return changetype<storm_slot>(<usize>job.slots + <usize>n * offsetof<storm_slot>());
}

/** Addresses of a slot's words that more than its owner reads. */
export function slot_generation(slot: storm_slot): usize {
  return changetype<usize>(slot);
}

export function slot_minor(slot: storm_slot): usize {
  return changetype<usize>(slot) + offsetof<storm_slot>("minor");
}

export function slot_leaving(slot: storm_slot): usize {
  return changetype<usize>(slot) + offsetof<storm_slot>("leaving");
}

export function slot_dawdles(slot: storm_slot): usize {
  return changetype<usize>(slot) + offsetof<storm_slot>("dawdles");
}

export function storm_meeting(job: storm_job, n: u32): usize {
  return <usize>job.meetings + <usize>(n << 6);
}

/** Says that the time is up. Context: any. Ordering: release. */
export function storm_end(job: storm_job): void {
  smp_store_release(storm_meeting(job, STORM_OVER), 1);
}

/** True once the time is up, or the host wants an end. Context: any. Ordering: acquire. */
export function storm_is_over(job: storm_job): bool {
  return READ_ONCE(storm_meeting(job, STORM_OVER)) !== 0 || should_stop();
}
