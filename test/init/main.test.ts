// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { KernelFunction } from "../../host/abi/kernel.ts";
import { kernelImage, MAX_PAGES, MIN_PAGES } from "../../host/machine/image.ts";
import { wasiImports } from "../../host/machine/wasi.ts";
import { withMachine } from "../machine/with-machine.ts";

const { module, abi } = kernelImage("default");
const EINVAL = -22;

/** kernel_boot() and cpu_up(0) of a fresh memory with this boot_info. */
function bootWith(ncpus: number, arenaEnd: number): { booted: unknown; up: unknown } {
  const memory = new WebAssembly.Memory({ initial: MIN_PAGES, maximum: MAX_PAGES, shared: true });
  const info = new DataView(memory.buffer, abi.constant("BOOT_INFO"));
  info.setUint32(abi.constant("OFFSETOF_BOOT_INFO_NCPUS"), ncpus, true);
  info.setUint32(abi.constant("OFFSETOF_BOOT_INFO_ARENA_END"), arenaEnd, true);
  const { exports } = new WebAssembly.Instance(module, wasiImports(memory));
  const kernel = exports as unknown as Record<string, KernelFunction>;
  return { booted: kernel["kernel_boot"]?.(), up: kernel["cpu_up"]?.(0) };
}

test("B1: kernel_boot() refuses what describes no machine", () => {
  const units = abi.constant("PERCPU_BASE") + 2 * abi.constant("PERCPU_STRIDE");
  assert.equal(bootWith(0, 8 << 20), { booted: EINVAL, up: EINVAL });
  assert.is(bootWith(abi.constant("NR_CPUS") + 1, 16 << 20).booted, EINVAL);
  assert.is(bootWith(2, units).booted, EINVAL);
  assert.equal(bootWith(2, units + (1 << 20)), { booted: 0, up: 0 });
});

test("B2: a CPU that waits in the host delays no grace period", async () => {
  await withMachine({ cpus: 2 }, async (machine) => {
    await machine.call(1, "smp_processor_id");
    await machine.call(0, "synchronize_rcu");
    assert.is(await machine.invoke(0, "rcu_is_online", { bracket: false }), 0);
    assert.is(await machine.call(0, "rcu_is_online"), 1);
  });
});

test("B2: no callback is left on a CPU that waits in the host", async () => {
  await withMachine({ cpus: 2 }, async (machine) => {
    const { kernel } = machine;
    const ref = await machine.call(0, "kzalloc", 128, kernel.constant("SLAB_MISC"));
    const release = 1; // PERCPU_REF_RELEASE_GATE: completes what stands behind the ref
    assert.is(await machine.call(0, "percpu_ref_init", ref, release, 0), 0);
    await machine.call(0, "percpu_ref_kill", ref);
    assert.is(machine.events()["EV_RCU_CALLBACK"], 1n);
    await machine.call(1, "rcu_barrier");
  });
});

test("a CPU that is down delays no grace period either", async () => {
  await withMachine({ cpus: 2 }, async (machine) => {
    await machine.invoke(1, "cpu_enter", { bracket: false });
    await machine.invoke(1, "cpu_down", { bracket: false });
    await machine.call(0, "synchronize_rcu");
    assert.is(machine.events()["EV_RCU_GP"], 1n);
  });
});

test("a machine has no CPU behind its last one", async () => {
  await withMachine({ cpus: 1 }, async (machine) => {
    assert.is(await machine.invoke(0, "cpu_up", { args: [1], bracket: false }), EINVAL);
  });
});

test.run();
