// SPDX-License-Identifier: GPL-2.0-only
/** A failed add, and somebody who opened while its cdev was live. */
import * as assert from "uvu/assert";
import { LocalMachine } from "../../local-machine.ts";
import { type DriverName, probeWithOpener } from "./drivers.ts";

const ENOMEM = 12;
const EINVAL = 22;

/** A failed add with an opener in the window, which has `file` open. */
export function failedAdd(
  driver: DriverName,
  fault = "DEVICE_ADD",
): { m: LocalMachine; file: number } {
  const m = new LocalMachine(2);
  m.fail(0, fault);
  const { rc, file } = probeWithOpener(m, driver);
  assert.is(rc, fault === "DEVICE_ADD" ? -ENOMEM : -EINVAL);
  assert.ok(file > 0);
  m.fail(0);
  return { m, file };
}

/** QUERY on a file, through the descriptor table. Returns what the ioctl says. */
export function queryFile(m: LocalMachine, file: number): number {
  const fd = m.call(1, "fd_install", file);
  const rc = m.call(
    1,
    "sys_ioctl",
    fd,
    m.constant("CXL_MEM_QUERY_COMMANDS"),
    BigInt(m.map.userStart),
  );
  assert.is(m.call(1, "fget", fd), file);
  m.call(1, "sys_close", fd);
  return rc;
}
