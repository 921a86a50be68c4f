// SPDX-License-Identifier: GPL-2.0-only
/**
 * The two ioctls: what commands are there, and send one.
 *
 * Source:  drivers/cxl/mem.c (v5.12): cxl_query_cmd, cxl_send_cmd, cxl_validate_cmd_from_user,
 *          handle_mailbox_cmd_from_user, cxl_mem_raw_command_allowed.
 *
 * Rules:   U1  QUERY with n_commands 0 stores the number of commands; else it stores the first
 *              min(n, 9) entries, one user copy each, from INVALID (all zero) on. n is never
 *              rewritten, rsvd is ignored, and an entry says nothing of enabled or not.
 *          U2  SEND is read once and checked in this order: user memory (-EFAULT); id (-ENOTTY);
 *              in.size over the payload, negative counting as huge (-EINVAL).
 *              RAW then: raw.rsvd, out.size over the payload (-EINVAL); allowed (-EPERM).
 *              All others: flags, rsvd, in.rsvd or out.rsvd (-EINVAL); enabled (-ENOTTY); a fixed
 *              size_in that is not in.size, a fixed size_out that out.size is under (-ENOMEM).
 *          U3  Then: bounce buffer for the output, zeroed (-ENOMEM), and for the input (-ENOMEM,
 *              -EFAULT); the mailbox; output and structure copied back (-EFAULT). The output is
 *              copied before the structure, so where they overlap the structure wins.
 *          U4  An output of variable size is received in a whole payload and copied out as long as
 *              it came, beyond out.size if need be: a one-shot warning is all. (Later kernels
 *              honour out.size.)
 *          U5  An error of the device is a return code: the ioctl is 0, retval says it, and the
 *              bounce buffer goes out at its full size, zeroed.
 *
 * Ordering: none.
 * Cost:    two allocations at most; per byte two copies each way.
 * Not modelled: flags of query and exclusive commands, of later kernels.
 */
import { READ_ONCE, xchg } from "../../arch/wasm/atomic";
import { LEVEL_INFO, LEVEL_WARN, printk } from "../../arch/wasm/bug";
import { EFAULT, EINVAL, ENOMEM, ENOTTY, EPERM } from "../../arch/wasm/errno";
import { CXL_STATE } from "../../arch/wasm/memory";
import { copy_from_user, copy_to_user } from "../../arch/wasm/uaccess";
import { kfree, kmalloc, kzalloc, SLAB_BOUNCE } from "../../mm/slab";
import { cxl_opcode_of, cxl_raw_opcode_denied, cxl_size_in_of, cxl_size_out_of } from "./cmds";
import {
  CXL_MAX_PAYLOAD,
  cxl_globals,
  cxl_mbox_cmd,
  cxl_mem,
  cxl_stack_mbox_cmd,
  cxl_stack_send,
} from "./cxlmem";
import { __cxl_mem_mbox_send_cmd, cxl_mem_mbox_get, cxl_mem_mbox_put } from "./mbox";
import {
  CXL_MEM_COMMAND_FLAG_MASK,
  CXL_MEM_COMMAND_ID_INVALID,
  CXL_MEM_COMMAND_ID_MAX,
  CXL_MEM_COMMAND_ID_RAW,
  cxl_command_info,
  cxl_mem_query_commands,
  cxl_send_command,
} from "./uapi";

/** Somebody used RAW: once a boot. a = opcode. */
export const KERN_RAW_COMMAND_PATH_USED: u32 = 502;
/** An output was copied beyond out.size (U4): once a boot. a = bytes copied, b = out.size. */
export const WARN_OUTPUT_LARGER_THAN_USER_BUFFER: u32 = 503;

function knob(offset: usize): u32 {
  return READ_ONCE(CXL_STATE + offset);
}

/** True for the first caller since boot. Ordering: full for who gets it. */
function first_time(offset: usize): bool {
  return knob(offset) === 0 && xchg(CXL_STATE + offset, 1) === 0;
}

