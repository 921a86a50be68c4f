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
export * from "./drivers/cxl/cmds";
export * from "./drivers/cxl/cxl";
export * from "./drivers/cxl/cxlmem";
export * from "./drivers/cxl/device_cmds";
export * from "./drivers/cxl/device_model";
export * from "./drivers/cxl/device_state";
export * from "./drivers/cxl/mbox";
export * from "./drivers/cxl/mem";
export * from "./drivers/cxl/pci";
export * from "./drivers/cxl/probe";
export * from "./drivers/cxl/uapi";
export * from "./drivers/cxl/user";
export * from "./init/main";
export * from "./mm/slab";
