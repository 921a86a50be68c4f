// SPDX-License-Identifier: GPL-2.0-only
// KASAN's shadow values and its part of a CPU's unit.
import { PERCPU_SLAB } from "../arch/wasm/percpu";

// Why 8 bytes may not be touched.
export const KASAN_NULL_PAGE: u32 = 0xf5;
export const KASAN_METADATA: u32 = 0xf6; // the allocator's own words, the shadow
export const KASAN_PERCPU_FREED: u32 = 0xf8; // a slot that alloc_percpu() has not given out
export const KASAN_FREED: u32 = 0xfb;
export const KASAN_REDZONE: u32 = 0xfc; // behind an object, in its block
export const KASAN_HEADER: u32 = 0xfd; // the line before an object
export const KASAN_NEVER_ALLOCATED: u32 = 0xff;

export const KASAN_FRAMES: u32 = 5; // of a stack, in a header and in a report

// In the unit, behind the slab's magazines and counts:
export const PERCPU_KASAN_QUARANTINE: usize = PERCPU_SLAB + 0x200;
/** Below the first frame KASAN_FRAMES words stay 0: a short stack reads zeros there. */
export const PERCPU_KASAN_STACK: usize = PERCPU_SLAB + 0x260; // 104 frames
export const PERCPU_KASAN_REPORTS: usize = PERCPU_SLAB + 0x400; // to 0x1400, PERCPU_DYNAMIC

/** One access, or one free, that should not have been; counted again when it recurs. */
@unmanaged
@final
export class kasan_record {
  /** How often: nonzero once the record is complete. */
  count: u32;
  /** VIOLATION_*. */
  bug: u32;
  /** Site of the access, KASAN_SITE_READ added for the source of a copy; 0 for a free. */
  site: u32;
  /** First byte that may not be touched; for a free, what was to be freed. */
  address: u32;
  /** Bytes of the whole access; 0 for a free. */
  bytes: u32;
  /** Shadow of the address. */
  shadow: u32;
  /** The object that the address lies in or next to, 0 if there is none. */
  object: u32;
  /** Bytes that were asked for. */
  size: u32;
  /** Which life of the block: 1 for the first kmalloc(). */
  generation: u32;
  /** 1 while it is allocated. */
  live: u8;
  type: u8;
  alloc_cpu: u8;
  free_cpu: u8;
  /** ktime, ns. */
  time: u64;
  // Three stacks of KASAN_FRAMES words behind it: access, alloc, free; outermost frame first.
}

export const KASAN_SITE_READ: u32 = 0x80000000;
export const KASAN_RECORDS: u32 = 32;
export const KASAN_RECORD_BYTES: u32 = 128;
export const KASAN_RECORD_STACKS: u32 = 48;
export const OFFSETOF_KASAN_RECORD_BUG: u32 = offsetof<kasan_record>("bug");
export const OFFSETOF_KASAN_RECORD_SITE: u32 = offsetof<kasan_record>("site");
export const OFFSETOF_KASAN_RECORD_ADDRESS: u32 = offsetof<kasan_record>("address");
export const OFFSETOF_KASAN_RECORD_BYTES: u32 = offsetof<kasan_record>("bytes");
export const OFFSETOF_KASAN_RECORD_SHADOW: u32 = offsetof<kasan_record>("shadow");
export const OFFSETOF_KASAN_RECORD_OBJECT: u32 = offsetof<kasan_record>("object");
export const OFFSETOF_KASAN_RECORD_SIZE: u32 = offsetof<kasan_record>("size");
export const OFFSETOF_KASAN_RECORD_GENERATION: u32 = offsetof<kasan_record>("generation");
export const OFFSETOF_KASAN_RECORD_LIVE: u32 = offsetof<kasan_record>("live");
export const OFFSETOF_KASAN_RECORD_TYPE: u32 = offsetof<kasan_record>("type");
export const OFFSETOF_KASAN_RECORD_ALLOC_CPU: u32 = offsetof<kasan_record>("alloc_cpu");
export const OFFSETOF_KASAN_RECORD_FREE_CPU: u32 = offsetof<kasan_record>("free_cpu");
export const OFFSETOF_KASAN_RECORD_TIME: u32 = offsetof<kasan_record>("time");

export const VIOLATION_DOUBLE_FREE: u32 = 300;
export const VIOLATION_INVALID_FREE: u32 = 301;
export const VIOLATION_USE_AFTER_FREE: u32 = 302;
export const VIOLATION_OUT_OF_BOUNDS: u32 = 303;
export const VIOLATION_NEVER_ALLOCATED: u32 = 304;
export const VIOLATION_NULL_POINTER: u32 = 305;
export const VIOLATION_WILD_ACCESS: u32 = 306; // the allocator's own words, the shadow
