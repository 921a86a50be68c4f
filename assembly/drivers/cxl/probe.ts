// SPDX-License-Identifier: GPL-2.0-only
/**
 * From a PCI function to a driver context that is ready for its char device.
 *
 * Source:  drivers/cxl/mem.c (v5.12): cxl_mem_setup_mailbox, cxl_mem_enumerate_cmds, cxl_xfer_log,
 *          cxl_walk_cel, cxl_mem_identify.
 *
 * Rules:   N1  In this order: create, mailbox, commands, identify. What fails leaves its devm
 *              resources to the unbinding, as a failed probe does.
 *          N2  The payload is 1 << CAPS bytes, 1 MiB at most; under 256 is -ENXIO.
 *          N3  Without a Command Effects Log there is no driver: -ENOENT. A log is read in pieces of
 *              a payload.
 *          N4  Enabled are the commands that the log lists, and the forced ones.
 *
 * Ordering: none; the context is private to the prober.
 * Not modelled: cxl_mem_setup_regs' walk over the capability array: the registers are where they are.
 */
import { ENOENT, ENOMEM, ENXIO } from "../../arch/wasm/errno";
import { kfree, kmalloc, SLAB_BOUNCE } from "../../mm/slab";
import { CXL_FORCED_COMMANDS, CXL_IDENTIFY_BYTES, cxl_mem_find_command } from "./cmds";
import { CXLDEV_MBOX_CAP_PAYLOAD_SIZE_MASK, CXLDEV_MBOX_CAPS_OFFSET } from "./cxl";
import {
  CXL_MAX_PAYLOAD,
  CXL_MIN_PAYLOAD,
  cxl_mem,
  cxl_stack_identify,
  cxl_stack_send,
} from "./cxlmem";
import { CXL_CEL_UUID_HI, CXL_CEL_UUID_LO } from "./device_cmds";
import { readl_mbox } from "./device_model";
import { cxl_mem_mbox_send_cmd } from "./mbox";
import { cxl_mem_create } from "./mem";
import {
  CXL_MEM_COMMAND_ID_GET_LOG,
  CXL_MEM_COMMAND_ID_GET_SUPPORTED_LOGS,
  CXL_MEM_COMMAND_ID_IDENTIFY,
} from "./uapi";

const LOGS_HEADER: u32 = 8;
const LOGS_ENTRY: u32 = 20;

/** @returns 0, or -ENXIO (N2). Context: while probing. Ordering: none. */
export function cxl_mem_setup_mailbox(cxlm: cxl_mem): i32 {
  const caps = readl_mbox(cxlm.mbox_regs, CXLDEV_MBOX_CAPS_OFFSET);
  const log2 = caps & CXLDEV_MBOX_CAP_PAYLOAD_SIZE_MASK;
  cxlm.payload_size = min<u32>((<u32>1) << log2, CXL_MAX_PAYLOAD);
  return cxlm.payload_size < CXL_MIN_PAYLOAD ? -ENXIO : 0;
}

/** Reads `bytes` of the Command Effects Log to `log`, a payload at a time. @returns 0, or negative. */
function cxl_xfer_log(cxlm: cxl_mem, bytes: u32, log: usize): i32 {
  const input = cxl_stack_send();
  let offset: u32 = 0;
  while (offset < bytes) {
    const n = min<u32>(bytes - offset, cxlm.payload_size);
    store<u64>(input, CXL_CEL_UUID_LO); // plain: the task's own stack
    store<u64>(input, CXL_CEL_UUID_HI, 8);
    store<u32>(input, offset, 16);
    store<u32>(input, n, 20);
    const rc = cxl_mem_mbox_send_cmd(cxlm, CXL_MEM_COMMAND_ID_GET_LOG, input, 24, log + offset, n);
    if (rc < 0) return rc;
    offset += n;
  }
  return 0;
}

