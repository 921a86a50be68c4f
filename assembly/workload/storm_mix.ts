// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a storm's client asks of a device: mostly short commands, some long ones, a few that must fail.
 */
import { EBUSY, EFAULT, EINVAL, ENOMEM, ENOTTY, EPERM, ETIMEDOUT } from "../arch/wasm/errno";
import { boot } from "../arch/wasm/memory";
import { smp_processor_id } from "../arch/wasm/percpu";
import {
  CXL_MEM_COMMAND_ID_GET_HEALTH_INFO,
  CXL_MEM_COMMAND_ID_GET_LSA,
  CXL_MEM_COMMAND_ID_IDENTIFY,
  CXL_MEM_COMMAND_ID_RAW,
  CXL_MEM_QUERY_COMMANDS,
  CXL_MEM_SEND_COMMAND,
  cxl_send_command,
} from "../drivers/cxl/uapi";
import { prandom_u32 } from "../lib/random";

// A CPU's user memory: the argument, then these. A reply is no longer than the largest payload.
const IN: usize = 256;
const OUT: usize = 512;
const OUT_BYTES: i32 = 256;

/** User memory of this CPU: the window is split evenly. */
function arg_of_cpu(): usize {
  const b = boot();
  const each = (b.user_end - b.user_base) / b.ncpus;
  return <usize>b.user_base + <usize>(smp_processor_id() * each);
}

function prepare_send(arg: usize, id: u32, in_size: i32): void {
  memory.fill(arg, 0, offsetof<cxl_send_command>());
  const c = changetype<cxl_send_command>(arg); // plain: user memory of this CPU
  c.id = id;
  c.in_size = in_size;
  c.in_payload = <u64>(arg + IN);
  c.out_size = OUT_BYTES;
  c.out_payload = <u64>(arg + OUT);
}

/** One ioctl of the mix. Returns what it returned. Context: sleeps as the ioctl does. */
export function storm_ioctl<D extends Driver>(d: D, file: usize): i32 {
  const arg = arg_of_cpu();
  const draw = prandom_u32() & 15;
  if (draw < 8) {
    store<u32>(arg, draw & 3); // plain: user memory of this CPU
    return d.ioctl(file, CXL_MEM_QUERY_COMMANDS, arg);
  }
  if (draw === 15) return d.ioctl(file, prandom_u32(), prandom_u32());
  if (draw === 14) prepare_send(arg, CXL_MEM_COMMAND_ID_RAW, 0);
  else if (draw === 13) prepare_send(arg, CXL_MEM_COMMAND_ID_GET_LSA, 8);
  else if (draw < 11) prepare_send(arg, CXL_MEM_COMMAND_ID_GET_HEALTH_INFO, 0);
  else prepare_send(arg, CXL_MEM_COMMAND_ID_IDENTIFY, 0);
  return d.ioctl(file, CXL_MEM_SEND_COMMAND, arg);
}

/** True for 0 and for each errno that the ioctl may return, ENXIO apart. */
export function storm_errno_documented(rc: i32): bool {
  if (rc === 0) return true;
  return (
    rc === -ENOTTY ||
    rc === -EFAULT ||
    rc === -EINVAL ||
    rc === -ENOMEM ||
    rc === -EPERM ||
    rc === -EBUSY ||
    rc === -ETIMEDOUT
  );
}
