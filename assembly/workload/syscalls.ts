// SPDX-License-Identifier: GPL-2.0-only
/**
 * The system calls that the host and the tests make, one a call of an export.
 *
 * Source:  fs/open.c, fs/ioctl.c; plugging stands for what a hotplug controller does.
 *
 * Rules:   Y1  Each ends in a quiescent state, and runs the callbacks whose grace period is over: a
 *              task in user mode holds up nobody.
 *          Y2  ioctl() holds the file for as long as it runs: a close meanwhile does not release it.
 *          Y3  open() reserves the descriptor before it opens.
 */
import { EBADF, ENXIO } from "../arch/wasm/errno";
import { count_event, EV_IOCTL_ENXIO } from "../arch/wasm/events";
import { PERCPU_SCRATCH, this_cpu_ptr } from "../arch/wasm/percpu";
import { cxl_minor, cxl_probe, cxl_remove } from "../drivers/cxl/hotplug";
import { cxl_bind, cxl_unbind } from "../drivers/cxl/memdev/bind";
import { dispatch_driver } from "../drivers/cxl/memdev/table";
import { __fd_install, close, fget, get_unused_fd, put_unused_fd } from "../fs/file";
import { file, filp_open, fput } from "../fs/file_table";
import { rcu_user_enter } from "../kernel/rcu/tree";

/** Behind the bytes that ktime_get() uses. */
const IOCTL_ARGS: usize = PERCPU_SCRATCH + 0x40;

/** The arguments of an ioctl, in the CPU's unit: an op has no other way to get three. */
@unmanaged
@final
class ioctl_op {
  arg: u64;
  file: usize;
  cmd: u32;

  run<D extends Driver>(): i32 {
    return changetype<D>(0).ioctl(this.file, this.cmd, this.arg); // plain: this CPU's own
  }
}

/** Y1. */
function syscall_exit(rc: i32): i32 {
  rcu_user_enter();
  return rc;
}

/**
 * Plugs in a new device and binds a driver to it.
 *
 * @param driver - (revision << 8) | gate
 * @returns a handle for the calls below, > 0; or what cxl_probe() says
 * Context: outside the kernel; sleeps. Ordering: as cxl_probe().
 */
export function sys_probe(driver: u32): i32 {
  return syscall_exit(cxl_probe(driver, 0, 0));
}

/**
 * Unbinds and unplugs; the handle is void afterwards.
 *
 * @returns 0, or -EBUSY: then nothing happened
 * Context: outside the kernel; sleeps. Ordering: as cxl_remove().
 */
export function sys_remove(handle: usize): i32 {
  return syscall_exit(cxl_remove(handle));
}

/** Binds a driver to a device that has none. @returns as cxl_bind(). Context: as sys_probe(). */
export function sys_bind(handle: usize, driver: u32): i32 {
  return syscall_exit(cxl_bind(handle, driver));
}

/** Unbinds; the device stays plugged in. @returns as cxl_unbind(). Context: as sys_remove(). */
export function sys_unbind(handle: usize): i32 {
  return syscall_exit(cxl_unbind(handle));
}

/** The minor of a device's node, or -ENODEV while it has none. Context: any. Ordering: none. */
export function sys_minor(handle: usize): i32 {
  return cxl_minor(handle);
}

/** Opens into a reserved descriptor; gives it back on failure. */
function do_sys_open(fd: u32, minor: u32): i32 {
  const filp = filp_open(minor);
  if (<isize>filp < 0) {
    put_unused_fd(fd);
    return <i32>filp;
  }
  __fd_install(fd, filp);
  return <i32>fd;
}

/**
 * Opens the node of `minor`.
 *
 * @returns a descriptor; -ENFILE; -ENOMEM; -ENXIO when there is no device
 * Context: outside the kernel; may sleep. Ordering: as filp_open().
 */
export function sys_open(minor: u32): i32 {
  const fd = get_unused_fd(); // Y3
  return syscall_exit(fd < 0 ? fd : do_sys_open(fd, minor));
}

/** The ioctl of the file's driver. */
function vfs_ioctl(filp: usize, cmd: u32, arg: u64): i32 {
  const op = changetype<ioctl_op>(this_cpu_ptr(IOCTL_ARGS)); // plain: this CPU's own
  op.file = filp;
  op.cmd = cmd;
  op.arg = arg;
  const driver = changetype<file>(filp).f_op; // plain: constant while it is open
  return dispatch_driver<ioctl_op>(driver, op);
}

/**
 * @param arg - user address
 * @returns -EBADF; -ENXIO when the device is gone; what the driver says
 * Context: outside the kernel; sleeps. Ordering: the gate's.
 */
export function sys_ioctl(fd: u32, cmd: u32, arg: u64): i32 {
  const filp = fget(fd);
  if (filp === 0) return syscall_exit(-EBADF);
  const rc = vfs_ioctl(filp, cmd, arg);
  if (rc === -ENXIO) count_event(EV_IOCTL_ENXIO);
  fput(filp); // Y2
  return syscall_exit(rc);
}

/** @returns 0 or -EBADF. Context: outside the kernel; may sleep. Ordering: as fput(). */
export function sys_close(fd: u32): i32 {
  return syscall_exit(close(fd));
}
