// SPDX-License-Identifier: GPL-2.0-only
/**
 * Kinds of option. An option knows how it is read, how it is written back (a run's parameters are
 * printed as the command that repeats it), what stands for it in the help, and its default.
 */
import { suggestion } from "./nearest.ts";

/** Says what was expected of a value; the parser adds the option and the value seen. */
export class Expected extends Error {}

export interface Option<T> {
  /** What stands for the value in the help; null for a flag, which takes none. */
  readonly placeholder: string | null;
  readonly help: string;
  readonly initial: T;
  /** @throws Expected */
  readonly parse: (text: string) => T;
  /** The inverse of parse; null when the value is not to be written, as that of an unset flag. */
  readonly format: (value: T) => string | null;
}

// biome-ignore lint/suspicious/noExplicitAny: the value types of a set differ, Values<S> keeps them
export type OptionSet = Readonly<Record<string, Option<any>>>;

export type Values<S extends OptionSet> = {
  readonly [K in keyof S]: S[K] extends Option<infer T> ? T : never;
};

/** A switch; `--no-NAME` turns it off where it is on by default. */
export function flag(initial: boolean, help: string): Option<boolean> {
  return {
    ...{ placeholder: null, help, initial },
    parse: (text) => text === "true",
    format: (on) => (on ? "" : null),
  };
}

/** @param what - it is, as in "a schedule" */
export function text(placeholder: string, help: string, what = "a name"): Option<string | null> {
  return {
    ...{ placeholder, help, initial: null },
    parse: (value) => {
      if (value === "") throw new Expected(what);
      return value;
    },
    format: (value) => value,
  };
}

/** A whole number in decimal. */
export function integer(min: number, max: number, initial: number, help: string): Option<number> {
  return {
    ...{ placeholder: "N", help, initial },
    parse: (value) =>
      inRange(/^\d+$/.test(value) ? Number(value) : Number.NaN, min, max, "a whole number", String),
    format: String,
  };
}

/** A number from 0 to 1, as in 0.01. */
export function chance(initial: number, help: string): Option<number> {
  return {
    ...{ placeholder: "P", help, initial },
    parse: (value) =>
      inRange(
        /^[\d.]+(e-?\d+)?$/i.test(value) ? Number(value) : Number.NaN,
        0,
        1,
        "a chance",
        String,
      ),
    format: String,
  };
}

/** A percentage, with or without its sign. */
export function percent(max: number, help: string): Option<number | null> {
  return {
    ...{ placeholder: "PCT", help, initial: null },
    parse: (value) => {
      const digits = /^(\d+(?:\.\d+)?)\s*%?$/.exec(value)?.[1];
      return inRange(Number(digits ?? Number.NaN), 0, max, "a percentage", (x) => `${x}%`);
    },
    format: (value) => (value === null ? null : `${value}%`),
  };
}

const NS_PER: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
};

/** A duration with its unit, as in 500ms, 2s or 1m; 0 needs none. Values are ns. */
export function duration(
  minNs: number,
  maxNs: number,
  initialNs: number,
  help: string,
): Option<number> {
  return {
    ...{ placeholder: "TIME", help, initial: initialNs },
    parse: (value) => {
      const [, digits, unit] = /^(\d+(?:\.\d+)?)(ns|us|ms|s|m)$/.exec(value) ?? [];
      const ns = value === "0" ? 0 : Number(digits) * (NS_PER[unit ?? ""] ?? Number.NaN);
      return inRange(ns, minNs, maxNs, "a duration", writeDuration);
    },
    format: writeDuration,
  };
}

/** @returns the largest unit that leaves a whole number, as in "1500ms" */
export function writeDuration(ns: number): string {
  const units = Object.entries(NS_PER).reverse();
  const [unit, size] = units.find(([, per]) => ns >= per && ns % per === 0) ?? ["ns", 1];
  return `${ns / size}${unit}`;
}

