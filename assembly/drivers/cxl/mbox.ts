// SPDX-License-Identifier: GPL-2.0-only
/**
 * The primary mailbox: one command at a time, by a doorbell.
 *
 * Source:  drivers/cxl/mem.c (v5.12): cxl_mem_mbox_get, __cxl_mem_mbox_send_cmd,
 *          cxl_mem_wait_for_doorbell, cxl_mem_mbox_send_cmd; CXL 2.0 specification, 8.2.8.4.
 *
 * State:   cxl_mem.mbox_mutex, and the device's doorbell.
 *
 * Rules:   P1  Whoever touches a mailbox register holds mbox_mutex, taken by mbox_get, which leaves
 *              it free again whenever it fails.
 *          P2  mbox_get: the doorbell must read clear within the limit (-ETIMEDOUT); the interface
 *              and the media must be ready (-EBUSY); a fatal, halted or to-be-reset device is
 *              -EFAULT. In this order.
 *          P3  send: a doorbell that is set again is -EBUSY; input bytes without a buffer are
 *              -EINVAL and a warning; a command that is not done within the limit is -ETIMEDOUT.
 *          P4  An error that the device reports is no errno: send returns 0 with return_code set
 *              and leaves size_out and the output buffer as they were.
 *          P5  Output: min(size_out, payload_size, the device's length) bytes; size_out becomes that.
 *          P6  The kernel's own commands: -E2BIG for more room than a payload, -ENXIO for an error
 *              of the device, -EIO when a command of fixed size came back with another.
 *
 * Ordering: the mutex orders the registers.
 * Cost:    with a device that answers at once: a lock and an unlock, and no call of the clock.
 * Not modelled: the kernel polls the doorbell in a busy loop, for 2 s at most. Here a wait of over
 *          50 us sleeps until the device is due, in slices: a worker that spins for seconds would
 *          take a core from the CPUs that are to be observed. Short waits do spin, reading the clock.
 *          cxl_globals.mbox_wait makes all waits spin, or all sleep.
 *          A body that waits for the mutex of a context that is freed and used again waits for ever,
 *          as in the kernel; the host's hung-task report is what tells of it.
 */
import { READ_ONCE, READ_ONCE64 } from "../../arch/wasm/atomic";
import { WARN_ON } from "../../arch/wasm/bug";
import { ktime_get, NSEC_PER_MSEC, NSEC_PER_SEC, NSEC_PER_USEC } from "../../arch/wasm/clock";
import { E2BIG, EBUSY, EFAULT, EINVAL, EIO, ENXIO, ETIMEDOUT } from "../../arch/wasm/errno";
import { count_event, EV_MBOX_CMD, EV_MBOX_SLEEP } from "../../arch/wasm/events";
import { CXL_STATE } from "../../arch/wasm/memory";
import { mutex_lock, mutex_unlock } from "../../kernel/locking/mutex";
import {
  schedule_timeout,
  set_current_state,
  set_wait,
  TASK_SLEEPING,
  WAIT_MAILBOX,
} from "../../kernel/sched/core";
import { cxl_opcode_of, cxl_size_out_of } from "./cmds";
import {
  CXL_MBOX_SUCCESS,
  CXLDEV_MBOX_CMD_LENGTH_MASK,
  CXLDEV_MBOX_CMD_LENGTH_SHIFT,
  CXLDEV_MBOX_CMD_OFFSET,
  CXLDEV_MBOX_CTRL_DOORBELL,
  CXLDEV_MBOX_STATUS_OFFSET,
  CXLDEV_MBOX_STATUS_RET_MASK,
  CXLDEV_MBOX_STATUS_RET_SHIFT,
  CXLMDEV_DEV_FATAL,
  CXLMDEV_FW_HALT,
  CXLMDEV_MBOX_IF_READY,
  CXLMDEV_MEDIA_STATUS_MASK,
  CXLMDEV_MS_READY,
  CXLMDEV_RESET_NEEDED_MASK,
} from "./cxl";
import {
  CXL_MEM_DEAD,
  cxl_globals,
  cxl_mbox_cmd,
  cxl_mem,
  cxl_mem_gone,
  cxl_mem_mbox_mutex,
  cxl_mem_state,
  cxl_stack_mbox_cmd,
  MBOX_WAIT_SLEEP,
  MBOX_WAIT_SPIN,
} from "./cxlmem";
import {
  cxl_hw_time_left,
  memcpy_fromio_payload,
  memcpy_toio_payload,
  readl_mbox_ctrl,
  readq_mbox,
  readq_memdev_status,
  writel_mbox_doorbell,
  writeq_mbox,
} from "./device_model";

