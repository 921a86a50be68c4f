// SPDX-License-Identifier: GPL-2.0-only
/**
 * Explicit-state models, in a few lines of their own: what the engine's figures are held against. They
 * share no code with it.
 */

export interface Model<S> {
  readonly start: S;
  /** The states that one step leads to; none: an end. */
  next(state: S): readonly S[];
  /** What tells states apart. */
  key(state: S): string;
}

export interface Counted {
  readonly states: number;
  readonly transitions: number;
  /** Steps to the state that is farthest away. */
  readonly depth: number;
  /** Keys of the states without a step. */
  readonly ends: ReadonlySet<string>;
}

/** Counts what the model reaches, breadth first. */
export function count<S>({ start, next, key }: Model<S>): Counted {
  const seen = new Set([key(start)]);
  const ends = new Set<string>();
  let layer = [start];
  let [transitions, depth] = [0, 0];
  for (; layer.length > 0; depth++) {
    const found: S[] = [];
    for (const state of layer) {
      const steps = next(state);
      if (steps.length === 0) ends.add(key(state));
      transitions += steps.length;
      for (const to of steps) {
        if (seen.has(key(to))) continue;
        seen.add(key(to));
        found.push(to);
      }
    }
    layer = found;
  }
  return { states: seen.size, transitions, depth: depth - 1, ends };
}

/** A reader of the yardstick: where it stands, and sections left to it. */
type Reader = readonly [at: string, left: number];

interface Yard {
  readonly lock: number;
  readonly pointer: number;
  readonly freed: number;
  readonly readers: readonly Reader[];
  readonly remover: string;
}

const READER = 0x100;

function stepOfReader(s: Yard, [at, left]: Reader): Yard & { readonly moved: Reader } {
  const to = (moved: string, change: Partial<Yard> = {}) => ({
    ...{ ...s, ...change },
    moved: [moved, left] as const,
  });
  switch (at) {
    case "come":
      return to((s.lock & 1) !== 0 ? "undo" : "pointer", { lock: s.lock + READER });
    case "undo":
      return to("look", { lock: s.lock - READER });
    case "look":
      return to((s.lock & 1) !== 0 ? "look" : "come");
    case "pointer":
      return to(s.pointer !== 0 ? "freed" : "go");
    case "freed":
      if (s.freed !== 0) throw new Error("use after free");
      return to("go");
    default: {
      const moved = left > 1 ? (["come", left - 1] as const) : (["done", 0] as const);
      return { ...s, lock: s.lock - READER, moved };
    }
  }
}

function stepOfRemover(s: Yard): Yard {
  switch (s.remover) {
    case "try":
      return s.lock === 0 ? { ...s, lock: 1, remover: "clear" } : { ...s, remover: "look" };
    case "look":
      return { ...s, remover: s.lock === 0 ? "try" : "look" };
    case "clear":
      return { ...s, pointer: 0, remover: "unlock" };
    case "unlock":
      return { ...s, lock: s.lock - 1, remover: "free" };
    default:
      return { ...s, freed: 1, remover: "done" };
  }
}

/** assembly/workload/yardstick.ts, an access a step. @param alike - which reader is where is all one */
export function yardstickModel(readers: number, sections: number, alike = false): Model<Yard> {
  const all = Array.from({ length: readers }, (): Reader => ["come", sections]);
  return {
    start: { lock: 0, pointer: 1, freed: 0, readers: all, remover: "try" },
    next(s) {
      const steps = s.readers.flatMap((reader, i) => {
        if (reader[0] === "done") return [];
        const { moved, ...after } = stepOfReader(s, reader);
        return [{ ...after, readers: s.readers.with(i, moved) }];
      });
      return s.remover === "done" ? steps : [...steps, stepOfRemover(s)];
    },
    key({ lock, pointer, freed, readers: them, remover }) {
      const places = them.map((reader) => reader.join());
      if (alike) places.sort();
      return `${lock} ${pointer} ${freed} ${remover} ${places.join(" ")}`;
    },
  };
}
