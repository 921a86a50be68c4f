// SPDX-License-Identifier: GPL-2.0-only
/** Hand-made ioctl arguments for tests: every field as it is given, right or wrong. */
import type { DeviceUnderTest } from "./fixture.ts";

export interface RawSend {
  id?: number;
  flags?: number;
  opcode?: number;
  rawRsvd?: number;
  inSize?: number;
  inRsvd?: number;
  inPayload?: number | bigint;
  outSize?: number;
  outRsvd?: number;
  outPayload?: number | bigint;
}

/** Offsets in user memory that the tests use. */
export const ARG = 0;
export const IN = 0x100;
export const OUT = 0x1000;

export const RAW = 2;

export function words(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values.map((v) => v >>> 0)).buffer);
}

/** Lays a cxl_send_command out at `at`; payload pointers default to IN and OUT. */
export function putSend(device: DeviceUnderTest, send: RawSend, at = ARG): bigint {
  const { kernel } = device;
  const base = kernel.map.userStart;
  const view = new DataView(kernel.memory.buffer, base + at, 48);
  view.setUint32(0, send.id ?? 0, true);
  view.setUint32(4, send.flags ?? 0, true);
  view.setUint16(8, send.opcode ?? 0, true);
  view.setUint16(10, send.rawRsvd ?? 0, true);
  view.setUint32(12, 0xa5a5a5a5, true);
  view.setInt32(16, send.inSize ?? 0, true);
  view.setUint32(20, send.inRsvd ?? 0, true);
  view.setBigUint64(24, BigInt(send.inPayload ?? base + IN), true);
  view.setInt32(32, send.outSize ?? 0, true);
  view.setUint32(36, send.outRsvd ?? 0, true);
  view.setBigUint64(40, BigInt(send.outPayload ?? base + OUT), true);
  return BigInt(base + at);
}

export interface Outcome {
  readonly rc: number;
  readonly retval: number;
  readonly outSize: number;
}

/** Sends; retval and outSize are what the structure says afterwards. */
export function sendRaw(device: DeviceUnderTest, send: RawSend, input?: Uint8Array): Outcome {
  const { kernel } = device;
  if (input !== undefined) kernel.user.set(input, IN);
  const arg = putSend(device, send);
  const rc = device.ioctl(kernel.constant("CXL_MEM_SEND_COMMAND"), arg);
  const view = new DataView(kernel.memory.buffer, kernel.map.userStart + ARG, 48);
  return { rc, retval: view.getUint32(12, true), outSize: view.getInt32(32, true) };
}
