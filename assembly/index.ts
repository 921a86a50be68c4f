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
export * from "./init/main";
export * from "./kernel/locking/mutex";
export * from "./kernel/locking/osq_lock";
export * from "./kernel/locking/rwsem";
export * from "./kernel/locking/spinlock";
export * from "./kernel/sched/completion";
export * from "./kernel/sched/core";
export * from "./kernel/sched/task";
export * from "./kernel/sched/wait";
export * from "./lib/kref";
export * from "./lib/refcount";
export * from "./mm/slab";
export * from "./workload/locktorture";
