// SPDX-License-Identifier: GPL-2.0-only
/**
 * The table of commands that the driver knows, and what RAW may send.
 *
 * Source:  drivers/cxl/mem.c (v5.12): mem_commands, cxl_mem_find_command,
 *          cxl_mem_raw_command_allowed.
 *
 * State:   none. The kernel's table is an array; static data is not to be had here (see
 *          arch/wasm/memory.ts), so each column is a function over a dense switch.
 *
 * Rules:   T1  Sizes: >= 0 fixed, -1 variable. A fixed size must be met exactly by what is put in,
 *              and at least by the room for what comes out.
 *          T2  The enabled set is what the Command Effects Log lists, plus the forced ones; RAW is in
 *              neither, and is let through before the set is asked.
 *          T3  RAW is refused unless it is compiled in and the kernel is not locked down; then
 *              raw_allow_all lets everything through, else the denied opcodes and sets stay denied:
 *              they change what other parts of the kernel rely on, or need secrets kept.
 *
 * Ordering: none.
 * Cost:    a jump table each.
 * Not modelled: exclusive commands (-EBUSY) and the flags of query, both of later kernels.
 */
import {
  CXL_MEM_COMMAND_ID_GET_FW_INFO,
  CXL_MEM_COMMAND_ID_GET_HEALTH_INFO,
  CXL_MEM_COMMAND_ID_GET_LOG,
  CXL_MEM_COMMAND_ID_GET_LSA,
  CXL_MEM_COMMAND_ID_GET_PARTITION_INFO,
  CXL_MEM_COMMAND_ID_GET_SUPPORTED_LOGS,
  CXL_MEM_COMMAND_ID_IDENTIFY,
  CXL_MEM_COMMAND_ID_INVALID,
  CXL_MEM_COMMAND_ID_MAX,
  CXL_MEM_COMMAND_ID_RAW,
} from "./uapi";

export const CXL_MBOX_OP_GET_FW_INFO: u32 = 0x0200;
export const CXL_MBOX_OP_ACTIVATE_FW: u32 = 0x0202;
export const CXL_MBOX_OP_GET_SUPPORTED_LOGS: u32 = 0x0400;
export const CXL_MBOX_OP_GET_LOG: u32 = 0x0401;
export const CXL_MBOX_OP_IDENTIFY: u32 = 0x4000;
export const CXL_MBOX_OP_GET_PARTITION_INFO: u32 = 0x4100;
export const CXL_MBOX_OP_SET_PARTITION_INFO: u32 = 0x4101;
export const CXL_MBOX_OP_GET_LSA: u32 = 0x4102;
export const CXL_MBOX_OP_SET_LSA: u32 = 0x4103;
export const CXL_MBOX_OP_GET_HEALTH_INFO: u32 = 0x4200;
export const CXL_MBOX_OP_SET_SHUTDOWN_STATE: u32 = 0x4204;
export const CXL_MBOX_OP_SCAN_MEDIA: u32 = 0x4304;
export const CXL_MBOX_OP_GET_SCAN_MEDIA: u32 = 0x4305;
export const CXL_MBOX_OP_MAX: u32 = 0x10000;

/** A size that varies from call to call. */
export const CXL_SIZE_VARIABLE: i32 = -1;
export const CXL_IDENTIFY_BYTES: u32 = 0x43;

/** Bitmap by id of the commands that are enabled even by a CEL that does not list them (T2). */
export const CXL_FORCED_COMMANDS: u32 =
  (1 << CXL_MEM_COMMAND_ID_IDENTIFY) |
  (1 << CXL_MEM_COMMAND_ID_GET_SUPPORTED_LOGS) |
  (1 << CXL_MEM_COMMAND_ID_GET_LOG);

/** @returns the opcode of command `id`, 0 for INVALID and RAW. Context: any. Ordering: none. */
export function cxl_opcode_of(id: u32): u32 {
  switch (id) {
    case CXL_MEM_COMMAND_ID_IDENTIFY:
      return CXL_MBOX_OP_IDENTIFY;
    case CXL_MEM_COMMAND_ID_GET_SUPPORTED_LOGS:
      return CXL_MBOX_OP_GET_SUPPORTED_LOGS;
    case CXL_MEM_COMMAND_ID_GET_FW_INFO:
      return CXL_MBOX_OP_GET_FW_INFO;
    case CXL_MEM_COMMAND_ID_GET_PARTITION_INFO:
      return CXL_MBOX_OP_GET_PARTITION_INFO;
    case CXL_MEM_COMMAND_ID_GET_LSA:
      return CXL_MBOX_OP_GET_LSA;
    case CXL_MEM_COMMAND_ID_GET_HEALTH_INFO:
      return CXL_MBOX_OP_GET_HEALTH_INFO;
    case CXL_MEM_COMMAND_ID_GET_LOG:
      return CXL_MBOX_OP_GET_LOG;
    default:
      return 0;
  }
}

/** @returns the input size of command `id` (T1). Context: any. Ordering: none. */
export function cxl_size_in_of(id: u32): i32 {
  switch (id) {
    case CXL_MEM_COMMAND_ID_RAW:
      return CXL_SIZE_VARIABLE;
    case CXL_MEM_COMMAND_ID_GET_LSA:
      return 8;
    case CXL_MEM_COMMAND_ID_GET_LOG:
      return 0x18;
    default:
      return 0;
  }
}

/** @returns the output size of command `id` (T1). Context: any. Ordering: none. */
export function cxl_size_out_of(id: u32): i32 {
  switch (id) {
    case CXL_MEM_COMMAND_ID_IDENTIFY:
      return <i32>CXL_IDENTIFY_BYTES;
    case CXL_MEM_COMMAND_ID_GET_FW_INFO:
      return 0x50;
    case CXL_MEM_COMMAND_ID_GET_PARTITION_INFO:
      return 0x20;
    case CXL_MEM_COMMAND_ID_GET_HEALTH_INFO:
      return 0x12;
    case CXL_MEM_COMMAND_ID_RAW:
    case CXL_MEM_COMMAND_ID_GET_SUPPORTED_LOGS:
    case CXL_MEM_COMMAND_ID_GET_LSA:
    case CXL_MEM_COMMAND_ID_GET_LOG:
      return CXL_SIZE_VARIABLE;
    default:
      return 0;
  }
}

/** @returns the id of the command with that opcode, INVALID for none. Context: any. Ordering: none. */
export function cxl_mem_find_command(opcode: u32): u32 {
  if (opcode === 0) return CXL_MEM_COMMAND_ID_INVALID;
  for (let id: u32 = 1; id < CXL_MEM_COMMAND_ID_MAX; id++) {
    if (cxl_opcode_of(id) === opcode) return id;
  }
  return CXL_MEM_COMMAND_ID_INVALID;
}

/** True for what RAW may not send although RAW itself is allowed (T3). */
export function cxl_raw_opcode_denied(opcode: u32): bool {
  switch (opcode) {
    case CXL_MBOX_OP_ACTIVATE_FW:
    case CXL_MBOX_OP_SET_PARTITION_INFO:
    case CXL_MBOX_OP_SET_LSA:
    case CXL_MBOX_OP_SET_SHUTDOWN_STATE:
    case CXL_MBOX_OP_SCAN_MEDIA:
    case CXL_MBOX_OP_GET_SCAN_MEDIA:
      return true;
    default: {
      const set = opcode >>> 8; // sanitize, persistent memory security, security passthrough
      return set >= 0x44 && set <= 0x46;
    }
  }
}
