// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { boot } from "../../host/machine/machine.ts";
import { rejects, withMachine } from "./with-machine.ts";

const SOON_NS = 50_000_000n;
const reason = new Error("the user pressed ^C");

test("nothing boots under a signal that is aborted", async () => {
  await rejects(boot({ cpus: 1, signal: AbortSignal.abort(reason) }), /pressed/);
});

test("a call that returns in time keeps its value when the machine is stopped", async () => {
  const stop = new AbortController();
  await withMachine({ cpus: 1, signal: stop.signal }, async (machine) => {
    const call = machine.call(0, "futex_wait", machine.hostAlloc(4), 0, SOON_NS);
    stop.abort(reason);
    assert.is(await call, machine.kernel.constant("FUTEX_TIMED_OUT"));
    assert.is(machine.failed, null);
    assert.is(await machine.call(0, "smp_processor_id"), 0, "and it can be cleaned up");
  });
});

test("a call that does not return fails a machine that is stopped", async () => {
  const stop = new AbortController();
  await withMachine({ cpus: 2, signal: stop.signal }, async (machine) => {
    const call = rejects(machine.call(1, "futex_wait", machine.hostAlloc(4), 0, -1n), /pressed/);
    stop.abort(reason);
    await call;
    assert.is(machine.failed, reason);
  });
});

test("a call's own signal ends that call and no other", async () => {
  await withMachine({ cpus: 2 }, async (machine) => {
    const stop = new AbortController();
    const args = [machine.hostAlloc(4), 0, SOON_NS];
    const stopped = rejects(
      machine.invoke(0, "futex_wait", { args, signal: stop.signal }),
      /pressed/,
    );
    const other = machine.invoke(1, "futex_wait", { args });
    stop.abort(reason);
    await stopped;
    assert.is(await other, machine.kernel.constant("FUTEX_TIMED_OUT"));
    assert.is(machine.failed, null);
  });
});

test("a call that was not made yet is taken back", async () => {
  await withMachine({ cpus: 1 }, async (machine) => {
    const stop = new AbortController();
    const word = machine.hostAlloc(4);
    const first = machine.call(0, "futex_wait", machine.hostAlloc(4), 0, SOON_NS);
    const second = machine.invoke(0, "atomic_add_return", {
      args: [1, word],
      signal: stop.signal,
    });
    stop.abort(reason);
    await rejects(second, /pressed/);
    await first;
    assert.is(await machine.call(0, "atomic_read", word), 0);
  });
});

test.run();
