// SPDX-License-Identifier: GPL-2.0-only
/** References that are put by several, ids that are given out to several, and wait queues. */
import { Errno } from "../../abi/errno.ts";
import { primitive, role, several } from "./primitive.ts";

const putter = role("putter");
const getter = role("getter", [], Errno.ENXIO);

export const kref = primitive({
  name: "kref",
  summary: "whoever puts the last reference frees, and nobody comes in after it",
  covers: ["C4, C5, O1 of lib/refcount.ts"],
  prefix: "check_kref",
  casts: () => [
    { roles: [putter, putter], init: [2] },
    { roles: [putter, several(1, getter)], init: [1] },
    { roles: [putter, putter, several(1, getter)], init: [2] },
  ],
});

export const ida = primitive({
  name: "ida",
  summary: "nobody gets an id that somebody else holds",
  covers: ["I1-I3 of lib/idr.ts"],
  prefix: "check_ida",
  casts: () => [
    { roles: [role("allocator"), role("allocator")], init: [2] },
    { roles: [role("allocator"), role("borrower", [1])], init: [2] },
    {
      name: "one-id",
      roles: [role("allocator", [], Errno.ENOSPC), role("borrower", [1], Errno.ENOSPC)],
      init: [1],
    },
  ],
});

const sleeper = role("sleeper");
const taker = role("taker", [1]);
const giver = role("giver", [1]);

export const wait = primitive({
  name: "wait",
  summary: "sleepers on a wait queue, exclusive ones among them, and those who wake them",
  covers: ["W1-W5, O1 of kernel/sched/wait.ts", "S1, S5 of kernel/sched/core.ts"],
  prefix: "check_wait",
  casts: () => [
    { roles: [several(1, sleeper), role("waker")] },
    { roles: [several(2, sleeper), role("waker")] },
    { roles: [several(2, sleeper), role("all_waker")] },
    { name: "taker-taker-giver", roles: [taker, taker, giver], first: giver },
    // More than 400,000 states.
    { name: "giver-twice", roles: [taker, taker, role("giver", [2])], inSuite: false },
  ],
});
