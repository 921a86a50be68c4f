// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the modelled device does for each opcode. All data are functions of constants, so that a
 * test can compute what must come out.
 *
 * Source:  CXL 2.0 specification, 8.2.9.
 *
 * Rules:   E1  Each command checks its input length (0x16 otherwise), then its input (2 otherwise);
 *              an opcode that is not known gives 3. A failed command has no output.
 *          E2  Nothing is read or written outside the payload area, whatever CMD says.
 *          E3  An injected return code comes before any of this; the command has no effect.
 *
 * Ordering: none; the caller holds the mailbox mutex, so every access here is plain.
 * Not modelled: commands that change the device; they are "unsupported".
 */
import { READ_ONCE } from "../../arch/wasm/atomic";
import {
  CXL_MBOX_OP_GET_FW_INFO,
  CXL_MBOX_OP_GET_HEALTH_INFO,
  CXL_MBOX_OP_GET_LOG,
  CXL_MBOX_OP_GET_LSA,
  CXL_MBOX_OP_GET_PARTITION_INFO,
  CXL_MBOX_OP_GET_SUPPORTED_LOGS,
  CXL_MBOX_OP_IDENTIFY,
  cxl_mem_find_command,
  cxl_opcode_of,
} from "./cmds";
import {
  CXL_MBOX_INVALID_INPUT,
  CXL_MBOX_INVALID_PAYLOAD_LENGTH,
  CXL_MBOX_SUCCESS,
  CXL_MBOX_UNSUPPORTED,
  CXLDEV_MBOX_CMD_LENGTH_MASK,
  CXLDEV_MBOX_CMD_LENGTH_SHIFT,
  CXLDEV_MBOX_CMD_OFFSET,
  CXLDEV_MBOX_CMD_OPCODE_MASK,
  CXLDEV_MBOX_PAYLOAD_OFFSET,
  CXLDEV_MBOX_STATUS_OFFSET,
  CXLDEV_MBOX_STATUS_RET_SHIFT,
} from "./cxl";
import { CXL_HW_LOG_CEL, CXL_HW_LOG_VENDOR, CXL_HW_NO_LENGTH, cxl_hw } from "./device_state";
import { CXL_MEM_COMMAND_ID_MAX } from "./uapi";

// A UUID's 16 bytes, in the order in which it is written, as two little-endian words.
export const CXL_CEL_UUID_LO: u64 = ((<u64>0x784b41bf) << 32) | 0xb5c0a90d;
export const CXL_CEL_UUID_HI: u64 = ((<u64>0x173f3b62) << 32) | 0xb196798f;
export const CXL_VENDOR_UUID_LO: u64 = ((<u64>0x0c40a911) << 32) | 0xd919180e;
export const CXL_VENDOR_UUID_HI: u64 = ((<u64>0x863d4019) << 32) | 0x07d61f81;
/** "hotunplug-fw 1.0" */
export const CXL_HW_FW_REVISION_LO: u64 = ((<u64>0x756c706e) << 32) | 0x75746f68;
export const CXL_HW_FW_REVISION_HI: u64 = ((<u64>0x302e3120) << 32) | 0x77662d67;
/** In units of 256 MiB, as the specification has it. */
export const CXL_HW_VOLATILE_CAPACITY: u64 = 0x10;
export const CXL_HW_PERSISTENT_CAPACITY: u64 = 0x30;
export const CXL_HW_LSA_BYTES: u32 = 0x400;
export const CXL_HW_VENDOR_LOG_BYTES: u32 = 0x300;
export const CXL_HW_VENDOR_OPCODE: u32 = 0xc000;

const FAILED: u64 = 0x100000000; // | return code; else the output length

function done(length: u32): u64 {
  return length;
}

function failed(code: u32): u64 {
  return FAILED | code;
}

/** Byte i of the label storage area and of the vendor log is (i * mul + add) & 0xff. */
function pattern(to: usize, first: u32, n: u32, mul: u32, add: u32): u64 {
  for (let i: u32 = 0; i < n; i++) store<u8>(to + i, (first + i) * mul + add);
  return done(n);
}

function identify(out: usize): u64 {
  memory.fill(out, 0, 0x43);
  store<u64>(out, CXL_HW_FW_REVISION_LO);
  store<u64>(out, CXL_HW_FW_REVISION_HI, 8);
  store<u64>(out, CXL_HW_VOLATILE_CAPACITY + CXL_HW_PERSISTENT_CAPACITY, 16);
  store<u64>(out, CXL_HW_VOLATILE_CAPACITY, 24);
  store<u64>(out, CXL_HW_PERSISTENT_CAPACITY, 32);
  store<u16>(out, 8, 48); // event log sizes: info, warning, failure, fatal
  store<u16>(out, 4, 50);
  store<u16>(out, 2, 52);
  store<u16>(out, 1, 54);
  store<u32>(out, CXL_HW_LSA_BYTES, 56);
  return done(0x43);
}

