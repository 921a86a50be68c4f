// SPDX-License-Identifier: GPL-2.0-only
/**
 * The library: boot a machine, plug in devices, use and remove them. See docs/library.md.
 *
 * @packageDocumentation
 */
export {
  type CommandInfo,
  type CommandName,
  type IoctlRequest,
  query,
  queryCount,
  type SendReply,
  type SendRequest,
  send,
} from "./abi/cxl.ts";
export * from "./abi/cxl-payloads.ts";
export { Errno, errnoName } from "./abi/errno.ts";
export { KernelAbi } from "./abi/kernel.ts";
export * from "./errors.ts";
export type { Device, DeviceOptions, OpenFile, SyscallOptions } from "./machine/device.ts";
export type { LogRecord, TaskState } from "./machine/inspect.ts";
export { boot, type CallOptions, type Machine, type MachineOptions } from "./machine/machine.ts";
export {
  ErrnoError,
  type SyscallFailure,
  type SyscallResult,
  unwrap,
} from "./machine/syscall.ts";
