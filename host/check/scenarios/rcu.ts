// SPDX-License-Identifier: GPL-2.0-only
/** RCU: readers of a pointer against those who replace or remove what it points to. */
import { Errno } from "../../abi/errno.ts";
import { offline, primitive, role, several } from "./primitive.ts";

const reader = role("reader", [1], Errno.ENOENT);
const updater = role("updater", [1]);
const remover = role("remover");
const caller = role("caller");

export const rcu = primitive({
  name: "rcu",
  summary: "readers while an object is replaced or removed, by waiting or by a callback",
  covers: ["Q1-Q7, O1-O3 of kernel/rcu/qsbr.ts", "C1-C3, C5, O4 of kernel/rcu/tree.ts"],
  prefix: "check_qsbr",
  casts: () => [
    { roles: [several(1, reader), updater] },
    { roles: [several(1, reader), remover] },
    { roles: [several(1, role("returner", [], Errno.ENOENT)), updater] },
    { roles: [several(1, reader), updater, role("synchronizer", [1])], inSuite: false },
    { roles: [updater, role("synchronizer", [1])] },
    // Q6, where stores are late: nothing but rcu_qs() wakes.
    { roles: [role("announcer"), role("poller")] },
    // O1, where stores are late: whoever shares a grace period.
    { roles: [role("follower"), offline(role("publisher"))] },
    { roles: [several(1, reader), caller] },
    { roles: [caller, several(1, role("barrier"))] },
  ],
});
