// SPDX-License-Identifier: GPL-2.0-only
/** The kernel as coroutines, and a machine of it, booted, for a scenario to set up its objects on. */
import type { KernelAbi } from "../abi/kernel.ts";
import { BootError } from "../errors.ts";
import { type CoroutineModule, coroutineModule } from "../instrument/coroutine-image.ts";
import { type Located, SiteLines } from "../instrument/site-lines.ts";
import { layOutCoroutines } from "../machine/coroutine/layout.ts";
import { CoroutineMachine, type MachineParts } from "../machine/coroutine/machine.ts";
import { TIERING } from "../machine/engine.ts";
import { type KernelText, kernelImage, readKernelText } from "../machine/image.ts";
import { type BootParameters, writeBootInfo } from "../machine/memory-map.ts";

/** The kernel as coroutines: plain data, which threads can be sent. */
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

export function imageOf(woven: Woven): CheckImage {
  return { woven, lines: new SiteLines(woven.text), abi: kernelImage(TIERING).abi };
}

/** The image of what `roots` reach. @throws as weave() does */
export function checkImage(roots: readonly string[]): CheckImage {
  return imageOf(weave(roots));
}

const BOOT = {
  seed: 1,
  idlePoll: 0,
  spinLimit: 0,
  rcuStallTimeoutNs: 0n,
  rwsemWaitTimeoutNs: 4_000_000n,
  kasanQuarantineBytes: 0,
};

export type MachineOptions = Pick<MachineParts, "threads" | "model" | "reduction">;

/** @throws BootError; Violation when the kernel breaks a property while it boots */
export function bootCoroutines(
  image: CheckImage,
  options: MachineOptions,
  boot: Partial<BootParameters> = {},
): CoroutineMachine {
  const { woven, lines, abi } = image;
  const { module, sites } = woven;
  const layout = layOutCoroutines(abi, options.threads);
  const machine = new CoroutineMachine({ module, abi, sites, lines, layout, ...options });
  writeBootInfo({ buffer: machine.words.buffer } as WebAssembly.Memory, abi, layout.map, {
    ...BOOT,
    ...boot,
  });
  const booted = machine.call("kernel_boot");
  if (booted !== 0) throw new BootError(`kernel_boot() returned ${booted}`);
  for (let cpu = 0; cpu < layout.map.cpus; cpu++) machine.call("cpu_up", cpu);
  return machine;
}
