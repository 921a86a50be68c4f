// SPDX-License-Identifier: GPL-2.0-only
// What a modelled device remembers: see device_model.ts for the rules.

/** Every command of the driver's table, by id, but INVALID and RAW. */
export const CXL_HW_CEL_ALL: u32 = 0x1fa;
export const CXL_HW_LOG_CEL: u32 = 1;
export const CXL_HW_LOG_VENDOR: u32 = 2;
export const CXL_HW_LOGS_ALL: u32 = 3;
/** force_length: outputs have the length that they have. */
export const CXL_HW_NO_LENGTH: u32 = 0xffffffff;

@unmanaged
@final
export class cxl_hw {
  // Knobs.
  /** How long a command takes, ns. */
  service_ns: u64;
  /** The memdev status register. */
  memdev_status: u64;
  /** CXL_HW_STUCK_*. */
  stuck: u32;
  /** A return code for commands that would have succeeded or not alike; 0: none. */
  fail_code: u32;
  /** The opcode that fails so; 0: each. */
  fail_opcode: u32;
  /** Output length to claim instead of the right one, or CXL_HW_NO_LENGTH. */
  force_length: u32;
  /** Bit i: command id i stands in the Command Effects Log. */
  cel: u32;
  /** Entries of vendor opcodes that come first in that log: makes it longer than a payload. */
  cel_vendor: u32;
  /** Which logs there are, CXL_HW_LOG_*. */
  logs: u32;
  // The device's own.
  payload_size: u32;
  /** Commands carried out, failed ones included. */
  commands: u32;
  toggle: u32;
  /** When the command that runs is done, ktime in ns. */
  due: u64;
  /** Address of equally likely service times, u64 each, in ns; their number, 0: all take service_ns. */
  services: u32;
  nr_services: u32;
}

export const OFFSETOF_CXL_HW_SERVICE_NS: u32 = offsetof<cxl_hw>("service_ns");
export const OFFSETOF_CXL_HW_MEMDEV_STATUS: u32 = offsetof<cxl_hw>("memdev_status");
export const OFFSETOF_CXL_HW_STUCK: u32 = offsetof<cxl_hw>("stuck");
export const OFFSETOF_CXL_HW_FAIL_CODE: u32 = offsetof<cxl_hw>("fail_code");
export const OFFSETOF_CXL_HW_FAIL_OPCODE: u32 = offsetof<cxl_hw>("fail_opcode");
export const OFFSETOF_CXL_HW_FORCE_LENGTH: u32 = offsetof<cxl_hw>("force_length");
export const OFFSETOF_CXL_HW_CEL: u32 = offsetof<cxl_hw>("cel");
export const OFFSETOF_CXL_HW_CEL_VENDOR: u32 = offsetof<cxl_hw>("cel_vendor");
export const OFFSETOF_CXL_HW_LOGS: u32 = offsetof<cxl_hw>("logs");
export const OFFSETOF_CXL_HW_DUE: u32 = offsetof<cxl_hw>("due");
export const OFFSETOF_CXL_HW_COMMANDS: u32 = offsetof<cxl_hw>("commands");
