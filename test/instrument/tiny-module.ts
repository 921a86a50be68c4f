// SPDX-License-Identifier: GPL-2.0-only
/**
 * Small modules made from text, and what they do: as they are, and as coroutines that are taken off now
 * and then and go on in another instance, over a copy of the memory.
 */

import { CONTROL } from "../../host/instrument/coroutine-function.ts";
import { coroutineModule } from "../../host/instrument/coroutine-image.ts";
import { encodeS32, encodeU32 } from "../../host/instrument/leb.ts";

export const TYPES: Readonly<Record<string, number>> = { i32: 0x7f, i64: 0x7e };

const PLAIN: Readonly<Record<string, number>> = {
  ...{ unreachable: 0x00, nop: 0x01, else: 0x05, end: 0x0b, return: 0x0f, drop: 0x1a },
  ...{ select: 0x1b, "i32.eqz": 0x45, "i32.eq": 0x46, "i32.lt_s": 0x48, "i32.le_s": 0x4c },
  ...{ "i32.add": 0x6a, "i32.sub": 0x6b, "i32.mul": 0x6c, "i32.and": 0x71, "i32.xor": 0x73 },
  ...{ "i64.eqz": 0x50, "i64.add": 0x7c, "i64.sub": 0x7d, "i64.mul": 0x7e, "i64.xor": 0x85 },
  ...{ "i32.wrap_i64": 0xa7, "i64.extend_i32_s": 0xac },
};
const INDEXED: Readonly<Record<string, number>> = {
  ...{ br: 0x0c, br_if: 0x0d, call: 0x10 },
  ...{ "local.get": 0x20, "local.set": 0x21, "local.tee": 0x22 },
};
const BLOCKS: Readonly<Record<string, number>> = { block: 0x02, loop: 0x03, if: 0x04 };
/** Opcode and alignment; the text's argument is the offset. */
const ACCESSES: Readonly<Record<string, readonly number[]>> = {
  ...{ "i32.load": [0x28, 2], "i64.load": [0x29, 3], "i32.load8_u": [0x2d, 0] },
  ...{ "i32.store": [0x36, 2], "i64.store": [0x37, 3], "i32.store8": [0x3a, 0] },
  ...{ "i32.atomic.rmw.add": [0xfe, 0x1e, 2] },
};

function encode(line: string): readonly number[] {
  const [name = "", ...args] = line.trim().split(/\s+/);
  const [first = 0] = args.map(Number);
  const plain = PLAIN[name];
  if (plain !== undefined) return [plain];
  const indexed = INDEXED[name];
  if (indexed !== undefined) return [indexed, ...encodeU32(first)];
  const block = BLOCKS[name];
  if (block !== undefined) return [block, TYPES[args[0] ?? ""] ?? 0x40];
  const access = ACCESSES[name];
  if (access !== undefined) return [...access, ...encodeU32(first)];
  if (name === "i32.const") return [0x41, ...encodeS32(first)];
  if (name === "i64.const") return [0x42, ...encodeS32(first)];
  if (name === "br_table") {
    return [0x0e, ...encodeU32(args.length - 1), ...args.flatMap((arg) => encodeU32(Number(arg)))];
  }
  throw new Error(`no instruction ${line}`);
}

export interface TinyFunction {
  readonly name: string;
  /** "i32 i64 -> i32": parameters, and the result unless there is none. */
  readonly type: string;
  readonly locals?: string;
  /** Instructions, between semicolons; without the last end. */
  readonly code: string;
}

function types(text: string): number[] {
  return text.split(" ").flatMap((name) => TYPES[name] ?? []);
}

const sized = (bytes: readonly number[]) => [...encodeU32(bytes.length), ...bytes];
const list = (items: readonly (readonly number[])[]) => [
  ...encodeU32(items.length),
  ...items.flat(),
];
const text = (name: string) => sized([...new TextEncoder().encode(name)]);

function bodyOf({ locals = "", code }: TinyFunction): number[] {
  const declared = list(types(locals).map((type) => [1, type]));
  const lines = code.split(";").filter((line) => line.trim() !== "");
  return sized([...declared, ...lines.flatMap(encode), 0x0b]);
}

