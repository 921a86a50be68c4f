// SPDX-License-Identifier: GPL-2.0-only
/**
 * What lies where in the kernel's memory, as data: the statics of arch/wasm/memory.ts, a CPU's unit as
 * arch/wasm/percpu.ts has it, and what each type of heap object is made of. An offset that the module
 * exports is taken from there; the few that it keeps to itself stand here, and a test holds them
 * against a kernel that runs.
 */
import type { KernelAbi } from "../abi/kernel.ts";
import type { Layouts } from "../abi/layouts.ts";
import { EMBEDDED } from "./gate-parts.ts";
import { inARow, type Part } from "./parts.ts";

/** Of slab_common.ts: size classes, and the line before each object. */
const NR_SLAB_CLASSES = 15;
export const SLAB_HEADER = 64;
/** Of device_model.ts: the register blocks behind a cxl_hw. */
const MEMDEV_BYTES = 16;
const MBOX_BYTES = 32;

/** Of the modelled device: its knobs, then its registers. */
function deviceParts(abi: KernelAbi, layouts: Layouts): Part[] {
  const registers = layouts.get("cxl_hw")?.bytes ?? 0;
  const mbox = registers + MEMDEV_BYTES;
  const register = (name: string) => mbox + abi.constant(`CXLDEV_MBOX_${name}_OFFSET`);
  return [
    { at: 0, name: "", layout: "cxl_hw" },
    { at: registers, name: "memdev_regs", bytes: MEMDEV_BYTES },
    { at: mbox, name: "mbox_regs" }, // the first is CAPS
    { at: register("CTRL"), name: "mbox_regs.ctrl" },
    { at: register("CMD"), name: "mbox_regs.cmd", bytes: 8 },
    { at: register("STATUS"), name: "mbox_regs.status", bytes: 8 },
    { at: register("BG_CMD_STATUS"), name: "mbox_regs.bg_cmd_status", bytes: 8 },
    { at: mbox + MBOX_BYTES, name: "payload", bytes: abi.constant("CXL_MAX_PAYLOAD") },
  ];
}

/**
 * What the objects of each slab type are made of, by the type's name; a type that is not listed is
 * bytes. "cxl_hw" is no slab type: it is the modelled device, a misc object.
 *
 * @param gate - which gate's state lies in a cxl_memdev
 */
export function objectParts(
  abi: KernelAbi,
  layouts: Layouts,
  gate: string | null,
): Record<string, readonly Part[]> {
  const at = (name: string) => abi.constant(name);
  return {
    cxl_memdev: [
      { at: 0, name: "", layout: "cxl_memdev" },
      { at: at("OFFSETOF_CXL_MEMDEV_DEV"), name: "dev", layout: "device" },
      { at: at("OFFSETOF_CXL_MEMDEV_CDEV"), name: "cdev", layout: "cdev" },
      ...inARow(layouts, at("SIZEOF_CXL_MEMDEV"), EMBEDDED[gate ?? ""] ?? []),
    ],
    cxl_mem: [
      { at: 0, name: "", layout: "cxl_mem" },
      { at: at("OFFSETOF_CXL_MEM_MBOX_MUTEX"), name: "mbox_mutex", layout: "mutex" },
    ],
    cxl_hw: deviceParts(abi, layouts),
    file: inARow(layouts, 0, [
      ["", "file"],
      ["rcu", "rcu_head"],
    ]),
    inode: [{ at: 0, name: "", layout: "inode" }],
    devres: [{ at: 0, name: "", layout: "devres" }],
    percpu_ref: [
      { at: 0, name: "", layout: "percpu_ref_data" },
      { at: at("PERCPU_REF_DATA_BYTES") - at("SIZEOF_RCU_HEAD"), name: "rcu", layout: "rcu_head" },
    ],
    pdev: inARow(layouts, 0, [
      ["", "cxl_pci"],
      ["dev", "device"],
    ]),
    cdev: [{ at: 0, name: "", layout: "probe" }],
  };
}

