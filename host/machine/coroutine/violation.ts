// SPDX-License-Identifier: GPL-2.0-only
/** A property that a step broke: thrown by the machine's hooks, caught by whoever made the step. */
export class Violation extends Error {
  override name = "Violation";
  /** Short name: "use after free". */
  readonly property: string;
  /** One line: what was seen. */
  readonly detail: string;
  /** Address that it is about, 0 for none. */
  readonly address: number;
  /** Site of the access, 0 for none. */
  readonly site: number;

  constructor(property: string, detail: string, address = 0, site = 0) {
    super(`${property}: ${detail}`);
    this.property = property;
    this.detail = detail;
    this.address = address;
    this.site = site;
  }
}

/** A trap of the kernel's code is a violation; any other error is what it is. */
export function asViolation(error: unknown): unknown {
  if (!(error instanceof WebAssembly.RuntimeError)) return error;
  return new Violation("kernel trap", error.message);
}
