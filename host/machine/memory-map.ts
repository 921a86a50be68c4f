// SPDX-License-Identifier: GPL-2.0-only
/**
 * Who owns which bytes: the host's half of arch/wasm/memory.ts. Behind the per-CPU units come the slab
 * arena, the user window, host memory and, under the sanitizer, the shadow.
 */
import type { KernelAbi } from "../abi/kernel.ts";
import { UsageError } from "../errors.ts";
import { MAX_PAGES, MIN_PAGES, PAGE_BYTES } from "./image.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const ARENA_DEFAULT_BYTES = 16 * MIB;
const ARENA_MIN_BYTES = 256 * KIB;
const SHADOW_SCALE = 8; // bytes that one shadow byte stands for

export interface MemoryRequest {
  readonly cpus: number;
  /** Size of the whole memory; the arena gets what the rest leaves. Default: a 16 MiB arena. */
  readonly memoryBytes?: number | undefined;
  readonly userBytesPerCpu?: number | undefined;
  readonly hostBytes?: number | undefined;
  readonly shadow?: boolean | undefined;
}

/** Byte addresses; each end is exclusive. */
export interface MemoryMap {
  readonly cpus: number;
  readonly pages: number;
  readonly arenaStart: number;
  readonly arenaEnd: number;
  readonly userStart: number;
  readonly userEnd: number;
  readonly userBytesPerCpu: number;
  readonly hostStart: number;
  readonly hostEnd: number;
  /** Equal ends without the sanitizer. */
  readonly shadowStart: number;
  readonly shadowEnd: number;
}

function pageAlign(bytes: number): number {
  return Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;
}

function checkBytes(name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new UsageError(`${name}: ${value} is not a number of bytes`);
  }
}

/**
 * Pages of the memory as asked for, or for a default arena. Those of a machine with a shadow come in
 * eights: seven of them, and the shadow of the eight, itself included.
 */
function pagesAsked({ memoryBytes, shadow }: MemoryRequest, fixed: number): number {
  if (memoryBytes !== undefined) {
    checkBytes("memoryBytes", memoryBytes);
    const whole = Math.floor(memoryBytes / PAGE_BYTES);
    return shadow ? whole - (whole % SHADOW_SCALE) : whole;
  }
  const pages = pageAlign(fixed + ARENA_DEFAULT_BYTES) / PAGE_BYTES;
  return shadow ? Math.ceil(pages / (SHADOW_SCALE - 1)) * SHADOW_SCALE : pages;
}

/** @throws UsageError when the CPUs do not fit, or the memory asked for is too small or too large */
export function layOut(abi: KernelAbi, request: MemoryRequest): MemoryMap {
  const { cpus, memoryBytes } = request;
  const cpusMax = abi.constant("NR_CPUS");
  if (!Number.isInteger(cpus) || cpus < 1 || cpus > cpusMax) {
    throw new UsageError(`cpus: ${cpus} is not between 1 and ${cpusMax}`);
  }
  const userBytesPerCpu = pageAlign(request.userBytesPerCpu ?? 256 * KIB);
  const hostBytes = pageAlign(request.hostBytes ?? 4 * MIB);
  checkBytes("userBytesPerCpu", userBytesPerCpu);
  checkBytes("hostBytes", hostBytes);
  const units = abi.constant("PERCPU_BASE") + cpus * abi.constant("PERCPU_STRIDE");
  const fixed = units + userBytesPerCpu * cpus + hostBytes;

  const asked = pagesAsked(request, fixed);
  const pages = Math.max(MIN_PAGES, asked);
  if (pages > MAX_PAGES) {
    const most = MAX_PAGES * PAGE_BYTES;
    throw new UsageError(`memoryBytes: ${pages * PAGE_BYTES} is more than the kernel's ${most}`);
  }
  const shadowBytes = request.shadow ? (pages * PAGE_BYTES) / SHADOW_SCALE : 0;
  const below = request.shadow ? pages * PAGE_BYTES - shadowBytes : asked * PAGE_BYTES;
  if (below < fixed + ARENA_MIN_BYTES) {
    const least = fixed + ARENA_MIN_BYTES;
    throw new UsageError(`memoryBytes: ${memoryBytes} is too small; ${cpus} CPUs need ${least}`);
  }
  const hostStart = below - hostBytes;
  const userStart = hostStart - userBytesPerCpu * cpus;
  return {
    cpus,
    pages,
    arenaStart: units,
    arenaEnd: userStart,
    userStart,
    userEnd: hostStart,
    userBytesPerCpu,
    hostStart,
    hostEnd: below,
    shadowStart: below,
    shadowEnd: below + shadowBytes,
  };
}

/** What boot_info holds besides the map. */
export interface BootParameters {
  readonly seed: number;
  readonly idlePoll: number;
  readonly spinLimit: number;
  readonly rcuStallTimeoutNs: bigint;
  readonly rwsemWaitTimeoutNs: bigint;
  readonly kasanQuarantineBytes: number;
}

export function writeBootInfo(
  memory: WebAssembly.Memory,
  abi: KernelAbi,
  map: MemoryMap,
  parameters: BootParameters,
): void {
  const view = new DataView(memory.buffer, abi.constant("BOOT_INFO"));
  const u32 = (field: string, value: number) =>
    view.setUint32(abi.constant(`OFFSETOF_BOOT_INFO_${field}`), value, true);
  const u64 = (field: string, value: bigint) =>
    view.setBigUint64(abi.constant(`OFFSETOF_BOOT_INFO_${field}`), value, true);
  const shadow = map.shadowEnd > map.shadowStart;
  u32("NCPUS", map.cpus);
  u32("ARENA_END", map.arenaEnd);
  u32("USER_BASE", map.userStart);
  u32("USER_END", map.userEnd);
  u32("KASAN_SHADOW", shadow ? map.shadowStart : 0);
  u32("KASAN_END", shadow ? map.shadowEnd : 0);
  u32("KASAN_QUARANTINE", parameters.kasanQuarantineBytes);
  u32("SEED", parameters.seed);
  u32("IDLE_POLL", parameters.idlePoll);
  u32("SPIN_LIMIT", parameters.spinLimit);
  u64("RCU_STALL_TIMEOUT_NS", parameters.rcuStallTimeoutNs);
  u64("RWSEM_WAIT_TIMEOUT_NS", parameters.rwsemWaitTimeoutNs);
}
