// SPDX-License-Identifier: GPL-2.0-only
/**
 * The descriptor table: small numbers for open files. One for the machine, as if all its tasks were
 * threads of one process.
 *
 * Source:  fs/file.c: get_unused_fd_flags, fd_install, fget, close_fd (v6.12).
 *
 * State:   fd_array[NR_OPEN] at FD_ARRAY: file or 0. Which numbers are taken: an IDA at FILE_TABLE.
 *
 * Rules:   T1  A number is the lowest that is free. It is reserved before the open, so that a full
 *              table never reaches the driver.
 *          T2  A reserved number is no file yet: fget() says so.
 *          T3  fget() looks the file up without a lock, takes a reference unless the count is zero, and
 *              looks again: if the slot has changed, it drops that reference and retries.
 *          T4  Of two closes of one number at once, one succeeds.
 *
 * Ordering: O1  fd_install()'s release pairs with the acquire in fget(): a file is complete when found.
 * Cost:    fget() is two loads and a compare-exchange.
 * Not modelled: close-on-exec, dup, tables that grow. Full is -ENFILE: the table is the machine's.
 */
import { smp_load_acquire, smp_store_release, xchg } from "../arch/wasm/atomic";
import { EBADF, ENFILE } from "../arch/wasm/errno";
import { FD_ARRAY, FILE_TABLE } from "../arch/wasm/memory";
import { rcu_read_lock, rcu_read_unlock } from "../kernel/rcu/tree";
import { ida_alloc_range, ida_free, ida_init } from "../lib/idr";
import { fput, get_file_rcu } from "./file_table";

export const NR_OPEN: u32 = 1024;

const FD_IDA: usize = FILE_TABLE + 0x40;
const FD_BITMAP: usize = FD_ARRAY + 4 * NR_OPEN;

function slot_of(fd: u32): usize {
  return FD_ARRAY + ((<usize>fd) << 2);
}

/** Context: once, at boot. */
export function files_init(): void {
  ida_init(FD_IDA, FD_BITMAP, NR_OPEN);
}

/**
 * Reserves the lowest free descriptor (T1).
 *
 * @returns the descriptor, or -ENFILE
 * Context: any; never sleeps. Ordering: none.
 */
export function get_unused_fd(): i32 {
  const fd = ida_alloc_range(FD_IDA, 0, NR_OPEN - 1);
  return fd < 0 ? -ENFILE : fd;
}

/** Gives back a descriptor that was reserved and not installed. Context: any. Ordering: none. */
export function put_unused_fd(fd: u32): void {
  ida_free(FD_IDA, fd);
}

/** Makes `filp` what the reserved `fd` means; consumes the file's reference. Ordering: release (O1). */
export function __fd_install(fd: u32, filp: usize): void {
  smp_store_release(slot_of(fd), <u32>filp);
}

/**
 * get_unused_fd() and __fd_install() in one.
 *
 * @returns the descriptor, which owns the reference now; or -ENFILE: the caller still owns it
 * Context: any; never sleeps. Ordering: release (O1).
 */
export function fd_install(filp: usize): i32 {
  const fd = get_unused_fd();
  if (fd >= 0) __fd_install(fd, filp);
  return fd;
}

/**
 * The file of a descriptor, with a reference for the caller to fput() (T3).
 *
 * @returns the file, or 0 when fd is not open
 * Context: any; never sleeps. Ordering: acquire (O1).
 */
export function fget(fd: u32): usize {
  if (fd >= NR_OPEN) return 0;
  rcu_read_lock();
  let filp = smp_load_acquire(slot_of(fd));
  while (filp !== 0) {
    if (get_file_rcu(filp)) {
      if (smp_load_acquire(slot_of(fd)) === filp) break;
      fput(filp); // may sleep, which ends this reader: nothing that it read is used again
    }
    filp = smp_load_acquire(slot_of(fd));
  }
  rcu_read_unlock();
  return filp;
}

/**
 * Closes a descriptor and drops its reference: if it was the last, the file is released here.
 *
 * @returns 0, or -EBADF
 * Context: may sleep. Ordering: as fput().
 */
export function close(fd: u32): i32 {
  if (fd >= NR_OPEN) return -EBADF;
  const filp = xchg(slot_of(fd), 0); // T4
  if (filp === 0) return -EBADF;
  ida_free(FD_IDA, fd);
  fput(filp);
  return 0;
}