/** N4. Entries: le16 opcode, le16 effect. */
function cxl_walk_cel(cxlm: cxl_mem, bytes: u32, log: usize): void {
  for (let i: u32 = 0; i + 4 <= bytes; i += 4) {
    const id = cxl_mem_find_command(load<u16>(log + i));
    if (id !== 0) cxlm.enabled_cmds |= (<u32>1) << id;
  }
}

function enable_from_log(cxlm: cxl_mem, bytes: u32): i32 {
  const log = kmalloc(bytes, SLAB_BOUNCE);
  if (log === 0) return -ENOMEM;
  const rc = cxl_xfer_log(cxlm, bytes, log);
  if (rc === 0) {
    cxl_walk_cel(cxlm, bytes, log);
    cxlm.enabled_cmds |= CXL_FORCED_COMMANDS;
  }
  kfree(log);
  return rc;
}

/** Looks for the Command Effects Log in a list of `length` bytes. */
function walk_logs(cxlm: cxl_mem, list: usize, length: u32): i32 {
  if (length < LOGS_HEADER) return -ENOENT;
  const entries = min<u32>(load<u16>(list), (length - LOGS_HEADER) / LOGS_ENTRY);
  let rc: i32 = -ENOENT;
  for (let i: u32 = 0; i < entries; i++) {
    const entry = list + LOGS_HEADER + i * LOGS_ENTRY;
    if (load<u64>(entry) !== CXL_CEL_UUID_LO || load<u64>(entry, 8) !== CXL_CEL_UUID_HI) continue;
    rc = enable_from_log(cxlm, load<u32>(entry, 16));
    if (rc !== 0) break;
  }
  return rc;
}

/**
 * Finds out which commands the device has (N3, N4).
 *
 * @returns 0; -ENOENT without a Command Effects Log; -ENOMEM; what the mailbox returns
 * Context: while probing; sleeps. Ordering: none.
 */
export function cxl_mem_enumerate_cmds(cxlm: cxl_mem): i32 {
  const size = cxlm.payload_size;
  const list = kmalloc(size, SLAB_BOUNCE);
  if (list === 0) return -ENOMEM;
  const id = CXL_MEM_COMMAND_ID_GET_SUPPORTED_LOGS;
  const length = cxl_mem_mbox_send_cmd(cxlm, id, 0, 0, list, size);
  const rc = length < 0 ? length : walk_logs(cxlm, list, length);
  kfree(list);
  return rc;
}

/** @returns 0, or what the mailbox returns. Context: while probing; sleeps. Ordering: none. */
export function cxl_mem_identify(cxlm: cxl_mem): i32 {
  const p = cxl_stack_identify();
  const id = CXL_MEM_COMMAND_ID_IDENTIFY;
  const rc = cxl_mem_mbox_send_cmd(cxlm, id, 0, 0, p, CXL_IDENTIFY_BYTES);
  if (rc < 0) return rc;
  cxlm.firmware_version = load<u64>(p);
  cxlm.firmware_version_hi = load<u64>(p, 8);
  cxlm.ram_range_end = load<u64>(p, 24) - 1;
  cxlm.pmem_range_end = load<u64>(p, 32) - 1;
  return 0;
}

/**
 * Binds the driver up to, not including, its char device (N1).
 *
 * @param parent_dev - from cxl_pci_create(); nothing is bound to it
 * @returns the context's address; negative: -ENOMEM, -ENXIO, -ENOENT or what the mailbox returns,
 *          and then cxl_pci_unbind(parent_dev) is due
 * Context: sleeps. Ordering: none.
 */
export function cxl_mem_probe(parent_dev: usize): i32 {
  const p = cxl_mem_create(parent_dev);
  if (p === 0) return -ENOMEM;
  const cxlm = changetype<cxl_mem>(p);
  let rc = cxl_mem_setup_mailbox(cxlm);
  if (rc === 0) rc = cxl_mem_enumerate_cmds(cxlm);
  if (rc === 0) rc = cxl_mem_identify(cxlm);
  return rc === 0 ? <i32>p : rc;
}
