// SPDX-License-Identifier: GPL-2.0-only
// Inputs and outputs of CXL mailbox commands (CXL 2.0 specification, 8.2.9), little-endian.

/** The log that lists which commands a device has. */
export const CEL_UUID = "0da9c0b5-bf41-4b78-8f79-96b1623b3f17";
export const VENDOR_DEBUG_UUID = "0e1819d9-11a9-400c-811f-d60719403d86";

const RETURN_CODES: readonly string[] = [
  "success",
  "background command started",
  "invalid input",
  "unsupported",
  "internal error",
  "retry required",
  "busy",
  "media disabled",
  "firmware transfer in progress",
  "firmware transfer out of order",
  "firmware verification failed",
  "invalid slot",
  "activation failed, rolled back",
  "activation failed, cold reset required",
  "invalid handle",
  "invalid physical address",
  "poison limit reached",
  "permanent media failure",
  "aborted",
  "invalid security state",
  "incorrect passphrase",
  "unsupported mailbox",
  "invalid payload length",
];

/** What a device means by its return code. */
export function returnCodeName(code: number): string {
  return RETURN_CODES[code] ?? `return code 0x${code.toString(16)}`;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function words(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  for (const [i, value] of values.entries()) viewOf(bytes).setUint32(4 * i, value, true);
  return bytes;
}

/** Input of GET_LOG. */
export function getLogInput(uuid: string, offset: number, length: number): Uint8Array {
  const input = new Uint8Array(24);
  const hex = uuid.replaceAll("-", "");
  for (let i = 0; i < 16; i++) input[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  input.set(words(offset, length), 16);
  return input;
}

/** Input of GET_LSA. */
export function getLsaInput(offset: number, length: number): Uint8Array {
  return words(offset, length);
}

function uuidAt(bytes: Uint8Array, at: number): string {
  const hex = Array.from(bytes.subarray(at, at + 16), (b) => b.toString(16).padStart(2, "0"));
  const part = (from: number, to: number) => hex.slice(from, to).join("");
  return [part(0, 4), part(4, 6), part(6, 8), part(8, 10), part(10, 16)].join("-");
}

function text(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return String.fromCharCode(...bytes.subarray(0, end < 0 ? bytes.length : end));
}

export interface SupportedLog {
  readonly uuid: string;
  readonly bytes: number;
}

/** Output of GET_SUPPORTED_LOGS. */
export function decodeSupportedLogs(out: Uint8Array): SupportedLog[] {
  const view = viewOf(out);
  return Array.from({ length: view.getUint16(0, true) }, (_, i) => ({
    uuid: uuidAt(out, 8 + 20 * i),
    bytes: view.getUint32(24 + 20 * i, true),
  }));
}

export interface CelEntry {
  readonly opcode: number;
  readonly effect: number;
}

/** The Command Effects Log, or a part of it. */
export function decodeCel(out: Uint8Array): CelEntry[] {
  const view = viewOf(out);
  return Array.from({ length: out.length >> 2 }, (_, i) => ({
    opcode: view.getUint16(4 * i, true),
    effect: view.getUint16(4 * i + 2, true),
  }));
}

export interface Identify {
  readonly fwRevision: string;
  /** Capacities are in units of 256 MiB. */
  readonly totalCapacity: bigint;
  readonly volatileCapacity: bigint;
  readonly persistentCapacity: bigint;
  readonly partitionAlign: bigint;
  readonly lsaBytes: number;
}

/** Output of IDENTIFY. */
export function decodeIdentify(out: Uint8Array): Identify {
  const view = viewOf(out);
  return {
    fwRevision: text(out.subarray(0, 16)),
    totalCapacity: view.getBigUint64(16, true),
    volatileCapacity: view.getBigUint64(24, true),
    persistentCapacity: view.getBigUint64(32, true),
    partitionAlign: view.getBigUint64(40, true),
    lsaBytes: view.getUint32(56, true),
  };
}
