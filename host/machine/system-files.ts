// SPDX-License-Identifier: GPL-2.0-only
/** What Linux tells in small files below /proc and /sys; on another system there are none. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface SystemFiles {
  /** The text of a file without the white space around it; null where it cannot be read. */
  text(path: string): string | null;
  /** The names in a folder, sorted; none where it cannot be read. */
  names(path: string): string[];
}

/** @param root - the folder that /proc and /sys are looked for in */
export function systemFiles(root = "/"): SystemFiles {
  return {
    text(path) {
      try {
        return readFileSync(join(root, path), "utf8").trim();
      } catch {
        return null; // not there, or not for us: either way it is not known
      }
    },
    names(path) {
      try {
        return readdirSync(join(root, path)).sort();
      } catch {
        return [];
      }
    },
  };
}
