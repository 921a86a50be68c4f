// SPDX-License-Identifier: GPL-2.0-only
/** Kinds of option that set a limit where there is none without them. */
import { Expected, integer, type Option } from "./options.ts";

/** A whole number in decimal, or nothing. */
export function optionalInteger(min: number, max: number, help: string): Option<number | null> {
  const { parse } = integer(min, max, min, help);
  return {
    ...{ placeholder: "N", help, initial: null, parse },
    format: (value) => (value === null ? null : String(value)),
  };
}

/** A bound that says what it is of, as in preemptions=2. */
export function bound(what: string, max: number, help: string): Option<number | null> {
  return {
    ...{ placeholder: `${what}=N`, help, initial: null },
    parse: (value) => {
      const [name, digits = ""] = value.split(/=(.*)/s);
      const n = /^\d+$/.test(digits) ? Number(digits) : Number.NaN;
      if (name === what && n <= max) return n;
      throw new Expected(`${what}=N with N from 0 to ${max}`);
    },
    format: (value) => (value === null ? null : `${what}=${value}`),
  };
}
