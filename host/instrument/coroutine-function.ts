// SPDX-License-Identifier: GPL-2.0-only
/**
 * Writes a flat function back as WebAssembly that can be left at any of its points and entered again.
 *
 *   f(params…, frame, point)      point 0: from the start; k: at point k, its locals being in the frame
 *   block … block                 one for each label, the innermost for what comes first
 *     br_table                    on the label to go on at
 *   end … code … end … code
 *
 * A jump forwards is a branch out of a block; one backwards sets the label and branches to the loop
 * around all. A frame: the locals that are live at the point, packed; last a word,
 * bytes of the frame << 16 | number of the point in the module. The callee's frame follows.
 */
import type { Flow, Item, Label, Point } from "./flow.ts";
import { OP } from "./instructions.ts";
import { Writer } from "./leb.ts";
import { I32, I64 } from "./rewrite.ts";
import type { FunctionBody } from "./wasm-binary.ts";

/** Words at fixed addresses in the null page, by which the code and the host speak. */
export const CONTROL = {
  /** End of the innermost frame of the thread that was taken off. */
  stack: 0x10,
  /** What the function that ended returned: 8 bytes. */
  result: 0x18,
} as const;

export interface FunctionPlan {
  readonly body: FunctionBody;
  /** Number in the module of the function's point 0; its points follow. */
  readonly firstPoint: number;
  readonly flow: Flow;
  readonly live: ReadonlyMap<Point, readonly number[]>;
  /** The global that is not 0 while a thread is being taken off. */
  readonly suspended: number;
}

const BLOCK_EMPTY = 0x40;
/** An alignment hint, as a power of two: all in a frame are words. */
const ALIGNED = 2;
/** The stores and loads of a value type, and its size. */
const OF_TYPE: Readonly<
  Record<number, { load: number; store: number; bytes: number; zero: number }>
> = {
  [I32]: { load: OP.i32Load, store: OP.i32Store, bytes: 4, zero: OP.i32Const },
  [I64]: { load: OP.i64Load, store: OP.i64Store, bytes: 8, zero: OP.i64Const },
};

function ofType(type: number) {
  const found = OF_TYPE[type];
  if (found === undefined)
    throw new Error("wasm: a floating-point local is live where a thread stops");
  return found;
}

/** A zero of the type, on the stack. */
export function zeroOf(type: number): number[] {
  return [ofType(type).zero, 0];
}

interface Frame {
  readonly slots: readonly { readonly local: number; readonly type: number; readonly at: number }[];
  readonly bytes: number;
}

class FunctionWriter {
  readonly #plan: FunctionPlan;
  readonly #out = new Writer();
  readonly #frames = new Map<Point, Frame>();
  readonly #frameLocal: number;
  readonly #next: number;
  readonly #blocks: number;
  /** Index of the block whose code is being written. */
  #at = 0;

  constructor(plan: FunctionPlan) {
    this.#plan = plan;
    const { flow, body } = plan;
    this.#frameLocal = body.type.params;
    this.#next = flow.localTypes.length;
    this.#blocks = flow.points.length + 1 + flow.labels;
    for (const point of flow.points) this.#frames.set(point, this.#layOut(point));
  }

  #layOut(point: Point): Frame {
    const { live, flow } = this.#plan;
    let at = 0;
    const slots = (live.get(point) ?? [])
      .filter((local) => local !== this.#frameLocal && local !== this.#frameLocal + 1)
      .map((local) => {
        const type = flow.localTypes[local] ?? I32;
        const slot = { local, type, at };
        at += ofType(type).bytes;
        return slot;
      });
    return { slots, bytes: at + 4 };
  }

