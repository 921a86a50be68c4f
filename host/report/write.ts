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
import { MachineError, UsageError } from "../errors.ts";
import { reasonOf } from "./saved.ts";

/** A file that is going to hold a result, or another object. */
export interface Target {
  readonly path: string;
  /** Writes the text, whole; after that, discard() does nothing. */
  save(json: string): void;
  /** Leaves no trace; may be called at any time, in an exit handler too. */
  discard(): void;
}

/** One object, two-space indent, newline at the end. */
export function toJson(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/**
 * @param path - where the result is to be; what is there stays until save()
 * @param option - that named it
 * @throws UsageError when it cannot be written: no such directory, no permission, a directory
 */
export function openTarget(path: string, option = "--json"): Target {
  try {
    const kind = statSync(path, { throwIfNoEntry: false });
    if (kind?.isDirectory()) throw new UsageError(`${option} ${path}: is a directory`);
    if (kind) accessSync(path, constants.W_OK);
    // A pipe or a device is written to, never replaced.
    if (kind && !kind.isFile()) return inPlace(path);
    return temporaryTarget(path, kind ? realpathSync(path) : path);
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw new UsageError(`${option} ${path}: cannot be written: ${whyNot(path, cause)}`, { cause });
  }
}

function inPlace(path: string): Target {
  return { path, save: (json) => saving(path, () => writeFileSync(path, json)), discard() {} };
}

function temporaryTarget(path: string, real: string): Target {
  const temporary = `${real}.${process.pid}.tmp`;
  const fd = openSync(temporary, "wx");
  let open = true;
  const discard = () => {
    if (open) rmSync(temporary, { force: true });
    open = false;
  };
  const replace = (json: string) => {
    writeFileSync(fd, json);
    fsyncSync(fd);
    closeSync(fd);
    renameSync(temporary, real);
    open = false;
  };
  return { path, save: (json) => saving(path, () => replace(json)), discard };
}

/** It could be written before the run and cannot now: a full disk, most likely. */
function saving(path: string, write: () => void): void {
  try {
    write();
  } catch (cause) {
    throw new MachineError(`${path}: cannot be written: ${reasonOf(cause)}`, { cause });
  }
}

function whyNot(path: string, cause: unknown): string {
  if ((cause as NodeJS.ErrnoException).code !== "ENOENT") return reasonOf(cause);
  const directory = dirname(path);
  const isThere = statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true;
  return isThere ? `no file can be made in ${directory}` : `no directory ${directory}`;
}