/** A command has input bytes and no buffer for them: a = opcode, b = bytes. */
export const WARN_MBOX_INPUT_WITHOUT_BUFFER: u32 = 501;

export const CXL_MAILBOX_TIMEOUT_NS: u64 = 2 * NSEC_PER_SEC;
const SPIN_NS: u64 = 50 * NSEC_PER_USEC; // a timed sleep takes as long as that anyway
const SLICE_NS: u64 = 10 * NSEC_PER_MSEC; // how late a knob of the device may be noticed

function doorbell_busy(regs: usize): bool {
  return (readl_mbox_ctrl(regs) & CXLDEV_MBOX_CTRL_DOORBELL) !== 0;
}

/** Lets time pass between two looks at the doorbell; `limit` ns at most if it sleeps. */
function mbox_relax(cxlm: cxl_mem, regs: usize, limit: u64): void {
  const busy = cxl_hw_time_left(regs);
  const wait = READ_ONCE(CXL_STATE + offsetof<cxl_globals>("mbox_wait"));
  if (wait === MBOX_WAIT_SPIN || busy === 0) return; // reading the clock was the pause
  if (busy <= SPIN_NS && wait !== MBOX_WAIT_SLEEP) return;
  const sleep = min<u64>(min<u64>(busy, limit), SLICE_NS);
  count_event(EV_MBOX_SLEEP);
  set_wait(WAIT_MAILBOX, changetype<usize>(cxlm));
  set_current_state(TASK_SLEEPING);
  schedule_timeout(<i64>sleep);
}

function wait_for_doorbell_slowpath(cxlm: cxl_mem, regs: usize, state: u32): i32 {
  const knob = READ_ONCE64(CXL_STATE + offsetof<cxl_globals>("mbox_timeout_ns"));
  const timeout = knob === 0 ? CXL_MAILBOX_TIMEOUT_NS : knob;
  const start = ktime_get();
  while (doorbell_busy(regs)) {
    const waited = ktime_get() - start;
    if (waited > timeout) return doorbell_busy(regs) ? -ETIMEDOUT : 0; // it may have been late, not we
    mbox_relax(cxlm, regs, timeout - waited + 1);
    if (cxl_mem_gone(cxlm, state)) return -EIO; // the registers may be gone as well
  }
  return 0;
}

/** @returns 0, -ETIMEDOUT, or -EIO. Context: mbox_mutex is held; sleeps. Ordering: none. */
function cxl_mem_wait_for_doorbell(cxlm: cxl_mem, state: u32): i32 {
  const regs: usize = cxlm.mbox_regs;
  if (!doorbell_busy(regs)) return 0;
  return wait_for_doorbell_slowpath(cxlm, regs, state);
}

function memdev_ready(regs: usize): i32 {
  const status = readq_memdev_status(regs);
  const ready = CXLMDEV_MBOX_IF_READY | CXLMDEV_MS_READY;
  if ((status & (CXLMDEV_MBOX_IF_READY | CXLMDEV_MEDIA_STATUS_MASK)) !== ready) return -EBUSY;
  const broken = CXLMDEV_DEV_FATAL | CXLMDEV_FW_HALT | CXLMDEV_RESET_NEEDED_MASK;
  return (status & broken) !== 0 ? -EFAULT : 0;
}

/**
 * Acquires the mailbox (P1, P2).
 *
 * @param state - cxlm's state word, as the caller found it: see M2 in cxlmem.ts
 * @returns 0 with the mailbox held; -ETIMEDOUT, -EBUSY or -EFAULT; -EIO when the context is gone
 * Context: sleeps. Ordering: acquire.
 */
export function cxl_mem_mbox_get(cxlm: cxl_mem, state: u32): i32 {
  mutex_lock(cxl_mem_mbox_mutex(cxlm));
  let rc: i32 = -EIO;
  if (!cxl_mem_gone(cxlm, state)) {
    rc = cxl_mem_wait_for_doorbell(cxlm, state);
    if (rc === 0) rc = memdev_ready(cxlm.memdev_regs);
  }
  if (rc !== 0) cxl_mem_mbox_put(cxlm, state);
  return rc;
}

/**
 * Releases the mailbox. A mutex in memory that already serves something else is left alone; one in
 * memory that was merely freed is unlocked, as the kernel would.
 *
 * Context: the mailbox is held; never sleeps. Ordering: release.
 */