  #frame(point: Point): Frame {
    return this.#frames.get(point) as Frame;
  }

  /** An instruction without immediates, or with an index. */
  #op(opcode: number, index?: number): void {
    this.#out.byte(opcode);
    if (index !== undefined) this.#out.u32(index);
  }

  #constant(value: number): void {
    this.#out.byte(OP.i32Const);
    this.#out.s32(value);
  }

  /** block, loop or if, without a result. */
  #open(opcode: number): void {
    this.#out.byte(opcode);
    this.#out.byte(BLOCK_EMPTY);
  }

  /** A load or a store. */
  #access(opcode: number, offset: number): void {
    this.#out.byte(opcode);
    this.#out.byte(ALIGNED);
    this.#out.u32(offset);
  }

  #getFrame(): void {
    this.#op(OP.localGet, this.#frameLocal);
  }

  /** Index of a label's block. */
  #blockOf(label: Label): number {
    return this.#plan.flow.points.length + 1 + label.order;
  }

  /** Branches to a block, from inside `nested` further ones. */
  #branch(block: number, nested = 0): void {
    if (block > this.#at) {
      this.#op(OP.br, block - this.#at - 1 + nested);
      return;
    }
    this.#constant(block);
    this.#op(OP.localSet, this.#next);
    this.#op(OP.br, this.#blocks - 1 - this.#at + nested);
  }

  /** Loads what point `k` needs, and goes there. */
  #restore(point: Point): void {
    for (const { local, type, at } of this.#frame(point).slots) {
      this.#getFrame();
      this.#access(ofType(type).load, at);
      this.#op(OP.localSet, local);
    }
    if (point.result !== null) {
      const type = this.#plan.flow.localTypes[point.result] ?? I32;
      this.#constant(0);
      this.#access(ofType(type).load, CONTROL.result);
      this.#op(OP.localSet, point.result);
    }
    this.#branch(this.#blockOf(point.label));
  }

  #save(point: Point, innermost: boolean): void {
    const { slots, bytes } = this.#frame(point);
    const { suspended, firstPoint, body } = this.#plan;
    this.#open(OP.if);
    for (const { local, type, at } of slots) {
      this.#getFrame();
      this.#op(OP.localGet, local);
      this.#access(ofType(type).store, at);
    }
    this.#getFrame();
    this.#constant((bytes << 16) | (firstPoint + point.number));
    this.#access(OP.i32Store, bytes - 4);
    if (innermost) {
      this.#constant(1);
      this.#op(OP.globalSet, suspended);
      this.#constant(0);
      this.#calleeFrame(point);
      this.#access(OP.i32Store, CONTROL.stack);
    }
    for (const type of body.type.resultTypes) this.#out.append(zeroOf(type));
    this.#op(OP.return);
    this.#op(OP.end);
  }

  #calleeFrame(point: Point): void {
    this.#getFrame();
    this.#constant(this.#frame(point).bytes);
    this.#op(OP.i32Add);
  }

  #brTable(depths: readonly number[]): void {
    this.#op(OP.brTable, depths.length - 1);
    for (const depth of depths) this.#out.u32(depth);
  }

  #table(labels: readonly Label[]): void {
    const blocks = labels.map((label) => this.#blockOf(label));
    if (blocks.every((block) => block > this.#at)) {
      this.#brTable(blocks.map((block) => block - this.#at - 1));
      return;
    }
    // A step of its own for each target: a backward jump takes more than a branch.
    this.#op(OP.localSet, this.#next);
    for (const _ of blocks) this.#open(OP.block);
    this.#op(OP.localGet, this.#next);
    this.#brTable(blocks.map((_, i) => i));
    for (const [i, block] of blocks.entries()) {
      this.#op(OP.end);
      this.#branch(block, blocks.length - 1 - i);
    }
  }

  #jumpIf(label: Label): void {
    const block = this.#blockOf(label);
    if (block > this.#at) {
      this.#op(OP.brIf, block - this.#at - 1);
      return;
    }
    this.#open(OP.if);
    this.#branch(block, 1);
    this.#op(OP.end);
  }

  #item(item: Item): void {
    switch (item.kind) {
      case "code":
      case "end":
        this.#out.append(item.bytes);
        return;
      case "label":
        this.#op(OP.end);
        this.#at = this.#blockOf(item.label);
        return;
      case "jump":
        this.#branch(this.#blockOf(item.label));
        return;
      case "jumpIf":
        this.#jumpIf(item.label);
        return;
      case "table":
        this.#table(item.labels);
        return;
      case "frame":
        this.#calleeFrame(item.point);
        return;
      case "suspend":
        this.#save(item.point, item.innermost);
    }
  }

  write(): Uint8Array {
    const { flow, body } = this.#plan;
    const { points } = flow;
    const declared = [...flow.localTypes.slice(body.type.params + 2), I32];
    this.#out.u32(declared.length);
    for (const type of declared) this.#op(1, type); // a group of one
    this.#op(OP.localGet, this.#frameLocal + 1);
    this.#constant(1);
    this.#op(OP.i32Sub);
    this.#op(OP.localSet, this.#next);
    this.#open(OP.loop);
    for (let i = 0; i < this.#blocks; i++) this.#open(OP.block);
    this.#op(OP.localGet, this.#next);
    this.#op(OP.brTable, this.#blocks);
    for (let i = 0; i < this.#blocks; i++) this.#out.u32(i);
    this.#out.u32(points.length); // from the start
    for (const [i, point] of points.entries()) {
      this.#op(OP.end);
      this.#at = i;
      this.#restore(point);
    }
    this.#op(OP.end);
    this.#at = points.length;
    for (const item of flow.items) this.#item(item);
    this.#out.append([OP.unreachable, OP.end, OP.unreachable, OP.end]);
    return this.#out.written.slice();
  }
}

/** The function's body, without its length. */
export function writeFunction(plan: FunctionPlan): Uint8Array {
  return new FunctionWriter(plan).write();
}
