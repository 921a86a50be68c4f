// SPDX-License-Identifier: GPL-2.0-only
/**
 * The memory map. The module has no static data (an active data segment would be copied again at
 * every instantiation, over live words of CPUs that run), so what is `static` in the kernel has its
 * fixed address here, and everything else comes from mm/slab.ts or from the host.
 *
 *   0x00000   null page: never touched
 *   0x01000   statics, zero at boot; one 128-byte slot or more each, at distinct offsets in a page
 *   0x10000   per-CPU units, PERCPU_STRIDE apart
 *   …         the slab arena, up to boot_info.arena_end
 *   …         the user window [user_base, user_end): what ioctl arguments may point into
 *   …         host memory: job descriptions and samples; the kernel reads and writes what it is told
 *   …         with KASAN, the shadow: one byte for each 8 of all that is below it
 *
 * A load whose address equals, in bits 6 to 11, that of the word of a locked operation just before
 * it waits some 12 cycles on current x86: hence the distinct page offsets, and a stride that is not
 * a multiple of a page.
 */

export const NR_CPUS: u32 = 64;

export const BOOT_INFO: usize = 0x1000;
export const PRINTK_RING: usize = 0x1200; // to 0x2200
export const SLAB_STATE: usize = 0x2400; // to 0x2c00
export const RCU_STATE: usize = 0x2c80;
export const PERCPU_ALLOC_STATE: usize = 0x2d80;
export const PERCPU_SWITCH_LOCK: usize = 0x2e80;
export const CDEV_MAP: usize = 0x2f40;
export const FILE_TABLE: usize = 0x3080;
export const CXL_MEMDEV_IDA: usize = 0x31c0;
export const CXL_MEMDEV_RWSEM: usize = 0x3340;
export const CXL_STATE: usize = 0x3480; // cxl_mem_major, raw_allow_all, once flags
export const SRCU_STATE: usize = 0x3580;
export const CXL_MEMDEV_SRCU: usize = 0x3680;
export const CXL_MEMDEV_SRCU_FAST: usize = 0x3740;
export const KERNFS_ROOT: usize = 0x3900; // deactivate_waitq
export const KASAN_BOOT_STACK: usize = 0x4040; // to 0x4400: call sites of CPUs that are not up yet
export const CXL_MEMDEV_IDA_BITMAP: usize = 0x4800; // 65537 bits, to 0x6804
export const FD_ARRAY: usize = 0x6880; // 1024 words and as many bits, to 0x7900
export const INODE_HASHTABLE: usize = 0x7980; // 64 words
export const CONSOLE: usize = 0x7b80; // to 0x7c60
export const WASI_STATE: usize = 0x7c80;
export const BRAVO_TABLE: usize = 0x8000; // 2048 u64, to 0xc000

export const PERCPU_BASE: usize = 0x10000;
export const PERCPU_STRIDE: usize = 0x10240;

/** Boot parameters: written once by kernel_boot() before any other CPU runs; read-only after. */
@unmanaged
@final
export class boot_info {
  ncpus: u32;
  /** First byte behind the slab arena. */
  arena_end: u32;
  user_base: u32;
  user_end: u32;
  /** Address of the shadow, 0 without KASAN. */
  kasan_shadow: u32;
  /** Highest memory address, exclusive, that the shadow covers. */
  kasan_end: u32;
  /** Bytes of freed objects that each CPU holds back from reuse under KASAN. */
  kasan_quarantine: u32;
  seed: u32;
  /** A grace period that waits longer than this is reported, naming the CPU; ns. */
  rcu_stall_timeout_ns: u64;
  /** Loads of its own state word that a CPU makes before it parks. */
  idle_poll: u32;
  /** Loads of a spinlock word before a waiter sleeps on it. */
  spin_limit: u32;
  /** HZ of the modelled kernel decides RWSEM_WAIT_TIMEOUT: 4 ms for 250 and 1000. */
  rwsem_wait_timeout_ns: u64;
}

export function boot(): boot_info {
  return changetype<boot_info>(BOOT_INFO);
}
