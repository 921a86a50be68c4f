// SPDX-License-Identifier: GPL-2.0-only
/**
 * The modelled device once more, in TypeScript: what it answers to each opcode, byte for byte. Written
 * from the tables of the specification, not from assembly/drivers/cxl.
 */

export const CEL_UUID = "0da9c0b5-bf41-4b78-8f79-96b1623b3f17";
export const VENDOR_UUID = "0e1819d9-11a9-400c-811f-d60719403d86";
export const FW_REVISION = "hotunplug-fw 1.0";

export const RETURN_INVALID_INPUT = 2;
export const RETURN_UNSUPPORTED = 3;
export const RETURN_PAYLOAD_LENGTH = 0x16;

export type Stuck = "no" | "busy" | "on-ring" | "toggle";

/** The knobs of a device; as the kernel's, they may change between two commands. */
export interface Knobs {
  readonly payloadSize: number;
  status: number;
  stuck: Stuck;
  failCode: number;
  failOpcode: number;
  /** -1: outputs have their own length. */
  forceLength: number;
  celOpcodes: readonly number[];
  logs: { cel: boolean; vendor: boolean };
}

export function uuidBytes(uuid: string): Uint8Array {
  return Uint8Array.from(Buffer.from(uuid.replaceAll("-", ""), "hex"));
}

function le(...fields: readonly (readonly [bytes: number, value: number])[]): Uint8Array {
  const out = new Uint8Array(fields.reduce((sum, [bytes]) => sum + bytes, 0));
  let at = 0;
  for (const [bytes, value] of fields) {
    for (let i = 0; i < bytes; i++) out[at++] = Math.floor(value / 256 ** i) % 256;
  }
  return out;
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

function zeros(n: number): Uint8Array {
  return new Uint8Array(n);
}

const revision = Uint8Array.from(Buffer.from(FW_REVISION, "latin1"));

export class ModelDevice {
  readonly knobs: Knobs;
  readonly payload: Uint8Array;
  /** Commands carried out. */
  commands = 0;
  length = 0;
  returnCode = 0;
  #pending: { opcode: number; sizeIn: number } | null = null;

  constructor(knobs: Knobs) {
    this.knobs = knobs;
    this.payload = new Uint8Array(knobs.payloadSize);
  }

  /** True when a wait for the doorbell succeeds. */
  waitIdle(): boolean {
    const { stuck } = this.knobs;
    if (stuck === "busy") return false;
    if (stuck === "on-ring") return this.#pending === null;
    this.#finish();
    return true;
  }

  /** Rings; true when the command is done in time. */
  ring(opcode: number, input: Uint8Array): boolean {
    this.payload.set(input);
    this.#pending = { opcode, sizeIn: input.length };
    if (this.knobs.stuck === "on-ring") return false;
    this.#finish();
    return true;
  }

  #finish(): void {
    if (this.#pending === null) return;
    const { opcode, sizeIn } = this.#pending;
    this.#pending = null;
    this.commands++;
    const answer = this.#answer(opcode, sizeIn);
    this.returnCode = typeof answer === "number" ? answer : 0;
    this.length = 0;
    if (typeof answer === "number") return;
    this.payload.set(answer);
    this.length = this.knobs.forceLength < 0 ? answer.length : this.knobs.forceLength;
  }

  #answer(opcode: number, sizeIn: number): Uint8Array | number {
    const { failCode, failOpcode } = this.knobs;
    if (failCode !== 0 && (failOpcode === 0 || failOpcode === opcode)) return failCode;
    const command = this.#commands.get(opcode);
    if (command === undefined) return RETURN_UNSUPPORTED;
    return sizeIn === command.sizeIn ? command.run() : RETURN_PAYLOAD_LENGTH;
  }

  readonly #commands = new Map<number, { sizeIn: number; run: () => Uint8Array | number }>([
    [0x0200, { sizeIn: 0, run: () => join(le([1, 2], [1, 1], [14, 0]), revision, zeros(48)) }],
    [0x0400, { sizeIn: 0, run: () => this.#supportedLogs() }],
    [0x0401, { sizeIn: 24, run: () => this.#getLog() }],
    [0x4000, { sizeIn: 0, run: identify }],
    [0x4100, { sizeIn: 0, run: () => le([8, 0x10], [8, 0x30], [8, 0], [8, 0]) }],
    [0x4102, { sizeIn: 8, run: () => this.#getLsa() }],
    [0x4200, { sizeIn: 0, run: () => join(zeros(3), le([1, 1], [2, 25]), zeros(12)) }],
  ]);

  #cel(): Uint8Array {
    return join(...this.knobs.celOpcodes.map((opcode) => le([2, opcode], [2, 0])));
  }

  #supportedLogs(): Uint8Array {
    const { logs } = this.knobs;
    const entries: Uint8Array[] = [];
    if (logs.vendor) entries.push(join(uuidBytes(VENDOR_UUID), le([4, 768])));
    if (logs.cel) entries.push(join(uuidBytes(CEL_UUID), le([4, this.#cel().length])));
    return join(le([2, entries.length], [6, 0]), ...entries);
  }

  #word(at: number): number {
    return new DataView(this.payload.buffer).getUint32(at, true);
  }

  #getLog(): Uint8Array | number {
    const uuid = Buffer.from(this.payload.subarray(0, 16)).toString("hex");
    const is = (known: string) => uuid === known.replaceAll("-", "");
    if (this.knobs.logs.cel && is(CEL_UUID)) return this.#range(this.#cel(), 16, 4);
    const vendor = Uint8Array.from({ length: 768 }, (_, i) => i * 37 + 11);
    if (this.knobs.logs.vendor && is(VENDOR_UUID)) return this.#range(vendor, 16, 1);
    return RETURN_INVALID_INPUT;
  }

  #getLsa(): Uint8Array | number {
    return this.#range(
      Uint8Array.from({ length: 1024 }, (_, i) => i * 13 + 5),
      0,
      1,
    );
  }

  /** The part of `data` that {offset, length} in the payload ask for; whole entries only. */
  #range(data: Uint8Array, at: number, entry: number): Uint8Array | number {
    const offset = this.#word(at);
    const length = this.#word(at + 4);
    if (length > this.knobs.payloadSize || offset + length > data.length) {
      return RETURN_INVALID_INPUT;
    }
    if (offset % entry !== 0 || length % entry !== 0) return RETURN_INVALID_INPUT;
    return data.slice(offset, offset + length);
  }
}

function identify(): Uint8Array {
  const capacity = le([8, 0x40], [8, 0x10], [8, 0x30], [8, 0]);
  const events = le([2, 8], [2, 4], [2, 2], [2, 1]);
  return join(revision, capacity, events, le([4, 1024]), zeros(7));
}
