// SPDX-License-Identifier: GPL-2.0-only
/** The sanitized kernel, made and compiled once per process: boot it with `{ image, shadow: true }`. */
import { readFileSync } from "node:fs";
import { BootError } from "../errors.ts";
import type { Tier } from "../machine/engine.ts";
import { compileImage, KERNEL_MAP_PATH, type KernelImage, readKernel } from "../machine/image.ts";
import { sanitize } from "./sanitize.ts";
import type { Site } from "./sites.ts";

export interface SanitizedImage {
  readonly image: KernelImage;
  /** For readReports() and describeReport(). */
  readonly sites: readonly Site[];
}

let sanitized: SanitizedImage | undefined;

/** Makes the sanitized variant of the module `wasm`, whose source map is `map`, and compiles it. */
export function sanitizedImage(wasm: Uint8Array, map: string, tier: Tier): SanitizedImage {
  const made = sanitize(wasm, map);
  return { image: compileImage("sanitized kernel", made.wasm, tier), sites: made.sites };
}

/** kernel.wasm under the sanitizer. @throws BootError when it, or its source map, was not built */
export function sanitizedKernel(tier: Tier): SanitizedImage {
  if (sanitized === undefined) {
    let map: string;
    try {
      map = readFileSync(KERNEL_MAP_PATH, "utf8");
    } catch (cause) {
      throw new BootError(`cannot read ${KERNEL_MAP_PATH}: run \`npm run build:kernel\` first`, {
        cause,
      });
    }
    sanitized = sanitizedImage(readKernel(), map, tier);
  }
  return sanitized;
}
