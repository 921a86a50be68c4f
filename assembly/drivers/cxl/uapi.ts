// SPDX-License-Identifier: GPL-2.0-only
/**
 * The ioctl interface of a memory device, /dev/cxl/memN.
 *
 * Source:  include/uapi/linux/cxl_mem.h (v5.12). Sizes of commands are signed there, with -1 for
 *          "variable"; headers from 5.13 on have the same words unsigned, with ~0.
 *
 *          cxl_send_command, 48 bytes                      cxl_command_info, 16 bytes
 *            0 id      4 flags   8 opcode|rsvd  12 retval    0 id  4 flags  8 size_in  12 size_out
 *           16 in.size 20 rsvd  24 in.payload              cxl_mem_query_commands, 8 + 16 n bytes
 *           32 out.size 36 rsvd 40 out.payload               0 n_commands  4 rsvd  8 commands[n]
 */

/** _IOR(0xCE, 1, struct cxl_mem_query_commands): the fixed part alone counts for the size. */
export const CXL_MEM_QUERY_COMMANDS: u32 = 0x8008ce01;
/** _IOWR(0xCE, 2, struct cxl_send_command) */
export const CXL_MEM_SEND_COMMAND: u32 = 0xc030ce02;

export const CXL_MEM_COMMAND_ID_INVALID: u32 = 0;
export const CXL_MEM_COMMAND_ID_IDENTIFY: u32 = 1;
export const CXL_MEM_COMMAND_ID_RAW: u32 = 2;
export const CXL_MEM_COMMAND_ID_GET_SUPPORTED_LOGS: u32 = 3;
export const CXL_MEM_COMMAND_ID_GET_FW_INFO: u32 = 4;
export const CXL_MEM_COMMAND_ID_GET_PARTITION_INFO: u32 = 5;
export const CXL_MEM_COMMAND_ID_GET_LSA: u32 = 6;
export const CXL_MEM_COMMAND_ID_GET_HEALTH_INFO: u32 = 7;
export const CXL_MEM_COMMAND_ID_GET_LOG: u32 = 8;
export const CXL_MEM_COMMAND_ID_MAX: u32 = 9;

/** The flag bits that a caller may set; none has a meaning in 5.12. */
export const CXL_MEM_COMMAND_FLAG_MASK: u32 = 1;

@unmanaged
@final
export class cxl_command_info {
  id: u32;
  flags: u32;
  /** Bytes of input, -1 when it varies. */
  size_in: i32;
  /** Bytes of output, -1 when it varies. */
  size_out: i32;
}

@unmanaged
@final
export class cxl_mem_query_commands {
  /** 0 asks for the number of commands; else how many entries the caller has room for. */
  n_commands: u32;
  rsvd: u32;
}

@unmanaged
@final
export class cxl_send_command {
  id: u32;
  flags: u32;
  /** The opcode of a RAW command; with raw_rsvd the one reserved word of every other command. */
  raw_opcode: u16;
  raw_rsvd: u16;
  /** Return code of the device. */
  retval: u32;
  in_size: i32;
  in_rsvd: u32;
  in_payload: u64;
  /** In: room at out_payload. Out: bytes that were written there. */
  out_size: i32;
  out_rsvd: u32;
  out_payload: u64;
}

export const SIZEOF_CXL_COMMAND_INFO: u32 = offsetof<cxl_command_info>();
export const OFFSETOF_CXL_COMMAND_INFO_FLAGS: u32 = offsetof<cxl_command_info>("flags");
export const OFFSETOF_CXL_COMMAND_INFO_SIZE_IN: u32 = offsetof<cxl_command_info>("size_in");
export const OFFSETOF_CXL_COMMAND_INFO_SIZE_OUT: u32 = offsetof<cxl_command_info>("size_out");
export const SIZEOF_CXL_MEM_QUERY_COMMANDS: u32 = offsetof<cxl_mem_query_commands>();
export const SIZEOF_CXL_SEND_COMMAND: u32 = offsetof<cxl_send_command>();
export const OFFSETOF_CXL_SEND_COMMAND_FLAGS: u32 = offsetof<cxl_send_command>("flags");
export const OFFSETOF_CXL_SEND_COMMAND_RAW_OPCODE: u32 = offsetof<cxl_send_command>("raw_opcode");
export const OFFSETOF_CXL_SEND_COMMAND_RAW_RSVD: u32 = offsetof<cxl_send_command>("raw_rsvd");
export const OFFSETOF_CXL_SEND_COMMAND_RETVAL: u32 = offsetof<cxl_send_command>("retval");
export const OFFSETOF_CXL_SEND_COMMAND_IN_SIZE: u32 = offsetof<cxl_send_command>("in_size");
export const OFFSETOF_CXL_SEND_COMMAND_IN_RSVD: u32 = offsetof<cxl_send_command>("in_rsvd");
export const OFFSETOF_CXL_SEND_COMMAND_IN_PAYLOAD: u32 = offsetof<cxl_send_command>("in_payload");
export const OFFSETOF_CXL_SEND_COMMAND_OUT_SIZE: u32 = offsetof<cxl_send_command>("out_size");
export const OFFSETOF_CXL_SEND_COMMAND_OUT_RSVD: u32 = offsetof<cxl_send_command>("out_rsvd");
export const OFFSETOF_CXL_SEND_COMMAND_OUT_PAYLOAD: u32 = offsetof<cxl_send_command>("out_payload");
