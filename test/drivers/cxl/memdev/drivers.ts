// SPDX-License-Identifier: GPL-2.0-only
/** The drivers under test, and their ids as the module numbers them. */
import type { KernelAbi } from "../../../../host/abi/kernel.ts";
import { DRIVER_GATES } from "../../../gates/guests.ts";
import type { LocalMachine } from "../../local-machine.ts";

export interface DriverName {
  readonly revision:
    | "PERCPU_REF"
    | "SRCU"
    | "RWSEM"
    | "PUT_DEVICE"
    | "SHUTDOWN_FIRST"
    | "DEL_FIRST";
  readonly gate: string;
  readonly name: string;
}

const gates = DRIVER_GATES.map(({ name }) => name.toUpperCase());

export const PERCPU_REF: DriverName = { revision: "PERCPU_REF", gate: "", name: "percpu_ref" };
export const SRCU: DriverName = { revision: "SRCU", gate: "", name: "srcu" };
export const RWSEM: DriverName = { revision: "RWSEM", gate: "", name: "rwsem" };

/** The revisions whose error unwind frees by hand. */
export const OLD: readonly DriverName[] = [PERCPU_REF, SRCU, RWSEM];

/** The complete revision with each gate that is one. */
export const COMPLETE: readonly DriverName[] = gates.map((gate) => ({
  revision: "PUT_DEVICE",
  gate,
  name: `put_device+${gate.toLowerCase()}`,
}));

export const SHUTDOWN_FIRST: DriverName = {
  revision: "SHUTDOWN_FIRST",
  gate: "",
  name: "shutdown_first",
};
export const DEL_FIRST: DriverName = { revision: "DEL_FIRST", gate: "", name: "del_first" };

/** The complete revision with the rwsem, and an endpoint at the device. */
export const LATER: readonly DriverName[] = [SHUTDOWN_FIRST, DEL_FIRST];

export const BUSTED: DriverName = {
  revision: "PUT_DEVICE",
  gate: "BUSTED",
  name: "put_device+busted",
};

export function driverId(abi: KernelAbi, { revision, gate }: DriverName): number {
  const gateId = gate === "" ? 0 : abi.constant(`GATE_${gate}`);
  return (abi.constant(`REV_${revision}`) << 8) | gateId;
}

/** What the kernel logs when a device of this driver is removed. */
export function complaintsOf({ revision }: DriverName): string[] {
  return revision === "SHUTDOWN_FIRST" ? ["VIOLATION_NULL_CONTEXT_IN_TEARDOWN"] : [];
}

/** Faults that a driver's add can meet. */
export function faultsOf({ revision, gate }: DriverName): string[] {
  const steps = ["KZALLOC", "IDA", "DEV_SET_NAME", "CDEV_ADD", "DEVICE_ADD", "DEVM"];
  const counts = revision === "PERCPU_REF" || gate === "PERCPU_REF";
  return counts ? [...steps, "PERCPU_REF_INIT"] : steps;
}

/** Ids in use. */
export function idsInUse(m: LocalMachine): number {
  return m.call(0, "ida_count", m.constant("CXL_MEMDEV_IDA"));
}

const WINDOW_NS = 1_000_000_000;

/**
 * Probes `driver` on CPU 0; between cdev_add() and device_add(), CPU 1 opens minor 0. Returns what the
 * probe said and the file, 0 when the window did not open.
 */
export function probeWithOpener(m: LocalMachine, driver: DriverName): { rc: number; file: number } {
  const window = m.constant("CDEV_LIVE_WINDOW");
  let file = 0;
  m.setU32(window, WINDOW_NS);
  m.atNextClock(() => {
    file = m.call(1, "filp_open", 0);
    m.setU32(window, 0);
  });
  const rc = m.call(0, "sys_probe", driverId(m.kernel, driver));
  m.setU32(window, 0);
  return { rc, file };
}
