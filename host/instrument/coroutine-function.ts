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
import { encodeS32, encodeU32, Writer } from "./leb.ts";
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
  readonly flow: Flow;
  readonly live: ReadonlyMap<Point, readonly number[]>;
  /** Number in the module of the function's point 0; its points follow. */
  readonly firstPoint: number;
  /** The global that is not 0 while a thread is being taken off. */
  readonly suspended: number;
}

const BLOCK_EMPTY = 0x40;
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

  #put(...bytes: number[]): void {
    this.#out.append(bytes);
  }

  #getFrame(): void {
    this.#put(OP.localGet, ...encodeU32(this.#frameLocal));
  }

  /** Index of a label's block. */
  #blockOf(label: Label): number {
    return this.#plan.flow.points.length + 1 + label.order;
  }

  /** Branches to a block, from inside `nested` further ones. */
  #branch(block: number, nested = 0): void {
    if (block > this.#at) {
      this.#put(OP.br, ...encodeU32(block - this.#at - 1 + nested));
      return;
    }
    this.#put(OP.i32Const, ...encodeS32(block), OP.localSet, ...encodeU32(this.#next));
    this.#put(OP.br, ...encodeU32(this.#blocks - 1 - this.#at + nested));
  }

  /** Loads what point `k` needs, and goes there. */
  #restore(point: Point): void {
    for (const { local, type, at } of this.#frame(point).slots) {
      this.#getFrame();
      this.#put(ofType(type).load, 2, ...encodeU32(at), OP.localSet, ...encodeU32(local));
    }
    if (point.result !== null) {
      const type = this.#plan.flow.localTypes[point.result] ?? I32;
      this.#put(OP.i32Const, 0, ofType(type).load, 2, ...encodeU32(CONTROL.result));
      this.#put(OP.localSet, ...encodeU32(point.result));
    }
    this.#branch(this.#blockOf(point.label));
  }

  #save(point: Point, innermost: boolean): void {
    const { slots, bytes } = this.#frame(point);
    const { suspended, firstPoint, body } = this.#plan;
    this.#put(OP.if, BLOCK_EMPTY);
    for (const { local, type, at } of slots) {
      this.#getFrame();
      this.#put(OP.localGet, ...encodeU32(local), ofType(type).store, 2, ...encodeU32(at));
    }
    this.#getFrame();
    const id = (bytes << 16) | (firstPoint + point.number);
    this.#put(OP.i32Const, ...encodeS32(id), OP.i32Store, 2, ...encodeU32(bytes - 4));
    if (innermost) {
      this.#put(OP.i32Const, 1, OP.globalSet, ...encodeU32(suspended));
      this.#put(OP.i32Const, 0);
      this.#calleeFrame(point);
      this.#put(OP.i32Store, 2, ...encodeU32(CONTROL.stack));
    }
    for (const type of body.type.resultTypes) this.#put(...zeroOf(type));
    this.#put(OP.return, OP.end);
  }

  #calleeFrame(point: Point): void {
    this.#getFrame();
    this.#put(OP.i32Const, ...encodeS32(this.#frame(point).bytes), OP.i32Add);
  }

  #table(labels: readonly Label[]): void {
    const blocks = labels.map((label) => this.#blockOf(label));
    if (blocks.every((block) => block > this.#at)) {
      const depths = blocks.map((block) => encodeU32(block - this.#at - 1));
      this.#put(OP.brTable, ...encodeU32(blocks.length - 1), ...depths.flat());
      return;
    }
    // A step of its own for each target: a backward jump takes more than a branch.
    this.#put(OP.localSet, ...encodeU32(this.#next));
    for (const _ of blocks) this.#put(OP.block, BLOCK_EMPTY);
    this.#put(OP.localGet, ...encodeU32(this.#next));
    this.#put(
      OP.brTable,
      ...encodeU32(blocks.length - 1),
      ...blocks.flatMap((_, i) => encodeU32(i)),
    );
    for (const [i, block] of blocks.entries()) {
      this.#put(OP.end);
      this.#branch(block, blocks.length - 1 - i);
    }
  }

  #jumpIf(label: Label): void {
    const block = this.#blockOf(label);
    if (block > this.#at) {
      this.#put(OP.brIf, ...encodeU32(block - this.#at - 1));
      return;
    }
    this.#put(OP.if, BLOCK_EMPTY);
    this.#branch(block, 1);
    this.#put(OP.end);
  }

  #item(item: Item): void {
    switch (item.kind) {
      case "code":
      case "end":
        this.#out.append(item.bytes);
        return;
      case "label":
        this.#put(OP.end);
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
    this.#put(...encodeU32(declared.length), ...declared.flatMap((type) => [1, type]));
    this.#put(OP.localGet, ...encodeU32(this.#frameLocal + 1), OP.i32Const, 1, OP.i32Sub);
    this.#put(OP.localSet, ...encodeU32(this.#next), OP.loop, BLOCK_EMPTY);
    for (let i = 0; i < this.#blocks; i++) this.#put(OP.block, BLOCK_EMPTY);
    this.#put(OP.localGet, ...encodeU32(this.#next), OP.brTable, ...encodeU32(this.#blocks));
    for (let i = 0; i < this.#blocks; i++) this.#put(...encodeU32(i));
    this.#put(...encodeU32(points.length)); // from the start
    for (const [i, point] of points.entries()) {
      this.#put(OP.end);
      this.#at = i;
      this.#restore(point);
    }
    this.#put(OP.end);
    this.#at = points.length;
    for (const item of flow.items) this.#item(item);
    this.#put(OP.unreachable, OP.end, OP.unreachable, OP.end);
    return this.#out.written.slice();
  }
}

/** The function's body, without its length. */
export function writeFunction(plan: FunctionPlan): Uint8Array {
  return new FunctionWriter(plan).write();
}
