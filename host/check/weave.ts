// SPDX-License-Identifier: GPL-2.0-only
/** Makes the kernel as coroutines. */
import { coroutineModule } from "../instrument/coroutine-image.ts";
import { readKernelText } from "../machine/image.ts";
import { type CheckImage, imageOf, type Woven } from "./image.ts";

/** Exports that every machine needs. */
const ROOTS = ["set_smp_processor_id", "kernel_boot", "cpu_up", "cpu_enter", "cpu_leave"];
const PAGES_AT_LEAST = 16;

/** Makes what `roots` reach. @throws BootError when the kernel was not built */
export function weave(roots: readonly string[]): Woven {
  const text = readKernelText();
  const all = [...new Set([...ROOTS, ...roots])];
  const { wasm, sites } = coroutineModule(text.wasm, all, PAGES_AT_LEAST);
  return { module: new WebAssembly.Module(wasm), sites, text };
}

/** The image of what `roots` reach. @throws as weave() does */
export function checkImage(roots: readonly string[]): CheckImage {
  return imageOf(weave(roots));
}
