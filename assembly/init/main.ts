// SPDX-License-Identifier: GPL-2.0-only
/**
 * Bringing the kernel up: once for the machine, then once for each CPU, then around each call.
 *
 * Source:  init/main.c start_kernel(), kernel/cpu.c cpu_up() (v6.12).
 *
 * Order:   the host writes boot_info · kernel_boot() on CPU 0 · cpu_up(n) on every CPU, in any order ·
 *          cpu_enter(), any exports, cpu_leave() · cpu_down(n).
 *
 * Rules:   B1  Nothing but kernel_boot() runs before it has returned 0.
 *          B2  A CPU that is not between cpu_enter() and cpu_leave() is offline for RCU, so that a
 *              worker which waits for its next call delays no grace period. cpu_leave() runs the RCU
 *              callbacks that are left: none is stranded on a CPU that waits in the host.
 *
 * Not modelled: initcalls, hotplug states, a boot CPU that differs from the others.
 */
import { EINVAL } from "../arch/wasm/errno";
import { boot, boot_info, NR_CPUS, PERCPU_BASE, PERCPU_STRIDE } from "../arch/wasm/memory";
import { set_smp_processor_id } from "../arch/wasm/percpu";
import { kobj_map_init } from "../drivers/base/map";
import { cxl_memdev_init } from "../drivers/cxl/memdev/revision";
import { files_init } from "../fs/file";
import { rcu_cpu_offline, rcu_cpu_online, rcu_init } from "../kernel/rcu/tree";
import { sched_init_cpu } from "../kernel/sched/core";
import { kasan_init, kasan_init_cpu } from "../mm/kasan";
import { slab_init } from "../mm/slab";

export const OFFSETOF_BOOT_INFO_NCPUS: u32 = offsetof<boot_info>("ncpus");
export const OFFSETOF_BOOT_INFO_ARENA_END: u32 = offsetof<boot_info>("arena_end");
export const OFFSETOF_BOOT_INFO_USER_BASE: u32 = offsetof<boot_info>("user_base");
export const OFFSETOF_BOOT_INFO_USER_END: u32 = offsetof<boot_info>("user_end");
export const OFFSETOF_BOOT_INFO_KASAN_SHADOW: u32 = offsetof<boot_info>("kasan_shadow");
export const OFFSETOF_BOOT_INFO_KASAN_END: u32 = offsetof<boot_info>("kasan_end");
export const OFFSETOF_BOOT_INFO_KASAN_QUARANTINE: u32 = offsetof<boot_info>("kasan_quarantine");
export const OFFSETOF_BOOT_INFO_SEED: u32 = offsetof<boot_info>("seed");
export const OFFSETOF_BOOT_INFO_RCU_STALL_TIMEOUT_NS: u32 =
  offsetof<boot_info>("rcu_stall_timeout_ns");
export const OFFSETOF_BOOT_INFO_IDLE_POLL: u32 = offsetof<boot_info>("idle_poll");
export const OFFSETOF_BOOT_INFO_SPIN_LIMIT: u32 = offsetof<boot_info>("spin_limit");
export const OFFSETOF_BOOT_INFO_RWSEM_WAIT_TIMEOUT_NS: u32 =
  offsetof<boot_info>("rwsem_wait_timeout_ns");

/** First byte behind the per-CPU units of `ncpus` CPUs: where the slab arena begins. */
export function arena_start(ncpus: u32): usize {
  return PERCPU_BASE + <usize>ncpus * PERCPU_STRIDE;
}

/**
 * Initialises everything that the CPUs share, from boot_info.
 *
 * @returns 0, or -EINVAL when boot_info describes no usable machine
 * Context: CPU 0, once, on memory that is all zero but for boot_info. Ordering: none; the host starts
 * the other CPUs after the reply.
 */
export function kernel_boot(): i32 {
  const b = boot();
  if (b.ncpus === 0 || b.ncpus > NR_CPUS) return -EINVAL;
  if (<usize>b.arena_end <= arena_start(b.ncpus)) return -EINVAL;
  set_smp_processor_id(0);
  kasan_init_cpu();
  rcu_init();
  slab_init(arena_start(b.ncpus), b.arena_end);
  kasan_init();
  kobj_map_init();
  files_init();
  cxl_memdev_init();
  return 0;
}

/**
 * Makes the calling instance CPU `cpu`.
 *
 * @returns 0, or -EINVAL when the machine has no such CPU
 * Context: once an instance, after kernel_boot(). Ordering: none.
 */
export function cpu_up(cpu: u32): i32 {
  if (cpu >= boot().ncpus) return -EINVAL;
  set_smp_processor_id(cpu);
  kasan_init_cpu();
  sched_init_cpu();
  return 0;
}

/** Begins a stretch of kernel work. Context: the CPU is up and outside. Ordering: full. */
export function cpu_enter(): void {
  rcu_cpu_online();
}

/**
 * Ends it: the CPU may wait in the host for as long as it likes. Runs its RCU callbacks first.
 *
 * Context: inside; sleeps if there is a callback. Ordering: full.
 */
export function cpu_leave(): void {
  rcu_cpu_offline();
}

/**
 * Takes the calling CPU out of the machine.
 *
 * Context: inside or outside; nothing runs on it afterwards; sleeps if there is a callback.
 * Ordering: full.
 */
export function cpu_down(): void {
  rcu_cpu_offline();
}
