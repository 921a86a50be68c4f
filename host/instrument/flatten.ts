// SPDX-License-Identifier: GPL-2.0-only
/**
 * Takes the structure out of a function: blocks, loops and conditions become labels and jumps.
 *
 * Source: the WebAssembly core specification 2.0, chapter 3.4 for the types of blocks.
 */
import { Emission } from "./emission.ts";
import { EXTRA_PARAMS, type Flow, type Label, type Weaver } from "./flow.ts";
import { type Instruction, OP } from "./instructions.ts";
import { encodeU32, Reader } from "./leb.ts";
import { I32 } from "./rewrite.ts";
import { resultType } from "./value-types.ts";
import type { FunctionBody, WasmModule } from "./wasm-binary.ts";

interface Frame {
  readonly opcode: number;
  readonly height: number;
  readonly results: readonly number[];
  /** Where a branch to it goes. */
  readonly target: Label;
  readonly end: Label;
  readonly otherwise: Label | null;
  reachable: boolean;
}

const BLOCK_EMPTY = -0x40;

class Flattener extends Emission {
  readonly #module: WasmModule;
  readonly #body: FunctionBody;
  readonly #weaver: Weaver;
  readonly #frames: Frame[] = [];
  #dead = false;

  constructor(module: WasmModule, body: FunctionBody, weaver: Weaver) {
    super([...body.type.paramTypes, I32, I32, ...body.localTypes]);
    this.#module = module;
    this.#body = body;
    this.#weaver = weaver;
  }

