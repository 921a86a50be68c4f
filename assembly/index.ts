// SPDX-License-Identifier: GPL-2.0-only
// The exports of the module: one line a file, no logic.
export * from "./arch/wasm/atomic";
export * from "./arch/wasm/bug";
export * from "./arch/wasm/clock";
export * from "./arch/wasm/events";
export * from "./arch/wasm/futex";
export * from "./arch/wasm/memory";
export * from "./arch/wasm/percpu";
export * from "./arch/wasm/uaccess";
export * from "./callbacks";
export * from "./init/main";
export * from "./kernel/rcu/tree";
export * from "./lib/fault-inject";
export * from "./lib/idr";
export * from "./lib/percpu-refcount";
export * from "./lib/random";
export * from "./mm/percpu";
export * from "./mm/slab";