function fill_info(p: usize, id: u32): void {
  const raw = id === CXL_MEM_COMMAND_ID_RAW;
  const absent = raw && knob(offsetof<cxl_globals>("raw_commands")) === 0;
  const info = changetype<cxl_command_info>(p);
  info.id = absent ? 0 : id;
  info.flags = 0;
  info.size_in = absent ? 0 : cxl_size_in_of(id);
  info.size_out = absent ? 0 : cxl_size_out_of(id);
}

/**
 * CXL_MEM_QUERY_COMMANDS (U1).
 *
 * @returns 0, or -EFAULT
 * Context: may sleep in the kernel. Ordering: none.
 */
export function cxl_query_cmd(q: u64): i32 {
  const p = cxl_stack_send();
  if (copy_from_user(p, q, 4) !== 0) return -EFAULT;
  const n = load<u32>(p); // plain: the task's own stack, here and below
  if (n === 0) {
    store<u32>(p, CXL_MEM_COMMAND_ID_MAX);
    return copy_to_user(q, p, 4) !== 0 ? -EFAULT : 0;
  }
  const count = min<u32>(n, CXL_MEM_COMMAND_ID_MAX);
  let entry = q + offsetof<cxl_mem_query_commands>();
  for (let id: u32 = 0; id < count; id++) {
    fill_info(p, id);
    if (copy_to_user(entry, p, <u32>offsetof<cxl_command_info>()) !== 0) return -EFAULT;
    entry += offsetof<cxl_command_info>();
  }
  return 0;
}

function raw_command_allowed(opcode: u32): bool {
  if (knob(offsetof<cxl_globals>("raw_commands")) === 0) return false;
  if (knob(offsetof<cxl_globals>("locked_down")) !== 0) return false;
  if (knob(offsetof<cxl_globals>("raw_allow_all")) !== 0) return true;
  return !cxl_raw_opcode_denied(opcode);
}

function validate_raw(send: cxl_send_command, payload_size: u32, cmd: cxl_mbox_cmd): i32 {
  if (send.raw_rsvd !== 0) return -EINVAL;
  if (<u32>send.out_size > payload_size) return -EINVAL;
  if (!raw_command_allowed(send.raw_opcode)) return -EPERM;
  cmd.opcode = send.raw_opcode;
  cmd.size_out = send.out_size;
  return 0;
}

function validate_known(cxlm: cxl_mem, send: cxl_send_command, cmd: cxl_mbox_cmd): i32 {
  const id = send.id;
  if ((send.flags & ~CXL_MEM_COMMAND_FLAG_MASK) !== 0) return -EINVAL;
  if ((<u32>send.raw_opcode | send.raw_rsvd) !== 0) return -EINVAL;
  if ((send.in_rsvd | send.out_rsvd) !== 0) return -EINVAL;
  if (((cxlm.enabled_cmds >>> id) & 1) === 0) return -ENOTTY;
  const size_in = cxl_size_in_of(id);
  const size_out = cxl_size_out_of(id);
  if (size_in >= 0 && size_in !== send.in_size) return -ENOMEM;
  if (size_out >= 0 && send.out_size < size_out) return -ENOMEM;
  cmd.opcode = cxl_opcode_of(id);
  cmd.size_out = size_out;
  return 0;
}

/** The checks of U2 behind the first; fills cmd but for its buffers. */
function cxl_validate_cmd_from_user(
  cxlm: cxl_mem,
  send: cxl_send_command,
  payload_size: u32,
  cmd: cxl_mbox_cmd,
): i32 {
  const id = send.id;
  if (id === CXL_MEM_COMMAND_ID_INVALID || id >= CXL_MEM_COMMAND_ID_MAX) return -ENOTTY;
  if (<u32>send.in_size > payload_size) return -EINVAL;
  cmd.id = id;
  cmd.size_in = send.in_size;
  cmd.return_code = 0;
  cmd.payload_in = 0;
  cmd.payload_out = 0;
  if (id === CXL_MEM_COMMAND_ID_RAW) return validate_raw(send, payload_size, cmd);
  return validate_known(cxlm, send, cmd);
}

