// SPDX-License-Identifier: GPL-2.0-only
/** The yardstick: a small gate whose schedules other checkers can count as well. */
import { primitive, role, several } from "./primitive.ts";

export const yardstick = primitive({
  name: "yardstick",
  summary: "a removal gate of three words, to be counted by hand and by other checkers",
  covers: [],
  prefix: "yardstick",
  casts: () => [
    { roles: [several(1, role("reader", [1])), role("remover")] },
    { roles: [several(2, role("reader", [1])), role("remover")] },
  ],
});