/** The module of `functions`, all of them exported, with a page of memory from env.memory. */
export function assemble(functions: readonly TinyFunction[]): Uint8Array<ArrayBuffer> {
  const section = (id: number, content: readonly number[]) => [id, ...sized(content)];
  const signatures = functions.map(({ type }) => {
    const [params = "", results = ""] = type.split("->");
    return [0x60, ...sized(types(params)), ...sized(types(results))];
  });
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, list(signatures)),
    ...section(2, list([[...text("env"), ...text("memory"), 2, 0, 1]])),
    ...section(3, list(functions.map((_, i) => encodeU32(i)))),
    ...section(7, list(functions.map(({ name }, i) => [...text(name), 0, ...encodeU32(i)]))),
    ...section(10, list(functions.map(bodyOf))),
  ]);
}

/** What memory the code is to use: below are the words of CONTROL, from 0x1000 on the frames. */
export const DATA = 0x100;
const DATA_BYTES = 0x200;
const FRAMES = 0x1000;

type Argument = number | bigint;
type Exported = (...args: Argument[]) => Argument | undefined;

export interface Outcome {
  readonly result: Argument | undefined;
  readonly memory: string;
}

export class Tiny {
  readonly #plain: WebAssembly.Module;
  readonly #woven: WebAssembly.Module;
  readonly #results: ReadonlyMap<string, string>;
  /** How often the thread was taken off, of the last run. */
  takenOff = 0;
  /** What lay in its frames then. */
  frames: string[] = [];

  constructor(functions: readonly TinyFunction[], root = "f") {
    const wasm = assemble(functions);
    this.#plain = new WebAssembly.Module(wasm);
    const made = coroutineModule(wasm, [root], 1);
    this.#woven = new WebAssembly.Module(made.wasm);
    this.#results = made.results;
  }

  plain(fn: string, args: readonly Argument[]): Outcome {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const { exports } = new WebAssembly.Instance(this.#plain, { env: { memory } });
    const result = (exports[fn] as unknown as Exported)(...args);
    return { result, memory: dataOf(memory) };
  }

  #instance(decide: () => boolean) {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const hook = () => (decide() ? 1 : 0);
    const names = WebAssembly.Module.imports(this.#woven).map(({ name }) => name);
    const check = Object.fromEntries(names.map((name) => [name, hook]));
    const { exports } = new WebAssembly.Instance(this.#woven, { env: { memory }, check });
    return { memory, exports };
  }

  /** The same as a coroutine: before each access `decide` says whether it is taken off. */
  woven(fn: string, args: readonly Argument[], decide: () => boolean): Outcome {
    let [here, other] = [this.#instance(decide), this.#instance(decide)];
    this.takenOff = 0;
    this.frames = [];
    const run = here.exports[fn] as unknown as Exported;
    let result = run(...args, FRAMES, 0);
    const isOff = () => (here.exports["suspended"] as WebAssembly.Global).value === 1;
    for (let off = isOff(); off; ) {
      (here.exports["suspended"] as WebAssembly.Global).value = 0;
      this.takenOff++;
      [here, other] = [other, here];
      new Uint8Array(here.memory.buffer).set(new Uint8Array(other.memory.buffer));
      const view = new DataView(here.memory.buffer);
      const end = view.getUint32(CONTROL.stack, true);
      this.frames.push(Buffer.from(here.memory.buffer, FRAMES, end - FRAMES).toString("hex"));
      off = (here.exports["resume"] as unknown as Exported)(end) === 0;
      if (!off) result = this.#resultIn(fn, view);
    }
    return { result, memory: dataOf(here.memory) };
  }

  #resultIn(fn: string, view: DataView): Argument | undefined {
    if (this.#results.get(fn) === "none") return undefined;
    const isWide = this.#results.get(fn) === "i64";
    return isWide ? view.getBigInt64(CONTROL.result, true) : view.getInt32(CONTROL.result, true);
  }
}

function dataOf(memory: WebAssembly.Memory): string {
  return Buffer.from(memory.buffer, DATA, DATA_BYTES).toString("hex");
}