/** Bounce buffers: U3's first half. @returns 0, -ENOMEM or -EFAULT; the caller frees either way. */
function get_buffers(cmd: cxl_mbox_cmd, in_payload: u64): i32 {
  if (cmd.size_out !== 0) {
    cmd.payload_out = <u32>kzalloc(cmd.size_out, SLAB_BOUNCE);
    if (cmd.payload_out === 0) return -ENOMEM;
  }
  if (cmd.size_in !== 0) {
    cmd.payload_in = <u32>kmalloc(cmd.size_in, SLAB_BOUNCE);
    if (cmd.payload_in === 0) return -ENOMEM;
    if (copy_from_user(cmd.payload_in, in_payload, cmd.size_in) !== 0) return -EFAULT;
  }
  return 0;
}

function exchange(cxlm: cxl_mem, cmd: cxl_mbox_cmd): i32 {
  let rc = cxl_mem_mbox_get(cxlm, cmd.state);
  if (rc !== 0) return rc;
  if (cmd.id === CXL_MEM_COMMAND_ID_RAW && first_time(offsetof<cxl_globals>("warned_raw"))) {
    printk(LEVEL_INFO, KERN_RAW_COMMAND_PATH_USED, cmd.opcode, 0);
  }
  rc = __cxl_mem_mbox_send_cmd(cxlm, cmd);
  cxl_mem_mbox_put(cxlm, cmd.state);
  return rc;
}

/** U4, U5. The comparison is unsigned, as it is in the driver: a negative out.size warns not. */
function copy_output(send: cxl_send_command, cmd: cxl_mbox_cmd): i32 {
  const n = cmd.size_out;
  const room = <u32>send.out_size;
  if (n > room && first_time(offsetof<cxl_globals>("warned_size"))) {
    printk(LEVEL_WARN, WARN_OUTPUT_LARGER_THAN_USER_BUFFER, n, room);
  }
  if (n !== 0 && copy_to_user(send.out_payload, cmd.payload_out, n) !== 0) return -EFAULT;
  send.out_size = n;
  send.retval = cmd.return_code;
  return 0;
}

/** U3. */
function handle_mailbox_cmd_from_user(
  cxlm: cxl_mem,
  send: cxl_send_command,
  cmd: cxl_mbox_cmd,
): i32 {
  let rc = get_buffers(cmd, send.in_payload);
  if (rc === 0) rc = exchange(cxlm, cmd);
  if (rc === 0) rc = copy_output(send, cmd);
  kfree(cmd.payload_in);
  kfree(cmd.payload_out);
  return rc;
}

/**
 * CXL_MEM_SEND_COMMAND.
 *
 * @param state - cxlm's state word, as the body found it
 * @returns 0, also when the device reports an error (U5); -EFAULT, -ENOTTY, -EINVAL, -EPERM, -ENOMEM
 *          (U2, U3); -ETIMEDOUT, -EBUSY, -EFAULT from the mailbox; -EIO when the context is gone
 * Context: sleeps. Ordering: none.
 */
export function cxl_send_cmd(cxlm: cxl_mem, state: u32, arg: u64): i32 {
  const p = cxl_stack_send();
  const bytes = <u32>offsetof<cxl_send_command>();
  if (copy_from_user(p, arg, bytes) !== 0) return -EFAULT;
  const send = changetype<cxl_send_command>(p);
  const cmd = cxl_stack_mbox_cmd();
  const payload_size = min<u32>(cxlm.payload_size, CXL_MAX_PAYLOAD);
  cmd.state = state;
  let rc = cxl_validate_cmd_from_user(cxlm, send, payload_size, cmd);
  if (rc !== 0) return rc;
  if (<i32>cmd.size_out < 0) cmd.size_out = payload_size;
  rc = handle_mailbox_cmd_from_user(cxlm, send, cmd);
  if (rc !== 0) return rc;
  return copy_to_user(arg, p, bytes) !== 0 ? -EFAULT : 0;
}
