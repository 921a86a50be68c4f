// SPDX-License-Identifier: GPL-2.0-only
/** What a machine must know of each access to memory while it runs: a word of bits a site. */
import type { Site } from "../../instrument/sites.ts";

/** Bits of an access. */
export const ACCESS = {
  read: 1,
  write: 2,
  /** Ordered by the hardware: a wasm atomic. */
  atomic: 4,
  /** Atomic, or marked WRITE_ONCE: others may access the word at the same time. */
  marked: 8,
  /** Names a queue, and touches no memory. */
  notify: 16,
  /** A marked or plain store: may wait in a store buffer. */
  buffered: 32,
  /** Orders the stores before it before its own. */
  release: 64,
  /** May put the thread to sleep. */
  wait: 128,
  /** memory.copy, memory.fill. */
  range: 256,
  /** A call of kfree(): what it accesses is told when it is made. */
  free: 512,
} as const;

export const ACCESS_BYTES_SHIFT = 16;

/** As arch/wasm/atomic.ts uses the instructions: an atomic store is a release, an exchange a full barrier. */
function bitsOf({ kind, what, marked: once }: Site): number {
  const { read, write, atomic, marked, notify, buffered, release } = ACCESS;
  switch (kind) {
    case "load":
      return read | (once ? marked : 0);
    case "store":
      return write | buffered | (once ? marked : 0);
    case "atomic load":
      return read | atomic | marked;
    case "wait":
      return read | atomic | marked | ACCESS.wait;
    case "atomic store":
      return write | atomic | marked | buffered | release;
    case "read-modify-write":
    case "compare-exchange":
      return read | write | atomic | marked;
    case "notify":
      return write | atomic | marked | notify;
    case "copy":
    case "fill":
      return write | ACCESS.range;
    case "call":
      return what === "kfree" ? ACCESS.free : read | atomic | marked; // else of the clock
  }
}

/** By site number. */
export function accessTable(sites: readonly Site[]): Int32Array {
  const table = new Int32Array(sites.length + 1);
  for (const site of sites) table[site.id] = bitsOf(site) | (site.bytes << ACCESS_BYTES_SHIFT);
  return table;
}
