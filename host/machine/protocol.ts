// SPDX-License-Identifier: GPL-2.0-only
/** What the main thread and a worker say to each other. A worker answers one message at a time. */

/** A rendezvous of `cpus` calls that start together: one word counts who has arrived. */
export interface JointStart {
  readonly word: Int32Array<SharedArrayBuffer>;
  readonly cpus: number;
  /** Loads of the word before a waiter sleeps on it: 0 where there are more threads than cores. */
  readonly spin: number;
}

export type ToWorker =
  | {
      readonly type: "boot";
      readonly cpu: number;
      readonly module: WebAssembly.Module;
      readonly memory: WebAssembly.Memory;
      /** Address of a word that holds 0, for futex_canary(). */
      readonly canary: number;
    }
  | {
      readonly type: "call";
      readonly fn: string;
      readonly args: readonly (number | bigint)[];
      /** Whether cpu_enter() and cpu_leave() go around the call. */
      readonly bracket: boolean;
      readonly joint: JointStart | null;
    }
  | { readonly type: "park" };

export type FromWorker =
  | { readonly type: "hello"; readonly tid: number | null }
  | { readonly type: "ready"; readonly canary: boolean; readonly waitBug: boolean }
  | { readonly type: "done"; readonly value: number | bigint }
  /** The kernel trapped, or threw: the instance is not to be used again. */
  | {
      readonly type: "trap";
      readonly message: string;
      readonly stack: string;
    }
  /** The call could not be made at all: no such export, wrong arguments. */
  | { readonly type: "refused"; readonly message: string };
