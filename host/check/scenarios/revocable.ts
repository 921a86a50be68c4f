// SPDX-License-Identifier: GPL-2.0-only
/** A resource that its provider takes away while consumers use it, as it should be. */
import { Errno } from "../../abi/errno.ts";
import type { KernelAbi } from "../../abi/kernel.ts";
import { primitive, type Role, role, several } from "./primitive.ts";

/** One use: of a resource that is there, or none. */
export function use(abi: KernelAbi): Role {
  const live = abi.constant("REVOCABLE_RESOURCE_LIVE");
  return { name: "use", args: [], expect: [live, -Errno.ENODEV] };
}

export const revocable = primitive({
  name: "revocable",
  summary: "consumers use a resource while its provider revokes it",
  covers: ["R1-R4 of workload/controls/revocable.ts"],
  prefix: "revocable",
  casts: (abi) => [
    { roles: [several(1, use(abi)), role("revoke")] },
    { roles: [several(2, use(abi)), role("revoke")] },
  ],
});
