// SPDX-License-Identifier: GPL-2.0-only
/** Completions: those who complete, and those who wait; one of the waiters frees it. */
import { Errno } from "../../abi/errno.ts";
import { primitive, role, several } from "./primitive.ts";

const waiter = role("waiter", [1]);
const subscriber = role("subscriber");
const completer = role("completer", [1]);
const timed = role("timed", [1000], Errno.ETIMEDOUT);
const trier = role("trier", [], Errno.EBUSY);

export const completion = primitive({
  name: "completion",
  summary: "completers and waiters, with a time limit or without; the last one may free it",
  covers: ["C1-C6, O1 of kernel/sched/completion.ts"],
  prefix: "check_completion",
  casts: () => [
    { roles: [completer, waiter] },
    { roles: [role("completer", [2]), waiter, waiter] },
    { roles: [role("all_completer"), subscriber, role("waiter", [2])] },
    { roles: [role("publisher", [1]), subscriber] },
    { name: "publisher-twice", roles: [role("publisher", [2]), subscriber] },
    { roles: [role("publisher", [1]), role("freer")] },
    { roles: [completer, several(1, timed)], ticks: 1 },
    { roles: [completer, several(1, timed), trier], ticks: 1 },
  ],
});
