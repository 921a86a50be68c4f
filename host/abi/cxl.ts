// SPDX-License-Identifier: GPL-2.0-only
/**
 * The ioctls of a CXL memory device, as a user-space program has them from linux/cxl_mem.h (v5.12):
 * numbers, layouts, and requests that lay themselves out in user memory and read their answer back.
 *
 * A request is used in four steps: take `bytes` of user memory (8-byte aligned), encode() into it, do
 * the ioctl `cmd` with its address as the argument, give resultOf() what came back.
 */
import { UsageError } from "../errors.ts";
import { errnoName } from "./errno.ts";

export const CXL_MEM_QUERY_COMMANDS = 0x8008ce01;
export const CXL_MEM_SEND_COMMAND = 0xc030ce02;

export const CommandId = {
  INVALID: 0,
  IDENTIFY: 1,
  RAW: 2,
  GET_SUPPORTED_LOGS: 3,
  GET_FW_INFO: 4,
  GET_PARTITION_INFO: 5,
  GET_LSA: 6,
  GET_HEALTH_INFO: 7,
  GET_LOG: 8,
} as const;

export type CommandName = keyof typeof CommandId;

/** How many commands the driver knows, INVALID included. */
export const COMMAND_COUNT = 9;

const INFO_BYTES = 16;
const QUERY_HEADER_BYTES = 8;
const SEND_BYTES = 48;
const INT32_MAX = 0x7fffffff;

/** One ioctl to be done, with the type of its answer. */
export interface IoctlRequest<Reply> {
  /** The ioctl number. */
  readonly cmd: number;
  /** User memory that it needs. */
  readonly bytes: number;
  /** Writes the request to `memory`, which is user memory at `address`: the ioctl's argument. */
  encode(memory: Uint8Array, address: number): void;
  /** Reads the answer of an ioctl that returned 0. */
  decode(memory: Uint8Array): Reply;
}

export type IoctlResult<Reply> =
  | { readonly ok: true; readonly reply: Reply }
  /** errno is positive; code is its name. */
  | { readonly ok: false; readonly errno: number; readonly code: string };

/** What came of an ioctl that returned `rc`. */
export function resultOf<Reply>(
  request: IoctlRequest<Reply>,
  memory: Uint8Array,
  rc: number,
): IoctlResult<Reply> {
  if (rc < 0) return { ok: false, errno: -rc, code: errnoName(rc) };
  return { ok: true, reply: request.decode(memory) };
}

/** The name of a command id. */
export function commandName(id: number): string {
  const known = Object.entries(CommandId).find(([, value]) => value === id);
  return known?.[0] ?? `command ${id}`;
}

export interface CommandInfo {
  readonly id: number;
  readonly flags: number;
  /** Bytes, or -1 when it varies. */
  readonly sizeIn: number;
  readonly sizeOut: number;
}

function viewOf(memory: Uint8Array): DataView {
  return new DataView(memory.buffer, memory.byteOffset, memory.byteLength);
}

/** Asks how many commands there are. */
export function queryCount(): IoctlRequest<number> {
  return {
    cmd: CXL_MEM_QUERY_COMMANDS,
    bytes: QUERY_HEADER_BYTES,
    encode: (memory) => memory.fill(0, 0, QUERY_HEADER_BYTES),
    decode: (memory) => viewOf(memory).getUint32(0, true),
  };
}

/**
 * Asks for the first `room` commands; the driver tells of those that it was built with, enabled or
 * not, from INVALID (all zero) on.
 */
export function query(room: number = COMMAND_COUNT): IoctlRequest<CommandInfo[]> {
  if (!Number.isInteger(room) || room < 1 || room > 0xffff) {
    throw new UsageError(`query: ${room} is not between 1 and 65535`);
  }
  const bytes = QUERY_HEADER_BYTES + room * INFO_BYTES;
  return {
    cmd: CXL_MEM_QUERY_COMMANDS,
    bytes,
    encode(memory) {
      memory.fill(0, 0, bytes);
      viewOf(memory).setUint32(0, room, true);
    },
    decode(memory) {
      const view = viewOf(memory);
      return Array.from({ length: Math.min(room, COMMAND_COUNT) }, (_, i) => {
        const at = QUERY_HEADER_BYTES + i * INFO_BYTES;
        return {
          id: view.getUint32(at, true),
          flags: view.getUint32(at + 4, true),
          sizeIn: view.getInt32(at + 8, true),
          sizeOut: view.getInt32(at + 12, true),
        };
      });
    },
  };
}

export interface SendRequest {
  /** A command of the table; with `opcode` it is RAW. */
  readonly id?: CommandName | number;
  /** Sends this opcode as a RAW command. */
  readonly opcode?: number;
  readonly in?: Uint8Array;
  /** Bytes of output that the caller says it has room for. */
  readonly outSize?: number;
  /**
   * Bytes of user memory kept for the output; default outSize. This driver copies an output of variable
   * size out as long as it came, even beyond outSize: keep a payload's size where that matters.
   */
  readonly reserve?: number;
}

export interface SendReply {
  /** Return code of the device; 0 is success. An error of the device is not an errno. */
  readonly retval: number;
  /** Bytes that the driver says it wrote. */
  readonly size: number;
  /** They, as far as they are in the reserved memory. */
  readonly out: Uint8Array;
}

function checkSize(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= INT32_MAX) return value;
  throw new UsageError(`send: ${name} ${value} is not a number of bytes`);
}

function idOf({ id, opcode }: SendRequest): number {
  if (opcode !== undefined) {
    if (id !== undefined && id !== "RAW" && id !== CommandId.RAW) {
      throw new UsageError(`send: an opcode goes with RAW, not with ${id}`);
    }
    if (Number.isInteger(opcode) && opcode >= 0 && opcode <= 0xffff) return CommandId.RAW;
    throw new UsageError(`send: ${opcode} is not an opcode`);
  }
  const number = typeof id === "string" ? CommandId[id] : id;
  if (number !== undefined && Number.isInteger(number) && number >= 0) return number;
  throw new UsageError(`send: ${id ?? "no command"} is not a command`);
}

/** Sends a command to the device. The layout: structure, input, output. */
export function send(request: SendRequest): IoctlRequest<SendReply> {
  const id = idOf(request);
  const input = request.in ?? new Uint8Array(0);
  const outSize = checkSize("outSize", request.outSize ?? 0);
  const reserve = checkSize("reserve", request.reserve ?? outSize);
  const inAt = SEND_BYTES;
  const outAt = Math.ceil((inAt + input.length) / 8) * 8;
  const bytes = outAt + reserve;
  return {
    cmd: CXL_MEM_SEND_COMMAND,
    bytes,
    encode(memory, address) {
      const view = viewOf(memory);
      memory.fill(0, 0, bytes);
      view.setUint32(0, id, true);
      view.setUint16(8, request.opcode ?? 0, true);
      view.setInt32(16, input.length, true);
      view.setBigUint64(24, BigInt(address + inAt), true);
      view.setInt32(32, outSize, true);
      view.setBigUint64(40, BigInt(address + outAt), true);
      memory.set(input, inAt);
    },
    decode(memory) {
      const view = viewOf(memory);
      const size = view.getInt32(32, true);
      const out = memory.slice(outAt, outAt + Math.min(size, reserve));
      return { retval: view.getUint32(12, true), size, out: new Uint8Array(out) };
    },
  };
}
