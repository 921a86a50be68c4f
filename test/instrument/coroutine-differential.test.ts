// SPDX-License-Identifier: GPL-2.0-only
/**
 * That the suspendable kernel, taken off before every access, does what kernel.wasm does: the same
 * results, and the same memory where both have the same. Objects of the heap have addresses of their own,
 * as the coroutines' heap stands in for the slab, and the slab's own state and the event counters are left
 * out.
 */
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { COMMAND_COUNT, query, send } from "../../host/abi/cxl.ts";
import { driverId, gateNames, isControlGate, isDriverGate } from "../../host/machine/driver.ts";
import { type Side, twoKernels } from "./two-kernels.ts";

const HOST_BYTES = 0x2000;
let { plain, woven } = twoKernels();

/** [from, to) of what is not compared below the end of CPU 0's unit. */
function leftOut(): [number, number][] {
  const unit = plain.constant("PERCPU_BASE");
  const at = (name: string) => plain.constant(name);
  const events = unit + at("PERCPU_EVENTS");
  return [
    [0, at("RCU_STATE")], // the null page, the map of memory, the log, the slab
    [events, events + 8 * at("NR_EVENTS")],
    [unit + at("PERCPU_SLAB"), unit + at("PERCPU_DYNAMIC")],
  ];
}

/** A word as it would be if the areas of memory were at the same addresses. */
function relative(side: Side, word: number): string {
  if (word >= side.host && word < side.host + 0x10000) return `host ${word - side.host}`;
  if (word >= side.user && word < side.user + 0x10000) return `user ${word - side.user}`;
  const units = side.constant("PERCPU_BASE") + side.constant("PERCPU_STRIDE");
  return word >= units && word < side.user ? "heap" : `${word}`;
}

function compareMemory(what: string): void {
  const differ = (of: (side: Side) => number) => {
    const [a, b] = [plain, woven].map((s) => relative(s, s.view.getUint32(of(s), true)));
    if (a !== b) assert.unreachable(`${what}: ${a} is ${b}, at ${of(plain).toString(16)}`);
  };
  const out = leftOut();
  const end = plain.constant("PERCPU_BASE") + plain.constant("PERCPU_STRIDE");
  for (let at = 0; at < end; at += 4) {
    if (!out.some(([from, to]) => at >= from && at < to)) differ(() => at);
  }
  for (let at = 0; at < HOST_BYTES; at += 4) differ((side) => side.host + at);
  for (let at = 0; at < HOST_BYTES; at += 4) differ((side) => side.user + at);
}

/** The same on both; `script` says what came of it. */
function both(what: string, script: (side: Side) => unknown): void {
  for (const side of [plain, woven]) side.bytes.fill(0, side.host, side.host + HOST_BYTES);
  const expected = script(plain);
  const before = woven.takenOff;
  assert.equal(script(woven), expected, what);
  assert.ok(woven.takenOff > before, `${what}: the thread is taken off`);
  compareMemory(what);
}

/** A call: the export, and its arguments behind the address of the object. */
type Step = readonly [fn: string, ...args: number[]];

/** Calls on an object in host memory, in order; "f:1" has an argument more. */
const OBJECTS: Readonly<Record<string, string>> = {
  rwsem: `init_rwsem down_read down_read_trylock down_write_trylock rwsem_is_locked up_read up_read
    down_write down_read_trylock downgrade_write up_read down_write_trylock up_write
    rwsem_is_contended rwsem_is_locked`,
  mutex: `mutex_init mutex_lock mutex_trylock mutex_is_locked mutex_unlock mutex_trylock
    mutex_unlock mutex_is_locked`,
  spinlock: "raw_spin_lock raw_spin_trylock raw_spin_unlock raw_spin_trylock",
  completion: `init_completion completion_done try_wait_for_completion complete completion_done
    wait_for_completion complete_all wait_for_completion try_wait_for_completion
    reinit_completion completion_done`,
  refcount: `refcount_set:1 refcount_inc refcount_inc_not_zero refcount_dec refcount_read
    refcount_dec_and_test refcount_dec_and_test refcount_inc_not_zero refcount_read`,
  kref: "kref_init kref_get kref_put kref_put kref_get_unless_zero kref_read",
};

for (const [name, calls] of Object.entries(OBJECTS)) {
  test(`${name}: the same results and words`, () => {
    both(name, (side) =>
      calls.split(/\s+/).map((call) => {
        const [fn = "", ...args] = call.split(":");
        return side.call(fn, side.host, ...args.map(Number));
      }),
    );
  });
}

