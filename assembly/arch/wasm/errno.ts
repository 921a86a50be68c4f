// SPDX-License-Identifier: GPL-2.0-only
// Source: include/uapi/asm-generic/errno-base.h, errno.h. Linux's numbers, not WASI's.
export const EPERM: i32 = 1;
export const ENOENT: i32 = 2;
export const EINTR: i32 = 4;
export const EIO: i32 = 5;
export const ENXIO: i32 = 6;
export const E2BIG: i32 = 7;
export const EBADF: i32 = 9;
export const ENOMEM: i32 = 12;
export const EFAULT: i32 = 14;
export const EBUSY: i32 = 16;
export const EEXIST: i32 = 17;
export const ENODEV: i32 = 19;
export const EINVAL: i32 = 22;
export const ENFILE: i32 = 23;
export const ENOTTY: i32 = 25;
export const ENOSPC: i32 = 28;
export const ETIMEDOUT: i32 = 110;
