// SPDX-License-Identifier: GPL-2.0-only
/**
 * The modelled device: registers in memory, behind accessors that let time pass for it.
 *
 * Source:  CXL 2.0 specification, 8.2.8.4 (mailbox registers). What each command does:
 *          device_cmds.ts.
 *
 * State:   one object for each device
 *            cxl_hw          the knobs, and what the device remembers between two accesses
 *            memdev block    16 bytes
 *            mailbox block   32 bytes of registers, then the payload
 *          CTRL.doorbell: set by the driver's write, cleared by the device when a command is done.
 *
 * Rules:   D1  A command starts when the doorbell is rung and is done `service_ns` later; its result
 *              is in CMD.length, STATUS and the payload before the doorbell reads clear.
 *          D2  With service_ns 0 and no fault it is done before the write of the doorbell returns,
 *              and nothing asks for the time.
 *          D3  A device acts only when it is accessed: nothing runs behind the driver's back.
 *          D4  Knobs may be set at any time by anybody; a new service time counts from the next
 *              command on, `stuck` at once.
 *          D5  With a table of service times each command takes one that is drawn from it, by the
 *              generator of the CPU that rings; with service_ns 0 none does (D2).
 *
 * Ordering: the registers are ordered by the mutex of the mailbox; knobs are read with READ_ONCE.
 * Cost:    a register access is a plain access and two tests.
 * Not modelled: background commands, interrupts, a second mailbox, PCI config space, DMA.
 */
import {
  READ_ONCE,
  READ_ONCE64,
  smp_store_release,
  smp_store_release64,
  WRITE_ONCE,
} from "../../arch/wasm/atomic";
import { ktime_get } from "../../arch/wasm/clock";
import { prandom_below } from "../../lib/random";
import { kfree, kzalloc, SLAB_MISC } from "../../mm/slab";
import {
  CXLDEV_MBOX_CAPS_OFFSET,
  CXLDEV_MBOX_CTRL_DOORBELL,
  CXLDEV_MBOX_CTRL_OFFSET,
  CXLDEV_MBOX_PAYLOAD_OFFSET,
  CXLMDEV_MBOX_IF_READY,
  CXLMDEV_MS_READY,
} from "./cxl";
import { CXL_MAX_PAYLOAD, CXL_MIN_PAYLOAD } from "./cxlmem";
import { cxl_hw_execute } from "./device_cmds";
import { CXL_HW_CEL_ALL, CXL_HW_LOGS_ALL, CXL_HW_NO_LENGTH, cxl_hw } from "./device_state";

/** The doorbell works. */
export const CXL_HW_STUCK_NONE: u32 = 0;
/** It reads as set whatever happens. */
export const CXL_HW_STUCK_BUSY: u32 = 1;
/** A command that is rung is not done until the knob is set back. */
export const CXL_HW_STUCK_ON_RING: u32 = 2;
/** It reads clear and set in turns: free for whoever waits for it, busy for who then looks again. */
export const CXL_HW_STUCK_TOGGLE: u32 = 3;

/** Time left of a command that will not end by itself. */
export const CXL_HW_NEVER: u64 = u64.MAX_VALUE;

const MEMDEV: usize = offsetof<cxl_hw>();
const MBOX: usize = MEMDEV + 16;

/**
 * Makes a device with a payload of 1 << payload_log2 bytes that answers at once.
 *
 * @param payload_log2 - what CAPS says; under 8 is invalid and over 20 is more than a driver uses,
 *                       and both are there to be tried
 * @returns its address, 0 without memory
 * Context: never sleeps. Ordering: none; not published yet.
 */
export function cxl_hw_create(payload_log2: u32): usize {
  let payload: u32 = payload_log2 < 20 ? 1 << payload_log2 : CXL_MAX_PAYLOAD;
  if (payload < CXL_MIN_PAYLOAD) payload = CXL_MIN_PAYLOAD;
  const p = kzalloc(<u32>MBOX + CXLDEV_MBOX_PAYLOAD_OFFSET + payload, SLAB_MISC);
  if (p === 0) return 0;
  const hw = changetype<cxl_hw>(p);
  hw.payload_size = payload;
  hw.cel = CXL_HW_CEL_ALL;
  hw.logs = CXL_HW_LOGS_ALL;
  hw.force_length = CXL_HW_NO_LENGTH;
  hw.memdev_status = CXLMDEV_MS_READY | CXLMDEV_MBOX_IF_READY;
  store<u32>(p + MBOX + CXLDEV_MBOX_CAPS_OFFSET, payload_log2); // plain: not published yet
  return p;
}

/** Context: nobody accesses the device any more. Ordering: none. */
export function cxl_hw_destroy(hw: usize): void {
  kfree(hw);
}

export function cxl_hw_mbox_regs(hw: usize): usize {
  return hw + MBOX;
}

export function cxl_hw_memdev_regs(hw: usize): usize {
  return hw + MEMDEV;
}

