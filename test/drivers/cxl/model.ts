// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the two ioctls must do, errno and user memory alike: an independent model, written from the
 * description of the v5.12 interface.
 */
import type { ModelDevice } from "./device-model.ts";

export const EPERM = 1;
export const EBUSY = 16;
export const ENOMEM = 12;
export const EFAULT = 14;
export const EINVAL = 22;
export const ENOTTY = 25;
export const ETIMEDOUT = 110;

const QUERY = 0x8008ce01;
const SEND = 0xc030ce02;
const RAW = 2;
const VARIABLE = -1;

interface Command {
  readonly opcode: number;
  readonly sizeIn: number;
  readonly sizeOut: number;
}

function row(opcode: number, sizeIn: number, sizeOut: number): Command {
  return { opcode, sizeIn, sizeOut };
}

/** By id; INVALID is all zero. */
export const COMMANDS: readonly Command[] = [
  row(0, 0, 0),
  row(0x4000, 0, 0x43),
  row(0, VARIABLE, VARIABLE),
  row(0x0400, 0, VARIABLE),
  row(0x0200, 0, 0x50),
  row(0x4100, 0, 0x20),
  row(0x4102, 8, VARIABLE),
  row(0x4200, 0, 0x12),
  row(0x0401, 0x18, VARIABLE),
];

const FORCED: readonly number[] = [0x4000, 0x0400, 0x0401];
const DENIED_SETS: readonly number[] = [0x44, 0x45, 0x46];
const DENIED: readonly number[] = [0x0202, 0x4101, 0x4103, 0x4204, 0x4304, 0x4305];

export interface ModelConfig {
  rawCommands: boolean;
  lockedDown: boolean;
  rawAllowAll: boolean;
}

interface Send {
  readonly id: number;
  readonly flags: number;
  readonly opcode: number;
  readonly rawRsvd: number;
  readonly inSize: number;
  readonly inRsvd: number;
  readonly inPayload: bigint;
  readonly outSize: number;
  readonly outRsvd: number;
  readonly outPayload: bigint;
}

/** A command that passed the checks. */
interface Checked {
  readonly opcode: number;
  readonly room: number;
}

/** One memory device behind its char device, with one task's user memory. */
export class CxlModel {
  readonly device: ModelDevice;
  readonly config: ModelConfig;
  /** User memory, [base, base + memory.length). */
  readonly memory: Uint8Array;
  readonly enabled: ReadonlySet<number>;
  warnedRaw = false;
  warnedSize = false;
  readonly #base: bigint;

  constructor(device: ModelDevice, config: ModelConfig, base: number, memory: Uint8Array) {
    this.device = device;
    this.config = config;
    this.memory = memory;
    this.#base = BigInt(base);
    const listed = [...device.knobs.celOpcodes, ...FORCED];
    this.enabled = new Set(listed.map((opcode) => COMMANDS.findIndex((c) => c.opcode === opcode)));
  }

  ioctl(cmd: number, arg: bigint): number {
    if (cmd >>> 0 === QUERY) return this.#query(arg);
    return cmd >>> 0 === SEND ? this.#send(arg) : -ENOTTY;
  }