function fw_info(out: usize): u64 {
  memory.fill(out, 0, 0x50);
  store<u8>(out, 2); // slots
  store<u8>(out, 1, 1); // the active one
  store<u64>(out, CXL_HW_FW_REVISION_LO, 16);
  store<u64>(out, CXL_HW_FW_REVISION_HI, 24);
  return done(0x50);
}

function partition_info(out: usize): u64 {
  store<u64>(out, CXL_HW_VOLATILE_CAPACITY);
  store<u64>(out, CXL_HW_PERSISTENT_CAPACITY, 8);
  store<u64>(out, 0, 16); // no change at the next reset
  store<u64>(out, 0, 24);
  return done(0x20);
}

function health_info(out: usize): u64 {
  memory.fill(out, 0, 0x12);
  store<u8>(out, 1, 3); // life used, %
  store<u16>(out, 25, 4); // degrees C
  return done(0x12);
}

function knob(hw: cxl_hw, offset: usize): u32 {
  return READ_ONCE(changetype<usize>(hw) + offset);
}

function bit_count(cel: u32): u32 {
  let n: u32 = 0;
  for (let id: u32 = 1; id < CXL_MEM_COMMAND_ID_MAX; id++) {
    if ((cel >>> id) & 1 && cxl_opcode_of(id) !== 0) n++;
  }
  return n;
}

function cel_vendor_entries(hw: cxl_hw): u32 {
  return knob(hw, offsetof<cxl_hw>("cel_vendor")) & 0xfff;
}

function cel_bytes(hw: cxl_hw): u32 {
  return (cel_vendor_entries(hw) + bit_count(knob(hw, offsetof<cxl_hw>("cel")))) * 4;
}

/** Bytes [first, first + n) of the log: le16 opcode, le16 effect. first and n: multiples of 4. */
function cel_read(hw: cxl_hw, out: usize, first: u32, n: u32): u64 {
  const vendor = cel_vendor_entries(hw);
  const cel = knob(hw, offsetof<cxl_hw>("cel"));
  let index: u32 = 0;
  for (let i: u32 = first >>> 2; i < vendor && index * 4 < n; i++) {
    store<u32>(out + index * 4, CXL_HW_VENDOR_OPCODE + i);
    index++;
  }
  let entry = vendor;
  for (let id: u32 = 1; id < CXL_MEM_COMMAND_ID_MAX && index * 4 < n; id++) {
    if (((cel >>> id) & 1) === 0 || cxl_opcode_of(id) === 0) continue;
    if (entry * 4 >= first) store<u32>(out + index++ * 4, cxl_opcode_of(id));
    entry++;
  }
  return done(n);
}

function log_entry(out: usize, n: u32, lo: u64, hi: u64, bytes: u32): void {
  const p = out + 8 + n * 20;
  store<u64>(p, lo);
  store<u64>(p, hi, 8);
  store<u32>(p, bytes, 16);
}

function supported_logs(hw: cxl_hw, out: usize): u64 {
  const logs = knob(hw, offsetof<cxl_hw>("logs"));
  let n: u32 = 0;
  if (logs & CXL_HW_LOG_VENDOR) {
    log_entry(out, n++, CXL_VENDOR_UUID_LO, CXL_VENDOR_UUID_HI, CXL_HW_VENDOR_LOG_BYTES);
  }
  if (logs & CXL_HW_LOG_CEL) {
    log_entry(out, n++, CXL_CEL_UUID_LO, CXL_CEL_UUID_HI, cel_bytes(hw));
  }
  store<u64>(out, n);
  return done(8 + n * 20);
}

