// SPDX-License-Identifier: GPL-2.0-only
/** SRCU: readers that may sleep inside, against those who replace what they read. */
import { Errno } from "../../abi/errno.ts";
import { offline, primitive, role, several } from "./primitive.ts";

const reader = role("reader", [1]);
const updater = role("updater", [1]);

export const srcu = primitive({
  name: "srcu",
  summary: "readers that may sleep while an object is replaced, with updaters that share",
  covers: ["S1-S6, O1-O4 of kernel/rcu/srcu.ts"],
  prefix: "check_srcu",
  casts: () => [
    { roles: [several(1, reader), updater] },
    { name: "reader-twice", roles: [role("reader", [2]), updater] },
    { roles: [several(2, reader), updater] },
    // 296,058 states, which take long.
    { roles: [several(1, reader), updater, role("synchronizer", [1])], inSuite: false },
    { roles: [updater, role("synchronizer", [1])] },
    // S3: a reader that has an index of before the first flip, and counts after it.
    { name: "updater-twice", roles: [reader, role("updater", [2])] },
    // S4, and S5 where a grace period is under way; S1 where a section ends on another CPU.
    { roles: [role("opener", [], Errno.EBUSY), role("closer")] },
    // O3, where stores are late: whoever shares a grace period.
    { roles: [role("follower"), offline(role("publisher"))] },
    { name: "spin", roles: [several(1, reader), updater], spinLimit: 1 },
  ],
});