/** Whether a misc object is a modelled device: its registers, and a payload of a power of two. */
export function isDevice(abi: KernelAbi, layouts: Layouts, size: number): boolean {
  const payload = size - (layouts.get("cxl_hw")?.bytes ?? 0) - MEMDEV_BYTES - MBOX_BYTES;
  return payload >= abi.constant("CXL_MIN_PAYLOAD") && (payload & (payload - 1)) === 0;
}

/** Constants of a prefix by number, in lower case and without it: { 15: "sched_sleep" }. */
export function labelsOf(abi: KernelAbi, prefix: "EV_" | "SLAB_"): ReadonlyMap<number, string> {
  const names = [...abi.group(prefix)];
  return new Map(names.map(([code, name]) => [code, name.slice(prefix.length).toLowerCase()]));
}

/** A CPU's unit; offsets from its begin. */
export function unitParts(abi: KernelAbi): Part[] {
  const at = (name: string) => abi.constant(`PERCPU_${name}`);
  const reports = {
    count: abi.constant("KASAN_RECORDS"),
    stride: abi.constant("KASAN_RECORD_BYTES"),
  };
  const counts = { count: abi.constant("NR_SLAB_TYPES"), labels: labelsOf(abi, "SLAB_") };
  const events = { count: abi.constant("NR_EVENTS"), labels: labelsOf(abi, "EV_") };
  return [
    { at: 0, name: "task", layout: "task_struct" },
    { at: at("RWSEM_WAITER"), name: "rwsem_waiter", layout: "rwsem_waiter" },
    { at: at("WAKE_Q"), name: "wake_q", layout: "wake_q_head" },
    { at: at("MUTEX_WAITER"), name: "mutex_waiter", layout: "mutex_waiter" },
    { at: at("LDSEM_WAITER"), name: "ldsem_waiter", layout: "ldsem_waiter" },
    { at: at("WAIT_ENTRY"), name: "wait_entry", layout: "wait_queue_entry" },
    { at: at("COMPLETION_ENTRY"), name: "completion_entry", layout: "swait_queue" },
    { at: at("SCRATCH"), name: "scratch", bytes: 0x80 },
    { at: at("RCU_SLOT"), name: "rcu_slot", layout: "rcu_slot" },
    { at: at("RCU_DATA"), name: "rcu_data", layout: "rcu_data" },
    { at: at("OSQ_NODE"), name: "osq_node", layout: "optimistic_spin_node" },
    { at: at("EVENTS"), name: "events", bytes: 8, ...events },
    { at: at("RANDOM"), name: "random" },
    { at: at("FAULT"), name: "fault", layout: "fault_attr" },
    { at: at("KSTACK"), name: "kstack.send", bytes: 0x40 },
    { at: at("KSTACK") + 0x40, name: "kstack.mbox_cmd", layout: "cxl_mbox_cmd" },
    { at: at("KSTACK") + 0x80, name: "kstack.identify", bytes: 0x80 },
    { at: at("PANIC"), name: "panic", count: 4 },
    { at: at("CXL_MEMDEV_SRCU"), name: "cxl_memdev_srcu.sda", layout: "srcu_data" },
    {
      at: at("CXL_MEMDEV_SRCU_FAST"),
      name: "cxl_memdev_srcu_fast.ctrs",
      layout: "srcu_ctr",
      count: 2,
    },
    { at: at("HAZARD"), name: "hazard", bytes: 8, count: abi.constant("HAZARD_SEATS") },
    { at: at("SLAB"), name: "slab", layout: "slab_cpu", count: NR_SLAB_CLASSES, stride: 16 },
    { at: at("SLAB") + 0x100, name: "slab_counts", layout: "slab_count", ...counts },
    { at: at("KASAN_QUARANTINE"), name: "kasan_quarantine", layout: "kasan_quarantine" },
    {
      ...{ at: at("KASAN_STACK"), name: "kasan_stack" },
      bytes: at("KASAN_REPORTS") - at("KASAN_STACK"),
    },
    { at: at("KASAN_REPORTS"), name: "kasan_reports", layout: "kasan_record", ...reports },
    { at: at("DYNAMIC"), name: "percpu", bytes: at("DYNAMIC_END") - at("DYNAMIC") },
  ];
}

