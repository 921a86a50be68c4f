// SPDX-License-Identifier: GPL-2.0-only
/**
 * Registers of a CXL memory device.
 *
 * Source:  drivers/cxl/cxl.h (v5.12); CXL 2.0 specification, 8.2.8.
 *
 *   mailbox block            memdev block
 *   0x00 CAPS    u32         0x00 STATUS u64
 *   0x04 CTRL    u32
 *   0x08 CMD     u64   36:16 payload length | 15:0 opcode
 *   0x10 STATUS  u64   47:32 return code
 *   0x18 BG      u64
 *   0x20 payload
 */
export const CXLDEV_MBOX_CAPS_OFFSET: u32 = 0x00;
export const CXLDEV_MBOX_CAP_PAYLOAD_SIZE_MASK: u32 = 0x1f; // log2
export const CXLDEV_MBOX_CTRL_OFFSET: u32 = 0x04;
export const CXLDEV_MBOX_CTRL_DOORBELL: u32 = 1;
export const CXLDEV_MBOX_CMD_OFFSET: u32 = 0x08;
export const CXLDEV_MBOX_CMD_OPCODE_MASK: u64 = 0xffff;
export const CXLDEV_MBOX_CMD_LENGTH_SHIFT: u64 = 16;
export const CXLDEV_MBOX_CMD_LENGTH_MASK: u64 = 0x1fffff;
export const CXLDEV_MBOX_STATUS_OFFSET: u32 = 0x10;
export const CXLDEV_MBOX_STATUS_RET_SHIFT: u64 = 32;
export const CXLDEV_MBOX_STATUS_RET_MASK: u64 = 0xffff;
export const CXLDEV_MBOX_BG_CMD_STATUS_OFFSET: u32 = 0x18;
export const CXLDEV_MBOX_PAYLOAD_OFFSET: u32 = 0x20;

export const CXLMDEV_STATUS_OFFSET: u32 = 0x00;
export const CXLMDEV_DEV_FATAL: u64 = 1 << 0;
export const CXLMDEV_FW_HALT: u64 = 1 << 1;
export const CXLMDEV_MEDIA_STATUS_MASK: u64 = 3 << 2;
export const CXLMDEV_MS_READY: u64 = 1 << 2;
export const CXLMDEV_MBOX_IF_READY: u64 = 1 << 4;
export const CXLMDEV_RESET_NEEDED_MASK: u64 = 7 << 5;

// Return codes that the modelled device gives by itself; any other may be injected.
export const CXL_MBOX_SUCCESS: u32 = 0;
export const CXL_MBOX_INVALID_INPUT: u32 = 2;
export const CXL_MBOX_UNSUPPORTED: u32 = 3;
export const CXL_MBOX_INVALID_PAYLOAD_LENGTH: u32 = 0x16;
