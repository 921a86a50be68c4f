// SPDX-License-Identifier: GPL-2.0-only
/** States of a device that is being added, mostly in vain. */
import { Errno } from "../../abi/errno.ts";
import type { Call, Program, Thread } from "../../machine/coroutine/program.ts";
import { gateInMemdev } from "../../machine/driver.ts";
import type { SetUp } from "../scenario.ts";
import { nothingLeft } from "./audit.ts";
import { client, ending, type Plugged } from "./driver.ts";
import { onCpu } from "./on-cpu.ts";
import {
  callNumber,
  gracePeriods,
  isIdTaken,
  isIn,
  type Probe,
  sleepsForMailbox,
  watchFor,
} from "./probe.ts";

const SERVICE_NS = 1_000_000;
const FIRST = 0;
const PAYLOAD_LOG2 = 12;
/** Numbers that were reserved are those below this. */
const RESERVED = 65536;

/** `program` around a device that no driver was ever bound to; its minor will be the first. */
function aroundUnbound(
  on: SetUp,
  driver: number,
  program: (device: Plugged) => Omit<Program, "audit" | "end">,
): Program {
  const audit = nothingLeft(on);
  on.call("cpu_enter");
  const handle = on.call("cxl_pci_create", PAYLOAD_LOG2);
  on.call("cpu_leave");
  const gate = gateInMemdev(on.machine.abi, driver);
  return { ...program({ handle, minor: 0 }), end: ending(handle), audit, gate };
}

function binder(handle: number, driver: number): Thread {
  return { name: "binder", calls: onCpu({ fn: "sys_bind", args: [handle, driver], expect: [0] }) };
}

/** Binds in vain. @param step - the one that fails: FAULT_* */
function adder(on: SetUp, handle: number, driver: number, step: string): Thread {
  const always = on.constant("FAULT_RATE_ALWAYS");
  return {
    name: "adder",
    calls: onCpu(
      { fn: "fault_setup", args: [1 << on.constant(step), always, 0] },
      { fn: "sys_bind", args: [handle, driver], expect: [-Errno.ENOMEM] },
      { fn: "fault_setup", args: [0, 0, 0] },
    ),
  };
}

/** A client that changes something of the device once it has it open. */
function clientThat(on: SetUp, minor: number, change: Call): Thread {
  const { name, calls } = client(on, FIRST, minor);
  const at = callNumber({ name, calls }, "sys_ioctl");
  const said = calls.slice(at).map((call) => {
    if (call.fn !== "sys_ioctl") return call;
    return { ...call, expect: [...(call.expect ?? []), -Errno.ETIMEDOUT] };
  });
  return { name, calls: [...calls.slice(0, at), { ...change, unlessFailed: "fd" }, ...said] };
}

const idReturned: Probe = {
  name: "id-returned",
  threads: ["client", "adder"],
  build: (on, driver) =>
    aroundUnbound(on, driver, ({ handle, minor }) => {
      const hw = on.call("cxl_pci_hw", handle);
      const slow = { fn: "cxl_hw_set_service_ns", args: [hw, BigInt(SERVICE_NS)] };
      const opener = clientThat(on, minor, slow);
      const ioctl = callNumber(opener, "sys_ioctl");
      return {
        threads: [opener, adder(on, handle, driver, "FAULT_DEVICE_ADD")],
        watch: watchFor("an ioctl is inside, and the device's id is free", (state) => {
          if (!isIn(state, FIRST, ioctl) || !sleepsForMailbox(state, FIRST)) return false;
          return !isIdTaken(state.machine, minor);
        }),
      };
    }),
};

const window: Probe = {
  name: "window",
  threads: ["client", "adder"],
  build: (on, driver) =>
    aroundUnbound(on, driver, ({ handle, minor }) => {
      const opener = client(on, FIRST, minor);
      const ioctl = callNumber(opener, "sys_ioctl");
      return {
        threads: [opener, adder(on, handle, driver, "FAULT_DEVICE_ADD")],
        watch: watchFor("open() has succeeded, and cdev_device_add() will fail", (state) =>
          isIn(state, FIRST, ioctl),
        ),
      };
    }),
};

/** A device comes: whoever gets it open finds it ready. */
const arrival: Probe = {
  name: "arrival",
  threads: ["client", "binder"],
  build: (on, driver) =>
    aroundUnbound(on, driver, ({ handle, minor }) => {
      const { name, calls } = client(on, FIRST, minor);
      const strict = calls.map((call) =>
        call.fn === "sys_ioctl" ? { ...call, expect: [0] } : call,
      );
      return { threads: [{ name, calls: strict }, binder(handle, driver)] };
    }),
};

const idleUnwind: Probe = {
  name: "idle-unwind",
  threads: ["adder"],
  build: (on, driver) =>
    aroundUnbound(on, driver, ({ handle }) => {
      const before = gracePeriods(on.machine);
      return {
        threads: [adder(on, handle, driver, "FAULT_IDA")],
        watch: watchFor("a grace period passed, and nothing was ever live", (state) => {
          return state.ended(FIRST) && gracePeriods(state.machine) !== before;
        }),
      };
    }),
};

/** All numbers that were reserved are in use: one device more. */
const lastId: Probe = {
  name: "last-id",
  threads: ["binder"],
  build: (on, driver) => {
    const program = aroundUnbound(on, driver, ({ handle }) => ({
      threads: [binder(handle, driver)],
      watch: watchFor(`id ${RESERVED} is given out`, ({ machine }) => isIdTaken(machine, RESERVED)),
    }));
    const from = on.constant("CXL_MEMDEV_IDA_BITMAP") >>> 2;
    on.machine.words.fill(-1, from, from + RESERVED / 32);
    const ida = on.constant("CXL_MEMDEV_IDA");
    on.call("ida_free", ida, on.call("ida_alloc_range", ida, 0, RESERVED)); // it now looks there first
    return program;
  },
};

export const failingAdds: readonly Probe[] = [idReturned, window, arrival, idleUnwind, lastId];
