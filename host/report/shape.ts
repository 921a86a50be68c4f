// SPDX-License-Identifier: GPL-2.0-only
/**
 * Checks that a value read from outside has the shape of a type. A `Shape<T>` is written beside the
 * type, and the compiler holds it to that: `object<Result>({...})` must name every field of Result.
 */

/** Says at which path of a value what was expected. */
export class ShapeError extends Error {
  override readonly name: string = "ShapeError";
}

/** Returns for a value that is a T; throws ShapeError for another. */
export type Shape<T> = (value: unknown, path: string) => asserts value is T;

type Check = (value: unknown, path: string) => void;

export const string: Shape<string> = (value, path) => {
  if (typeof value !== "string") throw mismatch("text", value, path);
};

export const number: Shape<number> = (value, path) => {
  if (typeof value !== "number" || !Number.isFinite(value)) throw mismatch("a number", value, path);
};

export const boolean: Shape<boolean> = (value, path) => {
  if (typeof value !== "boolean") throw mismatch("true or false", value, path);
};

/** Any object: for the parts that are shown as they are, field by field. */
export const anyObject: Shape<never> = (value, path) => {
  if (!isObject(value)) throw mismatch("an object", value, path);
};

/** One of the values given. */
export function literal<const T extends string | number | boolean>(...allowed: T[]): Shape<T> {
  return (value, path) => {
    if (allowed.includes(value as T)) return;
    throw mismatch(allowed.map((one) => JSON.stringify(one)).join(" or "), value, path);
  };
}

export function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return (value, path) => {
    if (value !== null) (shape as Check)(value, path);
  };
}

/** A field that may be left out. */
export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return (value, path) => {
    if (value !== undefined) (shape as Check)(value, path);
  };
}

export function array<T>(shape: Shape<T>): Shape<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) throw mismatch("a list", value, path);
    for (const [i, item] of value.entries()) (shape as Check)(item, `${path}[${i}]`);
  };
}

/** An object whose values are all of one shape. */
export function record<T>(shape: Shape<T>): Shape<Readonly<Record<string, T>>> {
  return (value, path) => {
    if (!isObject(value)) throw mismatch("an object", value, path);
    for (const [key, item] of Object.entries(value)) (shape as Check)(item, join(path, key));
  };
}

/** An object with these fields; further ones are let through, so that a newer minor writer is read. */
export function object<T>(fields: { readonly [K in keyof Required<T>]: Shape<T[K]> }): Shape<T> {
  return (value, path) => {
    if (!isObject(value)) throw mismatch("an object", value, path);
    for (const [key, check] of Object.entries<Check>(fields)) check(value[key], join(path, key));
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function join(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

function mismatch(expected: string, value: unknown, path: string): ShapeError {
  const seen = value === undefined ? "nothing" : (JSON.stringify(value) ?? String(value));
  const short = seen.length > 40 ? `${seen.slice(0, 37)}...` : seen;
  return new ShapeError(`${path || "the file"}: expected ${expected}, saw ${short}`);
}
