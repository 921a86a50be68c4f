// SPDX-License-Identifier: GPL-2.0-only
// Linux's error numbers (include/uapi/asm-generic/errno-base.h, errno.h), whatever the host's are: the
// kernel returns them negated.

export const Errno = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  EIO: 5,
  ENXIO: 6,
  E2BIG: 7,
  EBADF: 9,
  ENOMEM: 12,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  EINVAL: 22,
  ENFILE: 23,
  ENOTTY: 25,
  ENOSPC: 28,
  ETIMEDOUT: 110,
} as const;

export type ErrnoName = keyof typeof Errno;

const names = new Map<number, ErrnoName>(
  (Object.entries(Errno) as [ErrnoName, number][]).map(([name, number]) => [number, name]),
);

/** The name of what a kernel call returned: `errnoName(-6) === "ENXIO"`; "0" for success. */
export function errnoName(rc: number): string {
  if (rc >= 0) return String(rc);
  return names.get(-rc) ?? `errno ${-rc}`;
}
