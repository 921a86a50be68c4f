// SPDX-License-Identifier: GPL-2.0-only
/**
 * A function as a list of items without structure: straight code, labels and jumps, and the points at
 * which a thread may be taken off. Between two labels the code is the compiler's own; at each label the
 * operand stack is empty, what was on it being in temporaries, so that any label can be entered from
 * outside.
 *
 * Source: the WebAssembly core specification 2.0, chapter 3.4 for the types of blocks.
 */
import { decodeInstruction, type Instruction, OP } from "./instructions.ts";
import { encodeU32, Reader } from "./leb.ts";
import { I32 } from "./rewrite.ts";
import { resultType } from "./value-types.ts";
import type { FunctionBody, WasmModule } from "./wasm-binary.ts";

/** A place that can be jumped to. */
export interface Label {
  /** Position in the order of labels, set when the label is put down. */
  order: number;
}

/** Where a thread may be taken off: before an access, or while a callee is. */
export interface Point {
  /** From 1 on, in the function. */
  readonly number: number;
  /** Behind the access's hook, or the call: where the thread goes on. */
  readonly label: Label;
  /** Local that holds the callee's result; null for an access, or a call without one. */
  readonly result: number | null;
}

export type Item =
  | { readonly kind: "code"; readonly bytes: readonly number[]; use: number; def: number }
  | { readonly kind: "label"; readonly label: Label }
  | { readonly kind: "jump"; readonly label: Label }
  /** Takes an i32: jumps if it is not 0. */
  | { readonly kind: "jumpIf"; readonly label: Label }
  /** Takes an i32, the index. */
  | { readonly kind: "table"; readonly labels: readonly Label[] }
  /** Leaves an i32: the address of the frame of what is called at `point`. */
  | { readonly kind: "frame"; readonly point: Point }
  /** Takes an i32: if it is not 0 the thread is saved at `point`, and the function returns. */
  | { readonly kind: "suspend"; readonly point: Point; readonly innermost: boolean }
  /** return, unreachable: nothing follows. */
  | { readonly kind: "end"; readonly bytes: readonly number[] };

/** What stands before an access, or instead of a call: made by the pass. */
export interface Emitter {
  /** Index of a temporary of the type `type`; `role` tells several apart. */
  temp(role: string, type: number): number;
  get(local: number): void;
  set(local: number): void;
  raw(...bytes: number[]): void;
  /** A new point; suspend() puts it down. */
  point(result: number | null): Point;
  /** The address of the callee's frame at `point`, on the stack. */
  frame(point: Point): void;
  suspend(point: Point, innermost: boolean): void;
  /** Whether nothing is on the stack below the operands. */
  readonly bare: boolean;
  /** Moves what is on the stack below the operands, which are in temporaries by now, out of the way. */
  spill(): void;
  /** Puts it back. */
  refill(): void;
}

/** What the pass does at the instructions that it is about. */
export interface Weaver {
  /** Operands are on the stack; to be emitted: the same effect. */
  access(instruction: Instruction, emit: Emitter): void;
  /** Arguments are on the stack; to be emitted: the same effect, for the call at `at`. */
  call(callee: number, emit: Emitter, at: number): void;
}

export interface Flow {
  readonly items: readonly Item[];
  readonly points: readonly Point[];
  /** Value types of all locals but those that the pass appends to the parameters, by new index. */
  readonly localTypes: readonly number[];
  readonly labels: number;
}

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
/** The frame's address and the point to go on at: two parameters more. */
export const EXTRA_PARAMS = 2;

class Flattener implements Emitter {
  readonly items: Item[] = [];
  readonly points: Point[] = [];
  readonly types: number[];
  readonly #module: WasmModule;
  readonly #body: FunctionBody;
  readonly #weaver: Weaver;
  readonly #temps = new Map<string, number>();
  /** Value types on the operand stack. */
  readonly #stack: number[] = [];
  readonly #frames: Frame[] = [];
  #labels = 0;
  #dead = false;

  constructor(module: WasmModule, body: FunctionBody, weaver: Weaver) {
    this.#module = module;
    this.#body = body;
    this.#weaver = weaver;
    const { paramTypes } = body.type;
    this.types = [...paramTypes, I32, I32, ...body.localTypes];
  }

  get labels(): number {
    return this.#labels;
  }

  temp(role: string, type: number): number {
    const key = `${role} ${type}`;
    let index = this.#temps.get(key);
    if (index === undefined) {
      index = this.types.length;
      this.types.push(type);
      this.#temps.set(key, index);
    }
    return index;
  }

  raw(...bytes: number[]): void {
    this.items.push({ kind: "code", bytes, use: -1, def: -1 });
  }

  get(local: number): void {
    const bytes = [OP.localGet, ...encodeU32(local)];
    this.items.push({ kind: "code", bytes, use: local, def: -1 });
  }

  set(local: number): void {
    const bytes = [OP.localSet, ...encodeU32(local)];
    this.items.push({ kind: "code", bytes, use: -1, def: local });
  }

