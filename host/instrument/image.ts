// SPDX-License-Identifier: GPL-2.0-only
/** The sanitized kernel, made and compiled once per process: boot it with `{ image, shadow: true }`. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { SourceMap } from "../abi/source-map.ts";
import { BootError } from "../errors.ts";
import { selectTier, type Tier } from "../machine/engine.ts";
import { compileImage, KERNEL_MAP_PATH, type KernelImage, readKernel } from "../machine/image.ts";
import { sanitize } from "./sanitize.ts";
import type { Site } from "./sites.ts";

export interface SanitizedImage {
  /** Its sha256 is that of the kernel that it was made from. */
  readonly image: KernelImage;
  /** For readReports() and describeReport(). */
  readonly sites: readonly Site[];
}

/** Makes the sanitized variant of the module `wasm`, whose source map is `map`, and compiles it. */
export function sanitizedImage(wasm: Uint8Array, map: string, tier: Tier): SanitizedImage {
  const { wasm: made, sites, origin } = sanitize(wasm, map);
  const compiled = compileImage("sanitized kernel", made, tier);
  let lines: SourceMap | undefined;
  const locate = (offset: number) => {
    lines ??= new SourceMap(map);
    const at = lines.locate(origin(offset));
    return at === null ? null : `${at.file}:${at.line}`;
  };
  const sha256 = createHash("sha256").update(wasm).digest("hex");
  return { image: { ...compiled, sha256, locate }, sites };
}

function readMap(): string {
  try {
    return readFileSync(KERNEL_MAP_PATH, "utf8");
  } catch (cause) {
    const message = `cannot read ${KERNEL_MAP_PATH}: run \`npm run build:kernel\` first`;
    throw new BootError(message, { cause });
  }
}

let sanitized: SanitizedImage | undefined;

/**
 * kernel.wasm under the sanitizer.
 *
 * @throws BootError when it, or its source map, was not built; as selectTier() for another tier
 */
export function sanitizedKernel(tier: Tier): SanitizedImage {
  selectTier(tier);
  sanitized ??= sanitizedImage(readKernel(), readMap(), tier);
  return sanitized;
}