export function cxl_mem_mbox_put(cxlm: cxl_mem, state: u32): void {
  const now = cxl_mem_state(cxlm);
  if (now === state || now === CXL_MEM_DEAD) mutex_unlock(cxl_mem_mbox_mutex(cxlm));
}

function write_command(regs: usize, cmd: cxl_mbox_cmd): i32 {
  let reg: u64 = cmd.opcode;
  if (cmd.size_in !== 0) {
    const missing = cmd.payload_in === 0;
    if (WARN_ON(missing, WARN_MBOX_INPUT_WITHOUT_BUFFER, cmd.opcode, cmd.size_in)) return -EINVAL;
    reg |= (<u64>cmd.size_in & CXLDEV_MBOX_CMD_LENGTH_MASK) << CXLDEV_MBOX_CMD_LENGTH_SHIFT;
    memcpy_toio_payload(regs, cmd.payload_in, cmd.size_in);
  }
  writeq_mbox(regs, CXLDEV_MBOX_CMD_OFFSET, reg);
  return 0;
}

function read_result(regs: usize, cmd: cxl_mbox_cmd, payload_size: u32): void {
  const status = readq_mbox(regs, CXLDEV_MBOX_STATUS_OFFSET);
  cmd.return_code = <u32>((status >>> CXLDEV_MBOX_STATUS_RET_SHIFT) & CXLDEV_MBOX_STATUS_RET_MASK);
  if (cmd.return_code !== CXL_MBOX_SUCCESS) return; // P4
  const reg = readq_mbox(regs, CXLDEV_MBOX_CMD_OFFSET);
  const length = <u32>((reg >>> CXLDEV_MBOX_CMD_LENGTH_SHIFT) & CXLDEV_MBOX_CMD_LENGTH_MASK);
  if (length === 0 || cmd.payload_out === 0) {
    cmd.size_out = 0;
    return;
  }
  cmd.size_out = min<u32>(min<u32>(cmd.size_out, payload_size), length); // P5
  memcpy_fromio_payload(cmd.payload_out, regs, cmd.size_out);
}

/**
 * Sends cmd and waits for its result.
 *
 * @returns 0, also when the device reports an error (P4); -EBUSY, -EINVAL or -ETIMEDOUT (P3); -EIO
 *          when the context is gone
 * Context: the mailbox is held; sleeps. Ordering: none.
 */
export function __cxl_mem_mbox_send_cmd(cxlm: cxl_mem, cmd: cxl_mbox_cmd): i32 {
  const regs: usize = cxlm.mbox_regs;
  const payload_size = cxlm.payload_size;
  if (doorbell_busy(regs)) return -EBUSY;
  let rc = write_command(regs, cmd);
  if (rc !== 0) return rc;
  count_event(EV_MBOX_CMD);
  writel_mbox_doorbell(regs);
  rc = cxl_mem_wait_for_doorbell(cxlm, cmd.state);
  if (rc !== 0) return rc;
  read_result(regs, cmd, payload_size);
  return 0;
}

/**
 * Sends a command of the kernel's own (P6).
 *
 * @param id - the command
 * @param input - its input, size_in bytes; 0 for none
 * @param out - room for size_out bytes; 0 for none
 * @returns bytes of output; negative: -E2BIG, -ENXIO, -EIO and what mbox_get and send return
 * Context: sleeps. Ordering: none.
 */
export function cxl_mem_mbox_send_cmd(
  cxlm: cxl_mem,
  id: u32,
  input: usize,
  size_in: u32,
  out: usize,
  size_out: u32,
): i32 {
  if (size_out > cxlm.payload_size) return -E2BIG;
  const cmd = cxl_stack_mbox_cmd();
  cmd.id = id;
  cmd.opcode = cxl_opcode_of(id);
  cmd.payload_in = <u32>input;
  cmd.payload_out = <u32>out;
  cmd.size_in = size_in;
  cmd.size_out = size_out;
  cmd.return_code = CXL_MBOX_SUCCESS;
  cmd.state = cxl_mem_state(cxlm);
  let rc = cxl_mem_mbox_get(cxlm, cmd.state);
  if (rc !== 0) return rc;
  rc = __cxl_mem_mbox_send_cmd(cxlm, cmd);
  cxl_mem_mbox_put(cxlm, cmd.state);
  if (rc !== 0) return rc;
  if (cmd.return_code !== CXL_MBOX_SUCCESS) return -ENXIO;
  if (cxl_size_out_of(id) >= 0 && cmd.size_out !== size_out) return -EIO;
  return <i32>cmd.size_out;
}
