// SPDX-License-Identifier: GPL-2.0-only
/**
 * struct cxl_mem: the driver context of a memory device, and the state that all of them share.
 *
 * Source:  drivers/cxl/mem.h, mem.c (v5.12). It is what the gate protects: freed with the other
 *          devm resources of the parent when the driver is unbound, while the char device, and
 *          whoever has it open, may live on.
 *
 * State:   cxl_mem.state (u32): is this memory still a driver context, and the same one?
 *            0xC1A7 <generation:16>   alive; no two contexts in a row have the same generation
 *            0xDEADC1A7               released
 *            anything else            the memory has another use by now
 *
 * Rules:   M1  A context is alive from cxl_mem_create() until its devm action runs; the word is
 *              written before the memory goes back to the slab, which leaves it as it is until the
 *              memory has a new owner.
 *          M2  An ioctl body starts on a live context and finds the same one, still alive, when it
 *              ends. Anything else is a violation of the gate, and is reported as that; the body
 *              then gives up with -EIO instead of working on memory of somebody else.
 *
 * Ordering: M2 needs none: the check is an oracle, and a right gate orders it.
 * Cost:    two loads a body.
 * Not modelled: the bitmap of enabled commands is a word in here, not a second devm allocation.
 */
import { READ_ONCE, smp_store_release } from "../../arch/wasm/atomic";
import { LEVEL_VIOLATION, printk } from "../../arch/wasm/bug";
import { count_event, EV_VIOLATION } from "../../arch/wasm/events";
import { PERCPU_KSTACK, this_cpu_ptr } from "../../arch/wasm/percpu";
import { mutex } from "../../kernel/locking/mutex";

/** A body saw a dead context: a = the context, b = its state word. */
export const VIOLATION_BODY_WITH_DEAD_CONTEXT: u32 = 500;

export const CXL_MEM_ALIVE: u32 = 0xc1a70000;
export const CXL_MEM_DEAD: u32 = 0xdeadc1a7;

/** Most that a mailbox payload may have, whatever the device says; bytes. */
export const CXL_MAX_PAYLOAD: u32 = 1 << 20;
export const CXL_MIN_PAYLOAD: u32 = 256;

@unmanaged
@final
export class cxl_mem {
  /** The parent: struct device of the PCI function. */
  pdev: u32;
  /** Register blocks, see device_model.ts. */
  mbox_regs: u32;
  memdev_regs: u32;
  /** See the header. */
  state: u32;
  payload_size: u32;
  /** Bit i: command id i is enabled. Written while probing only. */
  enabled_cmds: u32;
  /** Capacities as IDENTIFY gave them: this driver takes the units of 256 MiB for bytes. */
  pmem_range_end: u64;
  ram_range_end: u64;
  /** 16 characters, not terminated when all are used. */
  firmware_version: u64;
  firmware_version_hi: u64;
}

/** The mutex that serialises the mailbox lies behind the fields. */
export const OFFSETOF_CXL_MEM_MBOX_MUTEX: u32 = offsetof<cxl_mem>();
export const OFFSETOF_CXL_MEM_STATE: u32 = offsetof<cxl_mem>("state");
export const OFFSETOF_CXL_MEM_PAYLOAD_SIZE: u32 = offsetof<cxl_mem>("payload_size");
export const OFFSETOF_CXL_MEM_ENABLED_CMDS: u32 = offsetof<cxl_mem>("enabled_cmds");
export const OFFSETOF_CXL_MEM_FIRMWARE_VERSION: u32 = offsetof<cxl_mem>("firmware_version");
export const OFFSETOF_CXL_MEM_PMEM_RANGE_END: u32 = offsetof<cxl_mem>("pmem_range_end");
export const OFFSETOF_CXL_MEM_RAM_RANGE_END: u32 = offsetof<cxl_mem>("ram_range_end");

/** What is static in the driver; zero at boot. The host or a test sets the knobs. */
@unmanaged
@final
export class cxl_globals {
  major: u32;
  /** CONFIG_CXL_MEM_RAW_COMMANDS. */
  raw_commands: u32;
  /** security_locked_down(). */
  locked_down: u32;
  /** debugfs cxl/mbox/raw_allow_all. */
  raw_allow_all: u32;
  /** One-shot warnings that have been given. */
  warned_raw: u32;
  warned_size: u32;
  /** Of the newest context. */
  generation: u32;
  /** How a wait for the doorbell passes the time: one of MBOX_WAIT_*. */
  mbox_wait: u32;
  /** Limit of one wait for the doorbell; 0 stands for the driver's 2 s. ns. */
  mbox_timeout_ns: u64;
}

