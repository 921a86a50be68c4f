// SPDX-License-Identifier: GPL-2.0-only
/** What a system call comes to: a value, or an errno. */
import { errnoName } from "../abi/errno.ts";

/** The call failed: `errno` is positive, `code` its name, as in "ENXIO". */
export interface SyscallFailure {
  readonly ok: false;
  readonly errno: number;
  readonly code: string;
}

/** An errno is an outcome like any other, so it is returned, not thrown; unwrap() throws it. */
export type SyscallResult<T> = { readonly ok: true; readonly value: T } | SyscallFailure;

/** What unwrap() throws. */
export class ErrnoError extends Error {
  override name = "ErrnoError";
  readonly errno: number;
  readonly code: string;

  constructor({ errno, code }: SyscallFailure) {
    super(`${code} (errno ${errno})`);
    this.errno = errno;
    this.code = code;
  }
}

/** The value of a call that succeeded. @throws ErrnoError when it did not */
export function unwrap<T>(result: SyscallResult<T>): T {
  if (result.ok) return result.value;
  throw new ErrnoError(result);
}

/** The result of a call that returned `rc`: negative is an errno. */
export function resultOf<T>(rc: number, value: (rc: number) => T): SyscallResult<T> {
  if (rc >= 0) return { ok: true, value: value(rc) };
  return { ok: false, errno: -rc, code: errnoName(rc) };
}
