// SPDX-License-Identifier: GPL-2.0-only
/** States of a removal. */
import { Errno } from "../../abi/errno.ts";
import type { Thread } from "../../machine/coroutine/program.ts";
import type { SetUp } from "../scenario.ts";
import { aroundDevice, client, ending, holder, plug, remover } from "./driver.ts";
import {
  callNumber,
  deviceRefs,
  isIn,
  isRegistered,
  liveMemdev,
  type Probe,
  sleeps,
  sleepsForMailbox,
  watchFor,
} from "./probe.ts";

/** Long enough to be slept through. */
const SERVICE_NS = 1_000_000;
const [FIRST, SECOND, THIRD] = [0, 1, 2];

/** An ioctl on a file that is open, what holds the memdev once the remover is done. */
const heldByCdev: Probe = {
  name: "held-by-cdev",
  threads: ["client", "remover"],
  build: (on, driver) =>
    aroundDevice(on, driver, 0, ({ handle, minor }) => {
      const opener = client(on, FIRST, minor);
      const ioctl = callNumber(opener, "sys_ioctl");
      return {
        threads: [opener, remover(handle)],
        end: ending(null),
        watch: watchFor("removed, and one reference left on the device: the cdev's", (state) => {
          if (!state.ended(SECOND) || !isIn(state, FIRST, ioctl)) return false;
          const memdev = liveMemdev(state.machine);
          return memdev !== null && deviceRefs(state.machine, memdev) === 1;
        }),
      };
    }),
};

/** A client that keeps what its ioctl returned. */
function keeper(on: SetUp, thread: number, minor: number): Thread {
  const { name, calls } = client(on, thread, minor);
  return {
    name,
    calls: calls.map((call) => (call.fn === "sys_ioctl" ? { ...call, keep: "said" } : call)),
  };
}

const refusedEarly: Probe = {
  name: "refused-early",
  threads: ["client", "remover"],
  build: (on, driver) =>
    aroundDevice(on, driver, 0, ({ handle, minor }) => {
      const opener = keeper(on, FIRST, minor);
      const close = callNumber(opener, "sys_close");
      return {
        threads: [opener, remover(handle)],
        end: ending(null),
        watch: watchFor("-ENXIO, and device_del() has not begun", (state) => {
          if (!isIn(state, FIRST, close)) return false;
          const { machine } = state;
          if (machine.regions.kept(FIRST, 1) !== -Errno.ENXIO) return false;
          const memdev = liveMemdev(machine);
          return memdev !== null && isRegistered(machine, memdev);
        }),
      };
    }),
};

/** Nobody is inside but an ioctl of another device, and it alone is waited for. */
const otherDevice: Probe = {
  name: "other-device",
  threads: ["holder", "remover"],
  build: (on, driver) =>
    aroundDevice(on, driver, SERVICE_NS, (slow) => {
      const other = plug(on, driver, 0);
      return {
        threads: [holder(on, FIRST, slow.minor, Errno.ETIMEDOUT), remover(other.handle)],
        end: ending(slow.handle),
        watch: watchFor("the remover waits for an ioctl on another device", (state) => {
          if (!sleepsForMailbox(state, FIRST) || !sleeps(state, SECOND)) return false;
          return !state.canRun(FIRST) && !state.canRun(SECOND);
        }),
      };
    }),
};

/** A removal waits for the ioctl of its device, and whoever does an ioctl on another waits for both. */
const convoy: Probe = {
  name: "convoy",
  threads: ["holder", "remover", "holder"],
  build: (on, driver) =>
    aroundDevice(on, driver, SERVICE_NS, (slow) => {
      const other = plug(on, driver, 0);
      const bystander = holder(on, THIRD, other.minor);
      const ioctl = callNumber(bystander, "sys_ioctl");
      return {
        threads: [holder(on, FIRST, slow.minor, Errno.ETIMEDOUT), remover(slow.handle), bystander],
        end: ending(other.handle),
        watch: watchFor("an ioctl waits for the removal of another device", (state) => {
          if (!isIn(state, THIRD, ioctl) || !sleeps(state, THIRD)) return false;
          if (!sleepsForMailbox(state, FIRST) || !sleeps(state, SECOND)) return false;
          return [FIRST, SECOND, THIRD].every((thread) => !state.canRun(thread));
        }),
      };
    }),
};

export const teardowns: readonly Probe[] = [heldByCdev, refusedEarly, otherDevice, convoy];