/** Sets how long a command takes, ns. Context: any. Ordering: release. */
export function cxl_hw_set_service_ns(hw: usize, ns: u64): void {
  smp_store_release64(hw + offsetof<cxl_hw>("service_ns"), ns);
}

/**
 * Sets the times that commands take, of which each draws one (D5).
 *
 * @param services - u64 each, ns; they stay while the device does
 * @param n - how many; 0: each command takes service_ns again
 * Context: any; before service_ns is set to other than 0. Ordering: release.
 */
export function cxl_hw_set_services(hw: usize, services: usize, n: u32): void {
  changetype<cxl_hw>(hw).services = <u32>services; // plain: published by the store of their number
  smp_store_release(hw + offsetof<cxl_hw>("nr_services"), n);
}

/** The next command's time. */
function service_time(hw: usize): u64 {
  const ns = READ_ONCE64(hw + offsetof<cxl_hw>("service_ns"));
  if (ns === 0) return 0;
  const n = READ_ONCE(hw + offsetof<cxl_hw>("nr_services"));
  if (n === 0) return ns;
  return load<u64>(<usize>changetype<cxl_hw>(hw).services + <usize>(prandom_below(n) << 3)); // plain: constant
}

function stuck_of(hw: usize): u32 {
  return READ_ONCE(hw + offsetof<cxl_hw>("stuck"));
}

/** The doorbell of a device that is busy or broken: lets it finish if its time has come (D1). */
function step_slowpath(hw: usize, stuck: u32): u32 {
  const ctrl = hw + MBOX + CXLDEV_MBOX_CTRL_OFFSET;
  if (stuck === CXL_HW_STUCK_BUSY) return CXLDEV_MBOX_CTRL_DOORBELL;
  let value = load<u32>(ctrl); // plain: under the mailbox mutex
  if (value !== 0 && stuck !== CXL_HW_STUCK_ON_RING && ktime_get() >= changetype<cxl_hw>(hw).due) {
    cxl_hw_execute(hw, hw + MBOX);
    value = 0;
    store<u32>(ctrl, 0); // plain: under the mailbox mutex
  }
  if (stuck === CXL_HW_STUCK_TOGGLE) return changetype<cxl_hw>(hw).toggle++ & 1;
  return value;
}

/** Reads CTRL: bit 0 is the doorbell. Context: the mailbox mutex is held. Ordering: none. */
export function readl_mbox_ctrl(regs: usize): u32 {
  const hw = regs - MBOX;
  const stuck = stuck_of(hw);
  const value = load<u32>(regs + CXLDEV_MBOX_CTRL_OFFSET); // plain: under the mailbox mutex
  if ((value | stuck) === 0) return 0;
  return step_slowpath(hw, stuck);
}

/** Rings the doorbell (D1, D2). Context: the mailbox mutex is held. Ordering: none. */
export function writel_mbox_doorbell(regs: usize): void {
  const hw = regs - MBOX;
  const service = service_time(hw);
  if (service === 0 && stuck_of(hw) !== CXL_HW_STUCK_ON_RING) {
    cxl_hw_execute(hw, regs);
    return;
  }
  const due = ktime_get() + service;
  changetype<cxl_hw>(hw).due = due < service ? CXL_HW_NEVER : due; // plain: as above
  store<u32>(regs + CXLDEV_MBOX_CTRL_OFFSET, CXLDEV_MBOX_CTRL_DOORBELL); // plain: as above
}

/** How long the device will be busy yet, ns: what a driver cannot know, see mbox.ts. */
export function cxl_hw_time_left(regs: usize): u64 {
  const hw = regs - MBOX;
  if (stuck_of(hw) !== CXL_HW_STUCK_NONE) return CXL_HW_NEVER;
  const due = changetype<cxl_hw>(hw).due;
  const now = ktime_get();
  return now >= due ? 0 : due - now;
}

// Registers without a side effect. plain, all of them: under the mailbox mutex, or while probing.

export function readl_mbox(regs: usize, reg: u32): u32 {
  return load<u32>(regs + reg);
}

export function readq_mbox(regs: usize, reg: u32): u64 {
  return load<u64>(regs + reg);
}

export function writeq_mbox(regs: usize, reg: u32, value: u64): void {
  store<u64>(regs + reg, value);
}

/** The memdev status register: what the knob says at this moment. */
export function readq_memdev_status(regs: usize): u64 {
  return READ_ONCE64(regs - MEMDEV + offsetof<cxl_hw>("memdev_status"));
}

export function memcpy_toio_payload(regs: usize, from: usize, n: u32): void {
  memory.copy(regs + CXLDEV_MBOX_PAYLOAD_OFFSET, from, n);
}

export function memcpy_fromio_payload(to: usize, regs: usize, n: u32): void {
  memory.copy(to, regs + CXLDEV_MBOX_PAYLOAD_OFFSET, n);
}

/** Sets the knob `stuck`. Context: any. Ordering: none. */
export function cxl_hw_set_stuck(hw: usize, stuck: u32): void {
  WRITE_ONCE(hw + offsetof<cxl_hw>("stuck"), stuck);
}
