// SPDX-License-Identifier: GPL-2.0-only
/**
 * Writes a result so that the file is either whole or not there: to a temporary file beside it, then
 * renamed. The temporary file is opened before anything is measured, because that is when a path that
 * cannot be written should be found out.
 */
import {
  accessSync,
  closeSync,
  constants,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { UsageError } from "../errors.ts";
import type { Result } from "../result/result.ts";
import { reasonOf } from "./saved.ts";

/** A file that is going to hold a result. */
export interface Target {
  readonly path: string;
  /** Writes the result; after that, discard() does nothing. */
  save(result: Result): void;
  /** Leaves no trace; may be called at any time, in an exit handler too. */
  discard(): void;
}

/** One object, two-space indent, newline at the end. */
export function toJson(result: Result): string {
  return `${JSON.stringify(result, null, 2)}\n`;
}

/**
 * @param path - where the result is to be; what is there stays until save()
 * @throws UsageError when it cannot be written: no such directory, no permission, a directory
 */
export function openTarget(path: string): Target {
  try {
    const kind = statSync(path, { throwIfNoEntry: false });
    if (kind?.isDirectory()) throw new UsageError(`--json ${path}: is a directory`);
    if (kind) accessSync(path, constants.W_OK);
    // A pipe or a device is written to, never replaced.
    if (kind && !kind.isFile())
      return { path, save: (r) => writeFileSync(path, toJson(r)), discard() {} };
    return temporaryTarget(path, kind ? realpathSync(path) : path);
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    const where = isMissing(cause) ? `: no directory ${dirname(path)}` : `: ${reasonOf(cause)}`;
    throw new UsageError(`--json ${path}: cannot be written${where}`, { cause });
  }
}

function temporaryTarget(path: string, real: string): Target {
  const temporary = `${real}.${process.pid}.tmp`;
  const fd = openSync(temporary, "wx");
  let open = true;
  return {
    path,
    save(result) {
      writeFileSync(fd, toJson(result));
      fsyncSync(fd);
      closeSync(fd);
      renameSync(temporary, real);
      open = false;
    },
    discard() {
      if (open) rmSync(temporary, { force: true });
      open = false;
    },
  };
}

function isMissing(cause: unknown): boolean {
  return (cause as NodeJS.ErrnoException).code === "ENOENT";
}
