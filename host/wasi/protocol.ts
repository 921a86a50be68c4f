// SPDX-License-Identifier: GPL-2.0-only
/** What the threads of a WASI command are given, and what they say. */

export interface ThreadData {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** One shared word: the last thread id given out. */
  readonly lastTid: Int32Array;
  readonly stdout: number;
  /** Null on the thread that runs `_start`. */
  readonly thread: { readonly tid: number; readonly arg: number } | null;
}

export type ThreadMessage =
  | { readonly type: "spawn"; readonly tid: number; readonly arg: number }
  /** The command is over: `_start` returned, or some thread called proc_exit. */
  | { readonly type: "exit"; readonly status: number };