  /** Offset in user memory of n bytes at a user address; null when any of them is not mapped. */
  #user(address: bigint, n: number): number | null {
    const offset = address - this.#base;
    if (offset < 0n || offset + BigInt(n) > BigInt(this.memory.length)) return null;
    return Number(offset);
  }

  #store(address: bigint, bytes: Uint8Array): boolean {
    const at = this.#user(address, bytes.length);
    if (at !== null) this.memory.set(bytes, at);
    return at !== null;
  }

  #query(arg: bigint): number {
    const at = this.#user(arg, 4);
    if (at === null) return -EFAULT;
    const n = new DataView(this.memory.buffer, this.memory.byteOffset + at).getUint32(0, true);
    if (n === 0) return this.#store(arg, words(COMMANDS.length)) ? 0 : -EFAULT;
    for (const [id, command] of COMMANDS.slice(0, n).entries()) {
      const listed = id !== RAW || this.config.rawCommands;
      const info = listed ? words(id, 0, command.sizeIn, command.sizeOut) : words(0, 0, 0, 0);
      if (!this.#store(arg + 8n + 16n * BigInt(id), info)) return -EFAULT;
    }
    return 0;
  }

  #send(arg: bigint): number {
    const at = this.#user(arg, 48);
    if (at === null) return -EFAULT;
    const copy = this.memory.slice(at, at + 48);
    const send = parse(new DataView(copy.buffer));
    const checked = this.#check(send);
    if (typeof checked === "number") return checked;
    const { device } = this;
    let input = new Uint8Array(0);
    if (send.inSize !== 0) {
      const from = this.#user(send.inPayload, send.inSize);
      if (from === null) return -EFAULT;
      input = this.memory.slice(from, from + send.inSize);
    }
    const rc = this.#exchange(send, checked, input);
    if (rc !== 0) return rc;
    const failed = device.returnCode !== 0;
    const size = failed
      ? checked.room
      : Math.min(checked.room, device.length, device.payload.length);
    if (size > send.outSize >>> 0) this.warnedSize = true;
    const output = failed ? new Uint8Array(size) : device.payload.slice(0, size);
    if (size > 0 && !this.#store(send.outPayload, output)) return -EFAULT;
    const view = new DataView(copy.buffer);
    view.setUint32(12, device.returnCode, true);
    view.setInt32(32, size, true);
    return this.#store(arg, copy) ? 0 : -EFAULT;
  }

  #exchange(send: Send, checked: Checked, input: Uint8Array): number {
    const { device } = this;
    if (!device.waitIdle()) return -ETIMEDOUT;
    const { status, stuck } = device.knobs;
    if (((status >> 2) & 3) !== 1 || ((status >> 4) & 1) !== 1) return -EBUSY;
    if ((status & 3) !== 0 || ((status >> 5) & 7) !== 0) return -EFAULT;
    if (send.id === RAW) this.warnedRaw = true;
    if (stuck === "toggle") return -EBUSY;
    return device.ring(checked.opcode, input) ? 0 : -ETIMEDOUT;
  }

  #check(send: Send): Checked | number {
    const payload = this.device.payload.length;
    const command = COMMANDS[send.id];
    if (send.id === 0 || command === undefined) return -ENOTTY;
    if (send.inSize < 0 || send.inSize > payload) return -EINVAL;
    if (send.id === RAW) {
      if (send.rawRsvd !== 0 || send.outSize < 0 || send.outSize > payload) return -EINVAL;
      if (!this.#rawAllowed(send.opcode)) return -EPERM;
      return { opcode: send.opcode, room: send.outSize };
    }
    if (send.flags >>> 0 > 1) return -EINVAL;
    if (send.opcode !== 0 || send.rawRsvd !== 0) return -EINVAL;
    if (send.inRsvd !== 0 || send.outRsvd !== 0) return -EINVAL;
    if (!this.enabled.has(send.id)) return -ENOTTY;
    if (command.sizeIn !== VARIABLE && command.sizeIn !== send.inSize) return -ENOMEM;
    if (command.sizeOut !== VARIABLE && send.outSize < command.sizeOut) return -ENOMEM;
    return {
      opcode: command.opcode,
      room: command.sizeOut === VARIABLE ? payload : command.sizeOut,
    };
  }

  #rawAllowed(opcode: number): boolean {
    if (!this.config.rawCommands || this.config.lockedDown) return false;
    if (this.config.rawAllowAll) return true;
    return !DENIED_SETS.includes(opcode >> 8) && !DENIED.includes(opcode);
  }
}

function words(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Int32Array.from(values).buffer);
}

function parse(view: DataView): Send {
  return {
    id: view.getUint32(0, true),
    flags: view.getUint32(4, true),
    opcode: view.getUint16(8, true),
    rawRsvd: view.getUint16(10, true),
    inSize: view.getInt32(16, true),
    inRsvd: view.getUint32(20, true),
    inPayload: view.getBigUint64(24, true),
    outSize: view.getInt32(32, true),
    outRsvd: view.getUint32(36, true),
    outPayload: view.getBigUint64(40, true),
  };
}
