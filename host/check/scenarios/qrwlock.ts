// SPDX-License-Identifier: GPL-2.0-only
/** The qrwlock, and the ticket lock that is its queue: sections over a guarded pair by those who spin. */
import { Errno } from "../../abi/errno.ts";
import { forever, primitive, role, several } from "./primitive.ts";

const reader = role("reader", [1]);
const writer = role("writer", [1]);
const tryReader = role("try_reader", [], Errno.EBUSY);
const tryWriter = role("try_writer", [], Errno.EBUSY);
const locker = role("locker", [1]);

export const qrwlock = primitive({
  name: "qrwlock",
  summary: "readers and writers of a qrwlock, and those who try",
  covers: ["W1-W6, O1-O3 of kernel/locking/qrwlock.ts"],
  prefix: "check_qrwlock",
  casts: () => [
    { roles: [several(1, reader), writer] },
    { roles: [several(2, writer)] },
    { roles: [several(2, reader), writer] },
    { roles: [several(2, writer), reader] },
    { name: "reader-twice", roles: [several(1, role("reader", [2])), writer] },
    { roles: [several(1, tryReader), writer] },
    { roles: [several(1, tryWriter), writer] },
    { roles: [tryReader, tryWriter, reader] },
    { name: "pause", roles: [several(1, reader), writer], spinLimit: 2 },
    // W5: readers that come for ever do not keep a writer out.
    { name: "flood", roles: [several(1, forever(reader)), writer] },
    { name: "flood-2", roles: [several(2, forever(reader)), writer] },
  ],
});

export const ticket = primitive({
  name: "ticket",
  summary: "lockers of a ticket lock, who are served as they came",
  covers: [
    "T1-T4, O1 of kernel/locking/ticket_spinlock.ts",
    "P1, P2 of kernel/locking/spin_wait.ts",
  ],
  prefix: "check_ticket",
  casts: () => [
    { roles: [several(2, locker)] },
    { roles: [several(3, locker)] },
    { name: "locker-twice", roles: [several(1, locker), role("locker", [2])] },
    { name: "pause", roles: [several(3, locker)], spinLimit: 2 },
  ],
});
