// SPDX-License-Identifier: GPL-2.0-only
/**
 * struct file: what an open returns, and what its last reference undoes.
 *
 * Source:  fs/file_table.c, fs/open.c do_dentry_open() (v6.12; freed through RCU as until 6.6).
 *
 * State:   f_count (refcount_t): 1 for the descriptor, 1 for each system call under way on it.
 *
 * Rules:   F1  The last fput() calls the driver's release, THEN drops the cdev, then the inode, then
 *              the memory: release may still use what the cdev pins.
 *          F2  A file whose open failed is never released: the driver did not see it open.
 *          F3  The memory goes through a grace period: who found the file in the descriptor table a
 *              moment ago may still try its count.
 *
 * Ordering: the count releases on each put, acquires on the last.
 * Not modelled: f_pos, modes, f_owner, locks; fput() runs the release at once, not on the way back to
 *          user mode.
 */
import { ENOMEM } from "../arch/wasm/errno";
import { count_event, EV_OPEN, EV_OPEN_FAIL, EV_RELEASE } from "../arch/wasm/events";
import { fops_release } from "../callbacks";
import { call_rcu, rcu_head } from "../kernel/rcu/tree";
import { refcount_dec_and_test, refcount_inc_not_zero, refcount_set } from "../lib/refcount";
import { kfree, kzalloc, SLAB_FILE } from "../mm/slab";
import { CHRDEV_MAJOR, cdev_put, chrdev_open, MKDEV } from "./char_dev";
import { ihold, inode, inode_of_rdev, iput } from "./inode";

/** rcu_invoke() id of file_free_rcu(). */
export const RCU_FILE_FREE: u32 = 2;

@unmanaged
@final
export class file {
  f_count: u32;
  /** Driver id: whose file operations; set by chrdev_open(). */
  f_op: u32;
  f_inode: usize;
  private_data: usize;
}

export const OFFSETOF_FILE_F_COUNT: u32 = offsetof<file>("f_count");
export const OFFSETOF_FILE_F_OP: u32 = offsetof<file>("f_op");
export const OFFSETOF_FILE_F_INODE: u32 = offsetof<file>("f_inode");
export const OFFSETOF_FILE_PRIVATE_DATA: u32 = offsetof<file>("private_data");

/** The rcu_head lies behind the fields. */
const F_RCU: usize = offsetof<file>();
const FILE_BYTES: u32 = offsetof<file>() + offsetof<rcu_head>();

function f_count(filp: usize): usize {
  return filp + offsetof<file>("f_count");
}

/** The inode of the node that mknod made for `minor`; 0 when memory is out. See inode.ts. */
export function inode_of(minor: u32): usize {
  return inode_of_rdev(MKDEV(CHRDEV_MAJOR, minor));
}

/** Opens the inode into a new file. 0 or what chrdev_open() says. */
function do_dentry_open(filp: usize, inode: usize): i32 {
  refcount_set(f_count(filp), 1);
  changetype<file>(filp).f_inode = inode; // plain: the file is not public yet
  ihold(inode);
  const error = chrdev_open(inode, filp);
  if (error !== 0) iput(inode);
  return error;
}

/**
 * Opens the device node of `minor`.
 *
 * @returns the file with one reference; negative, as isize: -ENOMEM; -ENXIO when there is no device;
 *          what the driver's open says
 * Context: may sleep. Ordering: as chrdev_open().
 */
export function filp_open(minor: u32): usize {
  const inode = inode_of(minor);
  const filp = inode === 0 ? <usize>0 : kzalloc(FILE_BYTES, SLAB_FILE);
  const error = filp === 0 ? -ENOMEM : do_dentry_open(filp, inode);
  if (error === 0) {
    count_event(EV_OPEN);
    return filp;
  }
  kfree(filp); // F2; nobody else has seen it
  count_event(EV_OPEN_FAIL);
  return <usize>error;
}

/** Takes a reference, unless the file is on its way out. Context: any; never sleeps. Ordering: acquire. */
export function get_file_rcu(filp: usize): bool {
  return refcount_inc_not_zero(f_count(filp));
}

function __fput(filp: usize): void {
  const f = changetype<file>(filp); // plain: the last reference is ours
  fops_release(f.f_op, filp);
  cdev_put(changetype<inode>(f.f_inode).i_cdev); // plain: constant while a file pins the cdev
  iput(f.f_inode);
  count_event(EV_RELEASE);
  call_rcu(changetype<rcu_head>(filp + F_RCU), RCU_FILE_FREE); // F3
}

/**
 * Drops a reference; the last one releases the file (F1).
 *
 * Context: may sleep. Ordering: release; acquire on the last.
 */
export function fput(filp: usize): void {
  if (refcount_dec_and_test(f_count(filp))) __fput(filp);
}

/** The grace period behind F3 is over. Called from callbacks.ts; never sleeps. */
export function file_free_rcu(head: usize): void {
  kfree(head - F_RCU);
}
