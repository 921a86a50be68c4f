// SPDX-License-Identifier: GPL-2.0-only
/** SRCU-fast: readers without a barrier, against those who replace what they read. */
import { Errno } from "../../abi/errno.ts";
import { offline, primitive, role, several } from "./primitive.ts";

const reader = role("reader", [1]);
const updater = role("updater", [1]);

export const srcuFast = primitive({
  name: "srcu-fast",
  summary: "the same where readers have no barrier, and a grace period of RCU stands in for it",
  covers: ["F1-F5, O1-O5 of kernel/rcu/srcu_fast.ts"],
  prefix: "check_srcu_fast",
  casts: () => [
    { roles: [several(1, reader), updater] },
    { name: "reader-twice", roles: [role("reader", [2]), updater] },
    { roles: [several(2, reader), updater] },
    { roles: [several(1, reader), updater, role("synchronizer", [1])], inSuite: false },
    { roles: [updater, role("synchronizer", [1])] },
    { name: "updater-twice", roles: [reader, role("updater", [2])] },
    // F4, and F5 where a grace period is under way; F1 where a section ends on another CPU.
    { roles: [role("opener", [], Errno.EBUSY), role("closer")] },
    // O5, where stores are late: whoever shares a grace period.
    { roles: [role("follower"), offline(role("publisher"))] },
    { name: "spin", roles: [several(1, reader), updater], spinLimit: 1 },
  ],
});
