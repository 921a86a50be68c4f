// SPDX-License-Identifier: GPL-2.0-only
/**
 * The driver context's life, and the ioctl body that a gate protects.
 *
 * Source:  drivers/cxl/mem.c (v5.12): cxl_mem_create, __cxl_memdev_ioctl.
 *
 * State:   see cxlmem.ts.
 *
 * Rules:   see M1 and M2 there.
 *          B1  An ioctl that the driver does not know is -ENOTTY.
 *
 * Ordering: the body needs none of its own: the gate's entry and exit order it against the free.
 * Cost:    the checks of M2, beside what the command costs.
 */
import { atomic_add_return } from "../../arch/wasm/atomic";
import { EIO, ENOTTY } from "../../arch/wasm/errno";
import { count_event, EV_IOCTL, EV_IOCTL_ERROR } from "../../arch/wasm/events";
import { CXL_STATE } from "../../arch/wasm/memory";
import { mutex, mutex_init } from "../../kernel/locking/mutex";
import { kfree, kzalloc, SLAB_CXL_MEM } from "../../mm/slab";
import { devm_add_action } from "../base/devres";
import {
  CXL_MEM_ALIVE,
  CXL_MEM_DEAD,
  cxl_globals,
  cxl_mem,
  cxl_mem_gone,
  cxl_mem_mbox_mutex,
  cxl_mem_set_state,
  cxl_mem_state,
  cxl_mem_state_alive,
  cxl_mem_violation,
} from "./cxlmem";
import { cxl_hw_mbox_regs, cxl_hw_memdev_regs } from "./device_model";
import { cxl_pci_hw } from "./pci";
import { CXL_MEM_QUERY_COMMANDS, CXL_MEM_SEND_COMMAND } from "./uapi";
import { cxl_query_cmd, cxl_send_cmd } from "./user";

/** devm action: callbacks.ts calls cxl_mem_devm_free(). */
export const DEVM_CXL_MEM_FREE: u32 = 500;

/**
 * Makes the driver context of a device, as a devm resource of its PCI function.
 *
 * @param parent_dev - from cxl_pci_create()
 * @returns the context, alive, with its registers mapped; 0 without memory
 * Context: may sleep in the kernel; by the one prober of that device. Ordering: release of `state`.
 */
export function cxl_mem_create(parent_dev: usize): usize {
  const p = kzalloc(<u32>(offsetof<cxl_mem>() + offsetof<mutex>()), SLAB_CXL_MEM);
  if (p === 0) return 0;
  if (devm_add_action(parent_dev, DEVM_CXL_MEM_FREE, p) !== 0) {
    kfree(p);
    return 0;
  }
  const cxlm = changetype<cxl_mem>(p);
  const hw = cxl_pci_hw(parent_dev);
  cxlm.pdev = <u32>parent_dev;
  cxlm.mbox_regs = <u32>cxl_hw_mbox_regs(hw);
  cxlm.memdev_regs = <u32>cxl_hw_memdev_regs(hw);
  mutex_init(cxl_mem_mbox_mutex(cxlm));
  const generation = atomic_add_return(1, CXL_STATE + offsetof<cxl_globals>("generation"));
  cxl_mem_set_state(cxlm, CXL_MEM_ALIVE | (<u32>generation & 0xffff));
  return p;
}

/** The devm action of cxl_mem_create(): M1. Context: while the driver is unbound. Ordering: none. */
export function cxl_mem_devm_free(p: usize): void {
  cxl_mem_set_state(changetype<cxl_mem>(p), CXL_MEM_DEAD);
  kfree(p);
}

/**
 * The ioctl body: what runs inside the gate.
 *
 * @param p - the context, which the gate says is there
 * @param cmd - CXL_MEM_QUERY_COMMANDS or CXL_MEM_SEND_COMMAND
 * @param arg - user address of its structure; need not be one
 * @returns 0; -ENOTTY (B1); -EIO when the context is dead (M2); else what user.ts documents
 * Context: sleeps, up to twice the mailbox limit. Ordering: none.
 */
export function __cxl_memdev_ioctl(p: usize, cmd: u32, arg: u64): i32 {
  const cxlm = changetype<cxl_mem>(p);
  const state = cxl_mem_state(cxlm);
  count_event(EV_IOCTL);
  if (!cxl_mem_state_alive(state)) {
    cxl_mem_violation(cxlm, state);
    count_event(EV_IOCTL_ERROR);
    return -EIO;
  }
  let rc: i32 = -ENOTTY;
  if (cmd === CXL_MEM_SEND_COMMAND) rc = cxl_send_cmd(cxlm, state, arg);
  else if (cmd === CXL_MEM_QUERY_COMMANDS) rc = cxl_query_cmd(arg);
  if (cxl_mem_gone(cxlm, state)) cxl_mem_violation(cxlm, cxl_mem_state(cxlm));
  if (rc < 0) count_event(EV_IOCTL_ERROR);
  return rc;
}
