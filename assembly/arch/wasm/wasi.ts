// SPDX-License-Identifier: GPL-2.0-only
// The only imports of the module besides its memory: WASI preview 1 and wasi-threads. Not formatted
// nor linted: a decorator on a declaration is AssemblyScript, not TypeScript.

// @ts-ignore: decorator
@external("wasi", "thread-spawn")
export declare function thread_spawn(start_arg: usize): i32;

// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "clock_time_get")
export declare function clock_time_get(id: i32, precision: i64, time_ptr: usize): i32;

// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "fd_write")
export declare function fd_write(fd: i32, iovs: usize, iovs_len: i32, nwritten_ptr: usize): i32;

// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "proc_exit")
export declare function proc_exit(code: i32): void;
