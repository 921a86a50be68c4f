// SPDX-License-Identifier: GPL-2.0-only
/**
 * Which locals a function still needs at each of its points: no others are kept while a thread is off,
 * so that two threads that will do the same have the same bytes.
 */
import type { Flow, Item, Label, Point } from "./flow.ts";

/** A set of locals, a bit each. */
class Locals {
  readonly words: Uint32Array;

  constructor(count: number) {
    this.words = new Uint32Array((count + 31) >>> 5);
  }

  add(local: number): void {
    this.words[local >>> 5] = (this.words[local >>> 5] ?? 0) | (1 << (local & 31));
  }

  remove(local: number): void {
    this.words[local >>> 5] = (this.words[local >>> 5] ?? 0) & ~(1 << (local & 31));
  }

  has(local: number): boolean {
    return (((this.words[local >>> 5] ?? 0) >>> (local & 31)) & 1) !== 0;
  }

  clear(): void {
    this.words.fill(0);
  }

  /** @returns whether that added any */
  addAll(other: Locals): boolean {
    let grew = false;
    for (let i = 0; i < this.words.length; i++) {
      const before = this.words[i] ?? 0;
      const after = (before | (other.words[i] ?? 0)) >>> 0;
      if (after === before) continue;
      this.words[i] = after;
      grew = true;
    }
    return grew;
  }
}

/** Steps backwards over an item: from what is live behind it to what is live before it. */
function stepBack(item: Item, live: Locals, at: (label: Label) => Locals): void {
  switch (item.kind) {
    case "code":
      if (item.def >= 0) live.remove(item.def);
      if (item.use >= 0) live.add(item.use);
      return;
    case "jump":
      live.clear();
      live.addAll(at(item.label));
      return;
    case "jumpIf":
      live.addAll(at(item.label));
      return;
    case "table":
      live.clear();
      for (const label of item.labels) live.addAll(at(label));
      return;
    case "end":
      live.clear();
      return;
    case "label":
    case "frame":
    case "suspend":
  }
}

/** Locals to be saved at each point, ascending; the callee's result is not one of them. */
export function liveAtPoints({ items, points, localTypes, labels }: Flow): Map<Point, number[]> {
  const count = localTypes.length;
  const atLabel = Array.from({ length: labels }, () => new Locals(count));
  const at = (label: Label): Locals => {
    const found = atLabel[label.order];
    if (found === undefined) throw new Error("wasm: a jump to a label that is not put down");
    return found;
  };
  for (let grew = true; grew; ) {
    grew = false;
    const live = new Locals(count);
    for (let i = items.length - 1; i >= 0; i--) {
      const item = items[i] as Item;
      stepBack(item, live, at);
      if (item.kind === "label" && at(item.label).addAll(live)) grew = true;
    }
  }
  const all = Array.from({ length: count }, (_, local) => local);
  return new Map(
    points.map((point) => {
      const live = at(point.label);
      return [point, all.filter((local) => live.has(local) && local !== point.result)];
    }),
  );
}
