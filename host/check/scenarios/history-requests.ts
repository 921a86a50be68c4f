// SPDX-License-Identifier: GPL-2.0-only
/** What one request does by itself. */
import { send } from "../../abi/cxl.ts";
import { aroundDevice, ending, holder } from "./driver.ts";
import { type Probe, watchFor } from "./probe.ts";

/** Less than the device has to say of its logs. */
const ROOM = 8;
const REST = 4096;

/** Asks for more than there is room for. */
const overrun: Probe = {
  name: "overrun",
  threads: ["holder"],
  build: (on, driver) =>
    aroundDevice(on, driver, 0, ({ handle, minor }) => {
      const thread = holder(on, 0, minor);
      const { address, bytes } = on.user(0);
      const request = send({ id: "GET_SUPPORTED_LOGS", outSize: ROOM });
      bytes.fill(0);
      request.encode(bytes.subarray(0, request.bytes), address);
      const warned = on.constant("CXL_STATE") + on.constant("OFFSETOF_CXL_GLOBALS_WARNED_SIZE");
      on.machine.words[warned >>> 2] = 1; // the warning, which is given once
      const behind = bytes.subarray(request.bytes, request.bytes + REST);
      return {
        threads: [thread],
        end: ending(handle),
        watch: watchFor("the driver wrote beyond out.size", (state) => {
          return state.ended(0) && behind.some((byte) => byte !== 0);
        }),
      };
    }),
};

export const requests: readonly Probe[] = [overrun];