  point(result: number | null): Point {
    const point = { number: this.points.length + 1, label: this.#label(), result };
    this.points.push(point);
    return point;
  }

  frame(point: Point): void {
    this.items.push({ kind: "frame", point });
  }

  suspend(point: Point, innermost: boolean): void {
    this.items.push({ kind: "suspend", point, innermost });
    this.#put(point.label);
  }

  get bare(): boolean {
    return this.#stack.length === 0;
  }

  refill(): void {
    for (const [i, type] of this.#stack.entries()) this.get(this.temp(`stack ${i}`, type));
  }

  #label(): Label {
    return { order: -1 };
  }

  #put(label: Label): void {
    label.order = this.#labels++;
    this.items.push({ kind: "label", label });
  }

  #jump(label: Label): void {
    this.items.push({ kind: "jump", label });
  }

  spill(): void {
    for (let i = this.#stack.length - 1; i >= 0; i--) {
      this.set(this.temp(`stack ${i}`, this.#stack[i] ?? I32));
    }
  }

  /** Results of a block are in the slots from `height` on: copies them there from the top. */
  #moveResults(frame: Frame): void {
    const { results, height } = frame;
    const from = this.#stack.length - results.length;
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
    if (opcode === OP.if) this.#stack.pop();
    const end = this.#label();
    const otherwise = opcode === OP.if ? this.#label() : null;
    if (otherwise !== null) {
      this.set(this.temp("condition", I32));
      this.spill();
      this.get(this.temp("condition", I32));
      this.raw(OP.i32Eqz);
      this.items.push({ kind: "jumpIf", label: otherwise });
    } else if (opcode === OP.loop) this.spill();
    const target = opcode === OP.loop ? this.#label() : end;
    const height = this.#stack.length;
    this.#frames.push({ opcode, height, results, target, end, otherwise, reachable: true });
    if (opcode === OP.loop) this.#put(target);
    if (opcode !== OP.block) this.refill();
  }

  /** The end of a branch of a block: its results go where the block's end expects them. */
  #leave(frame: Frame): void {
    if (!this.#dead) {
      this.spill();
      this.#moveResults(frame);
    }
    this.#stack.length = frame.height;
    this.#stack.push(...frame.results);
  }

  #else(): void {
    const frame = this.#frameAt(0);
    this.#leave(frame);
    if (!this.#dead) this.#jump(frame.end);
    this.#dead = false;
    this.#stack.length = frame.height;
    if (frame.otherwise !== null) this.#put(frame.otherwise);
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
    if (frame.otherwise !== null) this.#put(frame.otherwise);
    this.#put(frame.end);
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
    this.#jump(frame.target);
    this.#dead = true;
  }

  #brIf(depth: number): void {
    this.#stack.pop();
    const condition = this.temp("condition", I32);
    this.set(condition);
    this.spill();
    const past = this.#label();
    this.get(condition);
    if (this.#isReturn(depth)) {
      this.raw(OP.i32Eqz);
      this.items.push({ kind: "jumpIf", label: past });
      this.refill();
      this.items.push({ kind: "end", bytes: [OP.return] });
      this.#put(past);
    } else {
      const frame = this.#branchResults(this.#frameAt(depth));
      const moves =
        frame.results.length > 0 && this.#stack.length > frame.height + frame.results.length;
      if (moves) {
        this.raw(OP.i32Eqz);
        this.items.push({ kind: "jumpIf", label: past });
        this.#moveResults(frame);
        this.#jump(frame.target);
        this.#put(past);
      } else this.items.push({ kind: "jumpIf", label: frame.target });
    }
    this.refill();
  }

  #brTable(instruction: Instruction): void {
    const reader = new Reader(this.#module.bytes, instruction.at + 1);
    const depths = Array.from({ length: reader.u32() + 1 }, () => reader.u32());
    this.#stack.pop();
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
    if (read) this.#stack.push(this.types[local] ?? I32);
    else if (opcode === OP.localSet) this.#stack.pop();
  }

  #call(callee: number, at: number): void {
    const type = this.#module.typeOf[callee];
    if (type === undefined) throw new Error(`wasm: there is no function ${callee}`);
    this.#stack.length -= type.params;
    this.#weaver.call(callee, this, at);
    this.#stack.push(...type.resultTypes);
  }

  #plain(instruction: Instruction): void {
    const { opcode, at, end, pops, pushes } = instruction;
    const bytes = [...this.#module.bytes.subarray(at, end)];
    if (opcode === OP.unreachable || opcode === OP.return) {
      this.items.push({ kind: "end", bytes });
      this.#dead = true;
      return;
    }
    if (opcode === OP.nop) return;
    const select = opcode === OP.select ? (this.#stack.at(-2) ?? I32) : null;
    this.#stack.length -= pops;
    this.raw(...bytes);
    if (pushes > 0) this.#stack.push(select ?? this.#typeLeftBy(instruction));
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
      this.#stack.length -= instruction.pops;
      this.#weaver.access(instruction, this);
      if (instruction.pushes > 0) this.#stack.push(resultType(instruction));
    } else this.#plain(instruction);
  }

  /** Whether what follows is never reached, up to the block's end. */
  get dead(): boolean {
    return this.#dead;
  }
}

/** Flattens `body`; what the weaver emits stands for the accesses and calls. */
export function flatten(module: WasmModule, body: FunctionBody, weaver: Weaver): Flow {
  const flattener = new Flattener(module, body, weaver);
  let nested = 0;
  for (let at = body.code; at < body.end; ) {
    const instruction = decodeInstruction(module.bytes, at);
    at = instruction.end;
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