const BYTES_PER: Readonly<Record<string, number>> = {
  "": 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

/** A size in bytes, as in 64MiB. */
export function bytes(min: number, max: number, initial: number, help: string): Option<number> {
  return {
    ...{ placeholder: "SIZE", help, initial },
    parse: (value) => {
      const [, digits, unit] = /^(\d+)(|KiB|MiB|GiB)$/.exec(value) ?? [];
      const size = Number(digits) * (BYTES_PER[unit ?? "?"] ?? Number.NaN);
      return inRange(size, min, max, "a size", writeBytes);
    },
    format: writeBytes,
  };
}

export function writeBytes(size: number): string {
  const units = Object.entries(BYTES_PER).reverse();
  const [unit, per] = units.find(([, one]) => size >= one && size % one === 0) ?? ["", 1];
  return `${size / per}${unit}`;
}

/** One of some names. */
export function choice<T extends string>(
  noun: string,
  names: readonly T[],
  initial: T,
  help: string,
): Option<T> {
  return {
    ...{ placeholder: names.length > 4 ? noun.toUpperCase() : names.join("|"), help, initial },
    parse: (value) => nameIn(noun, names, value),
    format: (value) => value,
  };
}

/** The same, where none may be chosen. */
export function optionalChoice<T extends string>(
  noun: string,
  names: readonly T[],
  help: string,
): Option<T | null> {
  return {
    ...{ placeholder: noun.toUpperCase(), help, initial: null },
    parse: (value) => nameIn(noun, names, value),
    format: (value) => value,
  };
}

/** Names with commas between, or "all". */
export function choices(
  noun: string,
  names: readonly string[],
  initial: readonly string[],
  help: string,
): Option<readonly string[]> {
  return {
    ...{ placeholder: `${noun.toUpperCase()},...`, help, initial },
    parse: (value) =>
      value === "all" ? names : listOf(value, `${noun} names`, (one) => nameIn(noun, names, one)),
    format: (values) => values.join(","),
  };
}

/** Whole numbers with commas between, as in 1,2,4. */
export function integers(
  min: number,
  max: number,
  initial: readonly number[],
  help: string,
): Option<readonly number[]> {
  const one = integer(min, max, min, help);
  return {
    ...{ placeholder: "N,...", help, initial },
    parse: (value) => {
      try {
        return listOf(value, "numbers", one.parse);
      } catch (error) {
        if (!(error instanceof Expected) || error.message === "no value twice") throw error;
        throw new Expected(`whole numbers from ${min} to ${max} with commas between`);
      }
    },
    format: (values) => values.join(","),
  };
}

function listOf<T>(value: string, what: string, parse: (one: string) => T): readonly T[] {
  const parts = value.split(",").map((part) => part.trim());
  if (parts.includes("")) throw new Expected(`${what} with commas between`);
  const values = parts.map(parse);
  if (new Set(values).size !== values.length) throw new Expected("no value twice");
  return values;
}

/** Accepts - for _, which the kernel's names have and command lines do not. */
function nameIn<T extends string>(noun: string, names: readonly T[], value: string): T {
  const name = names.find((one) => one.replaceAll("_", "-") === value.replaceAll("_", "-"));
  if (name !== undefined) return name;
  const short = names.length <= 4;
  const hint = suggestion(value, names) || (short ? "" : "; hotunplug list names them");
  throw new Expected(`${short ? alternatives(names) : `a ${noun}`}${hint}`);
}

/** @returns "a or b", "a, b or c" */
function alternatives(names: readonly string[]): string {
  return names.join(", ").replace(/, ([^,]*)$/, " or $1");
}

/** @returns the number; a NaN is out of every range */
function inRange(
  value: number,
  min: number,
  max: number,
  what: string,
  write: (x: number) => string,
): number {
  if (value >= min && value <= max) return value;
  throw new Expected(`${what} from ${write(min)} to ${write(max)}`);
}
