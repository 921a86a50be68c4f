// SPDX-License-Identifier: GPL-2.0-only
export { KernelAbi } from "./abi/kernel.ts";
export * from "./errors.ts";
export { boot, type CallOptions, Machine, type MachineOptions } from "./machine/machine.ts";