function get_log(hw: cxl_hw, io: usize): u64 {
  const lo = load<u64>(io);
  const hi = load<u64>(io, 8);
  const offset = load<u32>(io, 16);
  const length = load<u32>(io, 20);
  const logs = knob(hw, offsetof<cxl_hw>("logs"));
  const cel = lo === CXL_CEL_UUID_LO && hi === CXL_CEL_UUID_HI && (logs & CXL_HW_LOG_CEL) !== 0;
  const vendor =
    lo === CXL_VENDOR_UUID_LO && hi === CXL_VENDOR_UUID_HI && (logs & CXL_HW_LOG_VENDOR) !== 0;
  if (!cel && !vendor) return failed(CXL_MBOX_INVALID_INPUT);
  const total = cel ? cel_bytes(hw) : CXL_HW_VENDOR_LOG_BYTES;
  if (length > hw.payload_size || offset > total || length > total - offset) {
    return failed(CXL_MBOX_INVALID_INPUT);
  }
  if (!cel) return pattern(io, offset, length, 37, 11);
  if ((offset | length) & 3) return failed(CXL_MBOX_INVALID_INPUT);
  return cel_read(hw, io, offset, length);
}

function get_lsa(hw: cxl_hw, io: usize): u64 {
  const offset = load<u32>(io);
  const length = load<u32>(io, 4);
  if (length > hw.payload_size || offset > CXL_HW_LSA_BYTES || length > CXL_HW_LSA_BYTES - offset) {
    return failed(CXL_MBOX_INVALID_INPUT);
  }
  return pattern(io, offset, length, 13, 5);
}

function size_in_of_opcode(opcode: u32): u32 {
  if (opcode === CXL_MBOX_OP_GET_LOG) return 0x18;
  return opcode === CXL_MBOX_OP_GET_LSA ? 8 : 0;
}

function carry_out(hw: cxl_hw, opcode: u32, io: usize): u64 {
  switch (opcode) {
    case CXL_MBOX_OP_IDENTIFY:
      return identify(io);
    case CXL_MBOX_OP_GET_SUPPORTED_LOGS:
      return supported_logs(hw, io);
    case CXL_MBOX_OP_GET_LOG:
      return get_log(hw, io);
    case CXL_MBOX_OP_GET_FW_INFO:
      return fw_info(io);
    case CXL_MBOX_OP_GET_PARTITION_INFO:
      return partition_info(io);
    case CXL_MBOX_OP_GET_LSA:
      return get_lsa(hw, io);
    case CXL_MBOX_OP_GET_HEALTH_INFO:
      return health_info(io);
    default:
      return failed(CXL_MBOX_UNSUPPORTED);
  }
}

function injected(hw: cxl_hw, opcode: u32): u32 {
  const code = knob(hw, offsetof<cxl_hw>("fail_code"));
  if (code === 0) return CXL_MBOX_SUCCESS;
  const only = knob(hw, offsetof<cxl_hw>("fail_opcode"));
  return only === 0 || only === opcode ? code & 0xffff : CXL_MBOX_SUCCESS;
}

function result_of(hw: cxl_hw, opcode: u32, length: u32, io: usize): u64 {
  const code = injected(hw, opcode);
  if (code !== CXL_MBOX_SUCCESS) return failed(code);
  if (length !== size_in_of_opcode(opcode) && cxl_mem_find_command(opcode) !== 0) {
    return failed(CXL_MBOX_INVALID_PAYLOAD_LENGTH);
  }
  return carry_out(hw, opcode, io);
}

/** Carries out the command that stands in the registers. Context: the mailbox mutex is held. */
export function cxl_hw_execute(p: usize, regs: usize): void {
  const hw = changetype<cxl_hw>(p);
  const cmd = load<u64>(regs + CXLDEV_MBOX_CMD_OFFSET);
  const opcode = <u32>(cmd & CXLDEV_MBOX_CMD_OPCODE_MASK);
  const length = <u32>((cmd >>> CXLDEV_MBOX_CMD_LENGTH_SHIFT) & CXLDEV_MBOX_CMD_LENGTH_MASK);
  const result = result_of(hw, opcode, length, regs + CXLDEV_MBOX_PAYLOAD_OFFSET);
  const code: u32 = result & FAILED ? <u32>result : CXL_MBOX_SUCCESS;
  let out: u32 = result & FAILED ? 0 : <u32>result;
  const forced = knob(hw, offsetof<cxl_hw>("force_length"));
  if (code === CXL_MBOX_SUCCESS && forced !== CXL_HW_NO_LENGTH) out = forced;
  hw.commands++;
  store<u64>(regs + CXLDEV_MBOX_STATUS_OFFSET, (<u64>code) << CXLDEV_MBOX_STATUS_RET_SHIFT);
  store<u64>(
    regs + CXLDEV_MBOX_CMD_OFFSET,
    ((<u64>out & CXLDEV_MBOX_CMD_LENGTH_MASK) << CXLDEV_MBOX_CMD_LENGTH_SHIFT) | <u64>opcode,
  );
}