/** A wait for the doorbell spins while that is the better way, and sleeps else. */
export const MBOX_WAIT_AUTO: u32 = 0;
/** It spins however long it takes, as the kernel does. */
export const MBOX_WAIT_SPIN: u32 = 1;
/** It sleeps however short it is. */
export const MBOX_WAIT_SLEEP: u32 = 2;

export const OFFSETOF_CXL_GLOBALS_MBOX_WAIT: u32 = offsetof<cxl_globals>("mbox_wait");
export const OFFSETOF_CXL_GLOBALS_RAW_COMMANDS: u32 = offsetof<cxl_globals>("raw_commands");
export const OFFSETOF_CXL_GLOBALS_LOCKED_DOWN: u32 = offsetof<cxl_globals>("locked_down");
export const OFFSETOF_CXL_GLOBALS_RAW_ALLOW_ALL: u32 = offsetof<cxl_globals>("raw_allow_all");
export const OFFSETOF_CXL_GLOBALS_WARNED_RAW: u32 = offsetof<cxl_globals>("warned_raw");
export const OFFSETOF_CXL_GLOBALS_WARNED_SIZE: u32 = offsetof<cxl_globals>("warned_size");
export const OFFSETOF_CXL_GLOBALS_MBOX_TIMEOUT_NS: u32 = offsetof<cxl_globals>("mbox_timeout_ns");

/** A command on its way through the mailbox. */
@unmanaged
@final
export class cxl_mbox_cmd {
  opcode: u32;
  payload_in: u32;
  payload_out: u32;
  size_in: u32;
  /** In: room at payload_out. Out: bytes put there; left alone when the device reports an error. */
  size_out: u32;
  return_code: u32;
  /** Command id; the kernel's own commands have theirs too. */
  id: u32;
  /** cxl_mem.state as the caller found it (M2). */
  state: u32;
}

// What the driver keeps on its kernel stack: a task is a CPU, so a place in the CPU's unit does.
const KSTACK_SEND: usize = 0; // cxl_send_command, cxl_command_info or the input of GET_LOG
const KSTACK_MBOX_CMD: usize = 0x40;
const KSTACK_IDENTIFY: usize = 0x80; // to 0xc3

/** The calling task's copy of what user space passed. Context: not across two ioctls. */
export function cxl_stack_send(): usize {
  return this_cpu_ptr(PERCPU_KSTACK + KSTACK_SEND);
}

export function cxl_stack_mbox_cmd(): cxl_mbox_cmd {
  return changetype<cxl_mbox_cmd>(this_cpu_ptr(PERCPU_KSTACK + KSTACK_MBOX_CMD));
}

export function cxl_stack_identify(): usize {
  return this_cpu_ptr(PERCPU_KSTACK + KSTACK_IDENTIFY);
}

export function cxl_mem_mbox_mutex(cxlm: cxl_mem): mutex {
  return changetype<mutex>(changetype<usize>(cxlm) + offsetof<cxl_mem>());
}

/** The state word, as it is now. Context: any; also on memory that was freed. Ordering: none. */
export function cxl_mem_state(cxlm: cxl_mem): u32 {
  return READ_ONCE(changetype<usize>(cxlm) + offsetof<cxl_mem>("state"));
}

export function cxl_mem_state_alive(state: u32): bool {
  return state >>> 16 === CXL_MEM_ALIVE >>> 16;
}

/** Context: by the owner of the memory. Ordering: release, so that M1's order holds. */
export function cxl_mem_set_state(cxlm: cxl_mem, state: u32): void {
  smp_store_release(changetype<usize>(cxlm) + offsetof<cxl_mem>("state"), state);
}

/** True once the memory is no longer the context that the caller entered with (M2). */
export function cxl_mem_gone(cxlm: cxl_mem, state: u32): bool {
  return cxl_mem_state(cxlm) !== state;
}

/** Reports a breach of M2. Context: any; never sleeps. Ordering: none. */
export function cxl_mem_violation(cxlm: cxl_mem, state: u32): void {
  count_event(EV_VIOLATION);
  printk(LEVEL_VIOLATION, VIOLATION_BODY_WITH_DEAD_CONTEXT, <u32>changetype<usize>(cxlm), state);
}
