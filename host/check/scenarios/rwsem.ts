// SPDX-License-Identifier: GPL-2.0-only
/** The rwsem: read, write, trylock and downgraded sections over a guarded pair. */
import { Errno } from "../../abi/errno.ts";
import { primitive, role, several } from "./primitive.ts";

const reader = role("reader", [1]);
const writer = role("writer", [1]);
/** Comes back at once, and so takes the lock from whoever it has just woken. */
const twice = role("writer", [2]);
const tryReader = role("try_reader", [1], Errno.EBUSY);
const tryWriter = role("try_writer", [1], Errno.EBUSY);
const downgrader = role("downgrader", [1]);

export const rwsem = primitive({
  name: "rwsem",
  summary: "readers and writers of an rwsem, those who try, and those who downgrade",
  covers: ["R1-R18, O1-O3 of kernel/locking/rwsem.ts"],
  prefix: "check_rwsem",
  casts: () => [
    { roles: [several(1, reader), writer] },
    { roles: [several(2, writer), reader], inSuite: false }, // 787,401 states
    { roles: [several(2, reader), writer] },
    { roles: [several(1, tryReader), writer] },
    { roles: [several(1, tryWriter), writer] },
    { roles: [tryReader, tryWriter, writer] },
    { roles: [several(1, downgrader), writer] },
    { roles: [several(1, downgrader), writer, reader], inSuite: false }, // 849,818 states
    { name: "handoff-writer", roles: [twice, writer], ticks: 1 },
    { name: "handoff-reader", roles: [twice, reader], ticks: 1 },
    { name: "spin-writer", roles: [several(2, writer)], spinLimit: 1 },
    { name: "spin-reader", roles: [several(1, reader), writer], spinLimit: 1, ticks: 1 },
    { name: "spin-both", roles: [several(2, writer), reader], spinLimit: 1, inSuite: false },
  ],
});
