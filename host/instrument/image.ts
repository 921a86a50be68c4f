// SPDX-License-Identifier: GPL-2.0-only
/** The sanitized kernel, made and compiled once per process: boot it with `{ image, shadow: true }`. */
import { createHash } from "node:crypto";
import { SourceMap } from "../abi/source-map.ts";
import { selectTier, type Tier } from "../machine/engine.ts";
import {
  compileImage,
  type KernelImage,
  type KernelText,
  readKernelText,
} from "../machine/image.ts";
import { sanitize } from "./sanitize.ts";
import type { Located } from "./site-lines.ts";
import type { Site } from "./sites.ts";

export interface SanitizedImage {
  /** Its sha256 is that of the kernel that it was made from. */
  readonly image: KernelImage;
  /** For readReports() and describeReport(). */
  readonly sites: readonly Site[];
  readonly lines: Located;
}

/** Makes the sanitized variant of a kernel, and compiles it. */
export function sanitizedImage(text: KernelText, tier: Tier): SanitizedImage {
  const { wasm, map } = text;
  const { wasm: made, sites, lines, origin } = sanitize(text);
  const compiled = compileImage("sanitized kernel", made, tier);
  let sources: SourceMap | undefined;
  const locate = (offset: number) => {
    sources ??= new SourceMap(map);
    const at = sources.locate(origin(offset));
    return at === null ? null : `${at.file}:${at.line}`;
  };
  const sha256 = createHash("sha256").update(wasm).digest("hex");
  return { image: { ...compiled, sha256, locate }, sites, lines };
}

let sanitized: SanitizedImage | undefined;

/**
 * kernel.wasm under the sanitizer.
 *
 * @throws BootError when it, or its source map, was not built; as selectTier() for another tier
 */
export function sanitizedKernel(tier: Tier): SanitizedImage {
  selectTier(tier);
  sanitized ??= sanitizedImage(readKernelText(), tier);
  return sanitized;
}
