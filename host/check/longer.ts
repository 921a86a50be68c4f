// SPDX-License-Identifier: GPL-2.0-only
/** Typed arrays that grow as a search goes on: by a quarter, so that little is taken that is not used. */

const GROWTH = 1.25;

/** A copy that has room for more behind what it holds. */
export function longer<A extends Int32Array | Uint8Array>(array: A): A {
  const Same = array.constructor as new (length: number) => A;
  const made = new Same(Math.ceil(array.length * GROWTH));
  made.set(array);
  return made;
}
