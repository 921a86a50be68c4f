// SPDX-License-Identifier: GPL-2.0-only
/** The kernel as coroutines, and a machine of it, booted, for a scenario to set up its objects on. */
import { readFileSync } from "node:fs";
import type { KernelAbi } from "../abi/kernel.ts";
import { BootError } from "../errors.ts";
import { type CoroutineModule, coroutineModule } from "../instrument/coroutine-image.ts";
import { layOutCoroutines } from "../machine/coroutine/layout.ts";
import { CoroutineMachine, type MachineParts } from "../machine/coroutine/machine.ts";
import type { Tier } from "../machine/engine.ts";
import { KERNEL_MAP_PATH, kernelImage, readKernel } from "../machine/image.ts";
import { type BootParameters, writeBootInfo } from "../machine/memory-map.ts";

export interface CheckImage {
  readonly module: WebAssembly.Module;
  readonly sites: CoroutineModule["sites"];
  readonly abi: KernelAbi;
}

/** Exports that every machine needs. */
const ROOTS = ["set_smp_processor_id", "kernel_boot", "cpu_up", "cpu_enter", "cpu_leave"];
const PAGES_AT_LEAST = 16;

/**
 * Makes the image of what `roots` reach.
 *
 * @param tier - of this process
 * @throws BootError when the kernel was not built
 */
export function checkImage(roots: readonly string[], tier: Tier = "default"): CheckImage {
  const { wasm, map } = readKernelAndMap();
  const all = [...new Set([...ROOTS, ...roots])];
  const { wasm: made, sites } = coroutineModule(wasm, map, all, PAGES_AT_LEAST);
  return { module: new WebAssembly.Module(made), sites, abi: kernelImage(tier).abi };
}

function readKernelAndMap() {
  const wasm = readKernel();
  try {
    return { wasm, map: readFileSync(KERNEL_MAP_PATH, "utf8") };
  } catch (cause) {
    throw new BootError(`cannot read ${KERNEL_MAP_PATH}: run \`npm run build:kernel\` first`, {
      cause,
    });
  }
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
  const { module, sites, abi } = image;
  const layout = layOutCoroutines(abi, options.threads);
  const machine = new CoroutineMachine({ module, abi, sites, layout, ...options });
  writeBootInfo({ buffer: machine.words.buffer } as WebAssembly.Memory, abi, layout.map, {
    ...BOOT,
    ...boot,
  });
  const booted = machine.call("kernel_boot");
  if (booted !== 0) throw new BootError(`kernel_boot() returned ${booted}`);
  for (let cpu = 0; cpu < layout.map.cpus; cpu++) machine.call("cpu_up", cpu);
  return machine;
}
