// SPDX-License-Identifier: GPL-2.0-only
/** The kernel as coroutines, as threads that search are given it. */
import type { KernelAbi } from "../abi/kernel.ts";
import type { CoroutineModule } from "../instrument/coroutine-image.ts";
import { type Located, SiteLines } from "../instrument/site-lines.ts";
import { TIERING } from "../machine/engine.ts";
import { type KernelText, kernelImage } from "../machine/image.ts";

/** Plain data, which threads can be sent: weave.ts makes it. */
export interface Woven {
  readonly module: WebAssembly.Module;
  readonly sites: CoroutineModule["sites"];
  /** What it was made of. */
  readonly text: KernelText;
}

export interface CheckImage {
  readonly woven: Woven;
  readonly lines: Located;
  readonly abi: KernelAbi;
}

export function imageOf(woven: Woven): CheckImage {
  return { woven, lines: new SiteLines(woven.text), abi: kernelImage(TIERING).abi };
}
