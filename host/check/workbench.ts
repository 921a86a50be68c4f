// SPDX-License-Identifier: GPL-2.0-only
/** A machine, booted, for a scenario to set up its objects on. */
import type { KernelAbi } from "../abi/kernel.ts";
import { BootError } from "../errors.ts";
import type { CoroutineModule } from "../instrument/coroutine-image.ts";
import { layOutCoroutines } from "../machine/coroutine/layout.ts";
import { CoroutineMachine } from "../machine/coroutine/machine.ts";
import { writeBootInfo } from "../machine/memory-map.ts";

export interface CheckImage {
  readonly module: WebAssembly.Module;
  readonly sites: CoroutineModule["sites"];
  readonly abi: KernelAbi;
}

const BOOT = {
  seed: 1,
  idlePoll: 0,
  spinLimit: 0,
  rcuStallTimeoutNs: 0n,
  rwsemWaitTimeoutNs: 4_000_000n,
  kasanQuarantineBytes: 0,
};

/** @throws BootError; Violation when the kernel breaks a property while it boots */
export function bootCoroutines(
  image: CheckImage,
  threads: number,
  reduction: boolean,
): CoroutineMachine {
  const { module, sites, abi } = image;
  const layout = layOutCoroutines(abi, threads);
  const machine = new CoroutineMachine({ module, abi, sites, layout, threads, reduction });
  writeBootInfo({ buffer: machine.words.buffer } as WebAssembly.Memory, abi, layout.map, BOOT);
  const booted = machine.call("kernel_boot");
  if (booted !== 0) throw new BootError(`kernel_boot() returned ${booted}`);
  for (let cpu = 0; cpu < layout.map.cpus; cpu++) machine.call("cpu_up", cpu);
  return machine;
}