test("IDs come out the same, whatever is taken and given back", () => {
  const steps = fc.array(fc.tuple(fc.boolean(), fc.nat(80), fc.nat(80)), { maxLength: 40 });
  fc.assert(
    fc.property(steps, (all) => {
      both("ida", (side) => {
        const [ida, bitmap] = [side.host, side.host + 256];
        side.call("ida_init", ida, bitmap, 70);
        const held = new Set<number>();
        const ids = all.map(([takes, low, high]) => {
          if (!takes && !held.delete(low)) return -1;
          if (!takes) return side.call("ida_free", ida, low);
          const id = side.call("ida_alloc_range", ida, Math.min(low, high), Math.max(low, high));
          if (id >= 0) held.add(id);
          return id;
        });
        return [ids, side.call("ida_count", ida)];
      });
    }),
    { numRuns: 10, seed: 1 },
  );
});

test("a percpu_ref counts, is killed and comes back", () => {
  both("percpu_ref", (side) => {
    const flags = side.constant("PERCPU_REF_ALLOW_REINIT");
    const steps: Step[] = [
      ["percpu_ref_init", 0, flags],
      ["percpu_ref_get_many", 5],
    ];
    steps.push(["percpu_ref_put"], ["percpu_ref_tryget_live"], ["percpu_ref_put_many", 5]);
    steps.push(["percpu_ref_switch_to_atomic_sync"], ["percpu_ref_get"], ["percpu_ref_kill"]);
    steps.push(["percpu_ref_tryget_live"], ["percpu_ref_is_dying"], ["percpu_ref_is_zero"]);
    steps.push(["percpu_ref_resurrect"], ["percpu_ref_tryget_live"], ["percpu_ref_exit"]);
    return steps.map(([fn, ...args]) => side.call(fn, side.host, ...args));
  });
});

test("64-bit parameters and results are whole", () => {
  both("wide", (side) => {
    const at = side.host + 8;
    const wide = 0x000f_1234_9abc_def1n;
    const results: number[] = [side.call("WRITE_ONCE64", at, wide), side.call("READ_ONCE64", at)];
    results.push(side.call("atomic64_add_return", 0x1_0000_0001n, at));
    results.push(side.call("atomic64_cmpxchg", at, wide + 0x1_0000_0001n, 7n << 33n));
    results.push(side.call("READ_ONCE64", at));
    results.push(side.call("access_ok", BigInt(side.user), 1n << 40n));
    results.push(side.call("access_ok", (1n << 32n) + BigInt(side.user), 8n));
    return results;
  });
});

test("ranges are copied and filled the same", () => {
  both("ranges", (side) => {
    for (let i = 0; i < 300; i++) side.bytes[side.host + i] = i * 7;
    const copied = side.call("copy_to_user", BigInt(side.user + 3), side.host + 1, 259);
    const back = side.call("copy_from_user", side.host + 0x1001, BigInt(side.user), 77);
    const off = side.call("alloc_percpu", 100);
    const wrong = side.call("copy_to_user", 1n << 33n, side.host, 4);
    return [copied, back, off, wrong, side.call("free_percpu", off, 100)];
  });
});

test("switches choose the same: every command of the table, and every opcode", () => {
  const tables = ["cxl_opcode_of", "cxl_size_in_of", "cxl_size_out_of"];
  for (const fn of tables) {
    for (let id = 0; id < 12; id++)
      assert.is(woven.call(fn, id), plain.call(fn, id), `${fn} ${id}`);
  }
  for (const fn of ["cxl_mem_find_command", "cxl_raw_opcode_denied"]) {
    for (let opcode = 0; opcode < 0x4800; opcode += opcode % 0x100 < 8 ? 1 : 0xf8) {
      assert.is(woven.call(fn, opcode), plain.call(fn, opcode), `${fn} ${opcode}`);
    }
  }
});

/** Every command, and a few bad ones, on an open file; what user memory holds after each. */
function ioctls(side: Side, fd: number): unknown[] {
  const requests = [query(), query(3), ...Array.from({ length: COMMAND_COUNT + 1 }, (_, id) => id)];
  return requests.map((request) => {
    const one = typeof request === "number" ? send({ id: request, outSize: 512 }) : request;
    const memory = side.bytes.subarray(side.user, side.user + one.bytes);
    one.encode(memory, side.user);
    const rc = side.call("sys_ioctl", fd, one.cmd, BigInt(side.user));
    return [rc, one.decode(memory)];
  });
}

const { abi } = woven.machine;
for (const gate of gateNames(abi).filter((name) => isDriverGate(abi, name))) {
  test(`a ${gate} device is added, used and removed with the same answers`, () => {
    ({ plain, woven } = twoKernels()); // what is freed is not used again: devices would fill the memory
    const life = (side: Side) => {
      const handle = side.call("sys_probe", driverId(woven.machine.abi, "put_device", gate));
      const minor = side.call("sys_minor", handle);
      const fd = side.call("sys_open", minor);
      const answers = ioctls(side, fd);
      const removed = isControlGate(abi, gate) ? [] : [side.call("sys_remove", handle)];
      if (removed.length > 0) removed.push(side.call("sys_ioctl", fd, query().cmd, 0n));
      const closed = side.call("sys_close", fd);
      side.call("rcu_barrier");
      return [minor, fd, answers, removed, closed];
    };
    both(gate, life);
  });
}

test.run();
