// SPDX-License-Identifier: GPL-2.0-only
/** Told of everything while a schedule is shown. */
export interface Observer {
  /** An access that is about to be made. */
  access(address: number, bits: number, site: number): void;
  /**
   * "allocates", "frees", "sleeps on", "wakes", "drains"; "logs" and "panics" (code); "calls" and
   * "returns" (thread, call of its script or result). `site` is that of the call, where one was made.
   */
  event(what: string, address: number, value: number, site?: number): void;
}
