// SPDX-License-Identifier: GPL-2.0-only
/** The items of a flow as they are put down, and the temporaries that stand for the operand stack. */
import type { Emitter, Item, Label, Point } from "./flow.ts";
import { OP } from "./instructions.ts";
import { encodeU32 } from "./leb.ts";
import { I32 } from "./rewrite.ts";

export class Emission implements Emitter {
  readonly items: Item[] = [];
  readonly points: Point[] = [];
  /** Value types of the locals, temporaries included. */
  readonly types: number[];
  /** Value types on the operand stack. */
  protected readonly stack: number[] = [];
  readonly #temps = new Map<string, number>();
  #labels = 0;

  /** @param types - of the locals that are there already */
  constructor(types: readonly number[]) {
    this.types = [...types];
  }

  /** Labels that were put down. */
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
    this.copy(bytes);
  }

  copy(bytes: ArrayLike<number>): void {
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
    const point = { number: this.points.length + 1, label: this.label(), result };
    this.points.push(point);
    return point;
  }

  frame(point: Point): void {
    this.items.push({ kind: "frame", point });
  }

  suspend(point: Point, innermost: boolean): void {
    this.items.push({ kind: "suspend", point, innermost });
    this.put(point.label);
  }

  get bare(): boolean {
    return this.stack.length === 0;
  }

  refill(): void {
    for (const [i, type] of this.stack.entries()) this.get(this.temp(`stack ${i}`, type));
  }

  protected label(): Label {
    return { order: -1 };
  }

  protected put(label: Label): void {
    label.order = this.#labels++;
    this.items.push({ kind: "label", label });
  }

  protected jump(label: Label): void {
    this.items.push({ kind: "jump", label });
  }

  spill(): void {
    for (let i = this.stack.length - 1; i >= 0; i--) {
      this.set(this.temp(`stack ${i}`, this.stack[i] ?? I32));
    }
  }
}