/** The static memory; addresses. */
export function staticParts(abi: KernelAbi, layouts: Layouts): Part[] {
  const at = (name: string) => abi.constant(name);
  const records = { count: at("PRINTK_RECORDS"), bytes: at("PRINTK_RECORD_BYTES") };
  const depots = { count: NR_SLAB_CLASSES, stride: 64, bytes: 8 };
  return [
    { at: at("BOOT_INFO"), name: "boot_info", layout: "boot_info" },
    { at: at("PRINTK_RING"), name: "printk.next" },
    { at: at("PRINTK_RING") + 8, name: "printk", ...records },
    { at: at("SLAB_STATE"), name: "slab", layout: "slab_state" },
    { at: at("SLAB_STATE") + 0x40, name: "slab.brk" },
    { at: at("SLAB_STATE") + 0x80, name: "slab.depot", ...depots },
    { at: at("RCU_GP_SEQ"), name: "rcu_state.gp_seq", bytes: 8 },
    { at: at("RCU_COMPLETED"), name: "rcu_state", layout: "rcu_state" },
    { at: at("PERCPU_ALLOC_STATE"), name: "pcpu", layout: "pcpu_state" },
    { at: at("PERCPU_ALLOC_STATE") + 12, name: "pcpu.free", count: 13 },
    { at: at("PERCPU_SWITCH_LOCK"), name: "percpu_ref_switch_lock", lock: "spinlock" },
    {
      ...{ at: at("PERCPU_SWITCH_LOCK") + 0x40, name: "percpu_ref_switch_waitq" },
      layout: "wait_queue_head",
    },
    { at: at("CDEV_MAP"), name: "chrdevs_lock", layout: "mutex" },
    { at: at("CDEV_LIVE_WINDOW") - 4, name: "cdev_lock", lock: "spinlock" },
    { at: at("CDEV_LIVE_WINDOW"), name: "cdev_live_window" },
    { at: at("CDEV_MAP") + 0x40, name: "cdev_map", count: 64 },
    { at: at("FILE_TABLE"), name: "inode_hash_lock", lock: "spinlock" },
    { at: at("FILE_TABLE") + 0x40, name: "fd_ida", layout: "ida" },
    { at: at("CXL_MEMDEV_IDA"), name: "cxl_memdev_ida", layout: "ida" },
    { at: at("CXL_MEMDEV_RWSEM"), name: "cxl_memdev_rwsem", layout: "rw_semaphore" },
    { at: at("SRCU_STATE"), name: "srcu_sleepers" },
    { at: at("SRCU_STATE") + 8, name: "srcu_sleepers.queue", layout: "wait_queue_head" },
    ...inARow(layouts, at("CXL_MEMDEV_SRCU"), [["cxl_memdev_srcu", "srcu_struct"]]),
    ...inARow(layouts, at("CXL_MEMDEV_SRCU_FAST"), [["cxl_memdev_srcu_fast", "srcu_fast_struct"]]),
    { at: at("CXL_STATE"), name: "cxl_globals", layout: "cxl_globals" },
    {
      ...{ at: at("KERNFS_ROOT"), name: "kernfs_root.deactivate_waitq" },
      layout: "wait_queue_head",
    },
    { at: at("KASAN_BOOT_STACK"), name: "kasan_boot_stack", bytes: 0x3c0 },
    { at: at("CXL_MEMDEV_IDA_BITMAP"), name: "cxl_memdev_ida_bitmap", count: 2049 },
    { at: at("FD_ARRAY"), name: "fd_array", count: at("NR_OPEN") },
    { at: at("FD_ARRAY") + 4 * at("NR_OPEN"), name: "fd_ida_bitmap", count: at("NR_OPEN") / 32 },
    { at: at("INODE_HASHTABLE"), name: "inode_hashtable", count: 64 },
    { at: at("CONSOLE"), name: "console", bytes: 0xe0 },
    { at: at("BRAVO_TABLE"), name: "bravo_table", bytes: 8, count: at("BRAVO_SLOTS") },
    { at: at("WASI_STATE"), name: "wasi_state", layout: "wasi_state" },
  ];
}
