// SPDX-License-Identifier: GPL-2.0-only
/**
 * kernel.wasm, read and compiled once per process and variant. What stress runs is made from the same
 * bytes by a pass; its maker hands the result in as another variant.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { KernelAbi } from "../abi/kernel.ts";
import { SourceMap } from "../abi/source-map.ts";
import { BootError } from "../errors.ts";
import { bytesToCompile, type Engine, selectTier, type TIERING, type Tier } from "./engine.ts";
import { wasiImports } from "./wasi.ts";

/** The module's import asks for at least this much memory, and bears no more than the maximum. */
export const MIN_PAGES = 256;
export const MAX_PAGES = 16384;
export const PAGE_BYTES = 65536;

/** What a kernel was built to: plain data. */
export interface KernelText {
  /** kernel.wasm */
  readonly wasm: Uint8Array<ArrayBuffer>;
  /** The text of kernel.wasm.map. */
  readonly map: string;
}

export interface KernelImage {
  /** "kernel", or what a pass made of it. */
  readonly variant: string;
  readonly module: WebAssembly.Module;
  readonly abi: KernelAbi;
  /** sha256 of the bytes, hex. */
  readonly sha256: string;
  readonly engine: Engine;
  /** Where in assembly/ the instruction at a byte offset comes from: "file:line", null if unknown. */
  locate(offset: number): string | null;
}

const built = extname(import.meta.url) === ".ts" ? "../../build/" : "../../";

/** Where the build put the module and its source map. */
export const KERNEL_PATH: string = fileURLToPath(new URL(`${built}kernel.wasm`, import.meta.url));
export const KERNEL_MAP_PATH = `${KERNEL_PATH}.map`;

/** @throws BootError when it was not built */
export function readKernel(): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(readFileSync(KERNEL_PATH));
  } catch (cause) {
    throw new BootError(`cannot read ${KERNEL_PATH}: run \`npm run build:kernel\` first`, {
      cause,
    });
  }
}

/** @throws BootError when one of both was not built */
export function readKernelText(): KernelText {
  const wasm = readKernel();
  try {
    return { wasm, map: readFileSync(KERNEL_MAP_PATH, "utf8") };
  } catch (cause) {
    throw new BootError(`cannot read ${KERNEL_MAP_PATH}: run \`npm run build:kernel\` first`, {
      cause,
    });
  }
}

/** The kernel's source map; null when the build wrote none. */
export function readKernelMap(): SourceMap | null {
  try {
    return new SourceMap(readFileSync(KERNEL_MAP_PATH, "utf8"));
  } catch {
    return null;
  }
}

/**
 * Compiles `bytes` in the process's tier, and reads the constants out of a throw-away instance.
 *
 * @param sourceMap - of these very bytes; called when a panic is first described
 * @throws BootError when they are no kernel
 */
export function compileImage(
  variant: string,
  bytes: Uint8Array<ArrayBuffer>,
  tier: Tier | typeof TIERING,
  sourceMap: () => SourceMap | null = () => null,
): KernelImage {
  const engine = selectTier(tier);
  let map: SourceMap | null | undefined;
  const locate = (offset: number) => {
    if (map === undefined) map = sourceMap();
    const at = map?.locate(offset);
    return at ? `${at.file}:${at.line}` : null;
  };
  try {
    const module = new WebAssembly.Module(bytesToCompile(bytes));
    const memory = new WebAssembly.Memory({ initial: MIN_PAGES, maximum: MIN_PAGES, shared: true });
    const instance = new WebAssembly.Instance(module, wasiImports(memory));
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    return { variant, module, abi: new KernelAbi(instance.exports), sha256, engine, locate };
  } catch (cause) {
    throw new BootError(`${variant} does not compile: ${(cause as Error).message}`, { cause });
  }
}

let kernel: KernelImage | undefined;

/** kernel.wasm as it was built. @throws as compileImage() and selectTier() do */
export function kernelImage(tier: Tier | typeof TIERING): KernelImage {
  if (kernel?.engine !== selectTier(tier)) {
    kernel = compileImage("kernel", readKernel(), tier, readKernelMap);
  }
  return kernel;
}
