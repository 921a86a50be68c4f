// SPDX-License-Identifier: GPL-2.0-only
/** A machine of the kernel as coroutines, booted, for a scenario to set up its objects on. */
import { BootError } from "../errors.ts";
import { layOutCoroutines } from "../machine/coroutine/layout.ts";
import { CoroutineMachine, type MachineParts } from "../machine/coroutine/machine.ts";
import { type BootParameters, writeBootInfo } from "../machine/memory-map.ts";
import type { CheckImage } from "./image.ts";

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