  /** Results of a block are in the slots from `height` on: copies them there from the top. */
  #moveResults(frame: Frame): void {
    const { results, height } = frame;
    const from = this.stack.length - results.length;
    if (from === height) return;
    for (const [i, type] of results.entries()) {
      this.get(this.temp(`stack ${from + i}`, type));
      this.set(this.temp(`stack ${height + i}`, type));
    }
  }

  #frameAt(depth: number): Frame {
    const frame = this.#frames.at(-1 - depth);
    if (frame === undefined) throw new Error(`wasm: ${this.#body.name} branches out of itself`);
    return frame;
  }

  #branchResults(frame: Frame): Frame {
    return frame.opcode === OP.loop ? { ...frame, results: [] } : frame;
  }

  #blockResults(immediate: number): readonly number[] {
    if (immediate === BLOCK_EMPTY) return [];
    if (immediate < 0) return [immediate & 0x7f];
    const type = this.#module.types[immediate];
    if (type === undefined || type.params > 0) throw new Error("wasm: a block with parameters");
    return type.resultTypes;
  }

  #open(instruction: Instruction): void {
    const { opcode } = instruction;
    const results = this.#blockResults(instruction.immediate);
    if (opcode === OP.if) this.stack.pop();
    const end = this.label();
    const otherwise = opcode === OP.if ? this.label() : null;
    if (otherwise !== null) {
      this.set(this.temp("condition", I32));
      this.spill();
      this.get(this.temp("condition", I32));
      this.raw(OP.i32Eqz);
      this.items.push({ kind: "jumpIf", label: otherwise });
    } else if (opcode === OP.loop) this.spill();
    const target = opcode === OP.loop ? this.label() : end;
    const height = this.stack.length;
    this.#frames.push({ opcode, height, results, target, end, otherwise, reachable: true });
    if (opcode === OP.loop) this.put(target);
    if (opcode !== OP.block) this.refill();
  }

  /** The end of a branch of a block: its results go where the block's end expects them. */
  #leave(frame: Frame): void {
    if (!this.#dead) {
      this.spill();
      this.#moveResults(frame);
    }
    this.stack.length = frame.height;
    this.stack.push(...frame.results);
  }

  #else(): void {
    const frame = this.#frameAt(0);
    this.#leave(frame);
    if (!this.#dead) this.jump(frame.end);
    this.#dead = false;
    this.stack.length = frame.height;
    if (frame.otherwise !== null) this.put(frame.otherwise);
    this.#frames[this.#frames.length - 1] = { ...frame, otherwise: null };
    this.refill();
  }

  #end(): void {
    const frame = this.#frames.pop();
    if (frame === undefined) {
      this.#return();
      return;
    }
    this.#leave(frame);
    if (frame.otherwise !== null) this.put(frame.otherwise);
    this.put(frame.end);
    this.#dead = false;
    this.refill();
  }

  #return(): void {
    if (!this.#dead) this.items.push({ kind: "end", bytes: [OP.return] });
    this.#dead = true;
  }

  /** Where a branch out of all blocks would go: it is a return. */
  #isReturn(depth: number): boolean {
    return depth >= this.#frames.length;
  }

  #br(depth: number): void {
    if (this.#isReturn(depth)) {
      this.#return();
      return;
    }
    const frame = this.#branchResults(this.#frameAt(depth));
    this.spill();
    this.#moveResults(frame);
    this.jump(frame.target);
    this.#dead = true;
  }

  #brIf(depth: number): void {
    this.stack.pop();
    const condition = this.temp("condition", I32);
    this.set(condition);
    this.spill();
    const past = this.label();
    this.get(condition);
    if (this.#isReturn(depth)) {
      this.raw(OP.i32Eqz);
      this.items.push({ kind: "jumpIf", label: past });
      this.refill();
      this.items.push({ kind: "end", bytes: [OP.return] });
      this.put(past);
    } else {
      const frame = this.#branchResults(this.#frameAt(depth));
      const moves =
        frame.results.length > 0 && this.stack.length > frame.height + frame.results.length;
      if (moves) {
        this.raw(OP.i32Eqz);
        this.items.push({ kind: "jumpIf", label: past });
        this.#moveResults(frame);
        this.jump(frame.target);
        this.put(past);
      } else this.items.push({ kind: "jumpIf", label: frame.target });
    }
    this.refill();
  }

  #brTable(instruction: Instruction): void {
    const reader = new Reader(this.#module.bytes, instruction.at + 1);
    const depths = Array.from({ length: reader.u32() + 1 }, () => reader.u32());
    this.stack.pop();
    const index = this.temp("condition", I32);
    this.set(index);
    this.spill();
    const frames = depths.map((depth) => this.#frameAt(depth));
    if (frames.some(({ results, opcode }) => opcode !== OP.loop && results.length > 0)) {
      throw new Error("wasm: a br_table with results");
    }
    this.get(index);
    this.items.push({ kind: "table", labels: frames.map(({ target }) => target) });
    this.#dead = true;
  }

  #local(instruction: Instruction): void {
    const { opcode, immediate } = instruction;
    const { params } = this.#body.type;
    const local = immediate < params ? immediate : immediate + EXTRA_PARAMS;
    const bytes = [opcode, ...encodeU32(local)];
    const read = opcode === OP.localGet;
    this.items.push({ kind: "code", bytes, use: read ? local : -1, def: read ? -1 : local });
    if (read) this.stack.push(this.types[local] ?? I32);
    else if (opcode === OP.localSet) this.stack.pop();
  }

  #call(callee: number, at: number): void {
    const type = this.#module.typeOf[callee];
    if (type === undefined) throw new Error(`wasm: there is no function ${callee}`);
    this.stack.length -= type.params;
    this.#weaver.call(callee, this, at);
    this.stack.push(...type.resultTypes);
  }

  #plain(instruction: Instruction): void {
    const { opcode, at, end, pops, pushes } = instruction;
    const bytes = this.#module.bytes.subarray(at, end);
    if (opcode === OP.unreachable || opcode === OP.return) {
      this.items.push({ kind: "end", bytes });
      this.#dead = true;
      return;
    }
    if (opcode === OP.nop) return;
    const select = opcode === OP.select ? (this.stack.at(-2) ?? I32) : null;
    this.stack.length -= pops;
    this.copy(bytes);
    if (pushes > 0) this.stack.push(select ?? this.#typeLeftBy(instruction));
  }

  #typeLeftBy(instruction: Instruction): number {
    if (instruction.opcode !== OP.globalGet) return resultType(instruction);
    return this.#module.globalTypes[instruction.immediate] ?? I32;
  }

  add(instruction: Instruction): void {
    const { opcode, immediate, access } = instruction;
    if (opcode === OP.end) this.#end();
    else if (opcode === OP.else) this.#else();
    else if (opcode === OP.block || opcode === OP.loop || opcode === OP.if) this.#open(instruction);
    else if (opcode === OP.br) this.#br(immediate);
    else if (opcode === OP.brIf) this.#brIf(immediate);
    else if (opcode === OP.brTable) this.#brTable(instruction);
    else if (opcode >= OP.localGet && opcode <= OP.localTee) this.#local(instruction);
    else if (opcode === OP.call) this.#call(immediate, instruction.at);
    else if (access !== null) {
      this.stack.length -= instruction.pops;
      this.#weaver.access(instruction, this);
      if (instruction.pushes > 0) this.stack.push(resultType(instruction));
    } else this.#plain(instruction);
  }

  /** Whether what follows is never reached, up to the block's end. */
  get dead(): boolean {
    return this.#dead;
  }
}

/**
 * Flattens `body`; what the weaver emits stands for the accesses and calls.
 *
 * @param instructions - all of the body's
 */
export function flatten(
  module: WasmModule,
  body: FunctionBody,
  instructions: readonly Instruction[],
  weaver: Weaver,
): Flow {
  const flattener = new Flattener(module, body, weaver);
  let nested = 0;
  for (const instruction of instructions) {
    if (flattener.dead) {
      const { opcode } = instruction;
      if (opcode === OP.block || opcode === OP.loop || opcode === OP.if) nested++;
      else if (opcode === OP.end && nested > 0) nested--;
      else if (nested === 0 && (opcode === OP.end || opcode === OP.else))
        flattener.add(instruction);
      continue;
    }
    flattener.add(instruction);
  }
  const { items, points, types, labels } = flattener;
  return { items, points, localTypes: types, labels };
}
