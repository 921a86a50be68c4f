// SPDX-License-Identifier: GPL-2.0-only
/** The library as a user has it: by the package's own name, from what the build made. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import {
  boot,
  type Device,
  decodeIdentify,
  ErrnoError,
  type Machine,
  type OpenFile,
  query,
  queryCount,
  send,
  unwrap,
} from "hotunplug";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { rejects } from "./machine/with-machine.ts";

const ROOT = new URL("../../", import.meta.url);
const COMMANDS = 9;
const REVISIONS = ["percpu_ref", "srcu", "rwsem", "put_device", "shutdown_first", "del_first"];
const IDENTIFY = send({ id: "IDENTIFY", outSize: 67 });

let machine: Machine;
test.before(async () => {
  machine = await boot({ cpus: 2, deadlineMs: 20_000 });
});
test.after(() => machine.close());

/** A device with an open file on CPU 0. */
async function opened(gate = "rwsem", serviceNs = 0): Promise<{ device: Device; file: OpenFile }> {
  const device = unwrap(await machine.addDevice({ gate, serviceNs }));
  return { device, file: unwrap(await device.open()) };
}

test("the gates and the revisions are those of the module", () => {
  assert.equal(machine.gates().slice(0, 4), [
    "rwsem",
    "rwsem_per_device",
    "percpu_ref",
    "refcount",
  ]);
  assert.equal(machine.revisions(), REVISIONS);
});

for (const revision of REVISIONS) {
  test(`${revision}: a device is added, opened, used, closed and removed`, async () => {
    const device = unwrap(await machine.addDevice({ revision }));
    assert.is(device.gate, revision === "put_device" ? "rwsem" : null);
    const file = unwrap(await device.open({ cpu: 1 }));
    assert.is(file.cpu, 1);
    assert.is(unwrap(await file.ioctl(queryCount())), COMMANDS);
    const { retval, out } = unwrap(await file.ioctl(IDENTIFY));
    assert.is(retval, 0);
    assert.ok(decodeIdentify(out).fwRevision.length > 0);
    unwrap(await file.close());
    unwrap(await device.remove());
    assert.is(device.removed, true);
  });
}

test("requests on one CPU keep their answers apart", async () => {
  const { device, file } = await opened();
  const answers = await Promise.all([1, 2, 3, 4].map((room) => file.ioctl(query(room))));
  assert.equal(
    answers.map((answer) => unwrap(answer).length),
    [1, 2, 3, 4],
  );
  unwrap(await file.close());
  unwrap(await device.remove());
});

test("an errno is a result, and unwrap() throws it", async () => {
  const { device, file } = await opened();
  const wrong = await file.ioctl(send({ id: 99 }));
  assert.equal(wrong, { ok: false, errno: 25, code: "ENOTTY" });
  let thrown: unknown;
  try {
    unwrap(wrong);
  } catch (error) {
    thrown = error;
  }
  assert.instance(thrown, ErrnoError);
  assert.is((thrown as ErrnoError).message, "ENOTTY (errno 25)");
  unwrap(await device.remove());
  unwrap(await file.close());
});

test("a device that is gone says ENXIO to its open files and to new ones", async () => {
  const { device, file } = await opened();
  unwrap(await device.remove());
  assert.equal(await file.ioctl(IDENTIFY), { ok: false, errno: 6, code: "ENXIO" });
  const next = await opened();
  assert.equal(
    await device.open(),
    { ok: false, errno: 6, code: "ENXIO" },
    "whoever has its number",
  );
  unwrap(await file.close());
  assert.is(unwrap(await next.file.ioctl(queryCount())), COMMANDS);
  unwrap(await next.file.close());
  unwrap(await next.device.remove());
});

for (const gate of ["rwsem", "rwsem_per_device", "percpu_ref", "refcount"]) {
  test(`${gate}: a device is removed while another CPU uses it`, async () => {
    const violations = machine.events()["EV_VIOLATION"];
    for (let round = 0; round < 5; round++) {
      const { device, file } = await opened(gate, 2_000_000);
      const [inside, removal] = await Promise.all([
        file.ioctl(IDENTIFY),
        device.remove({ cpu: 1 }),
      ]);
      assert.ok(
        inside.ok || inside.code === "ENXIO",
        `the ioctl ended in ${JSON.stringify(inside)}`,
      );
      unwrap(removal);
      const late = await file.ioctl(IDENTIFY);
      assert.is(late.ok ? "done" : late.code, "ENXIO");
      unwrap(await file.close());
    }
    assert.is(machine.events()["EV_VIOLATION"], violations);
  });
}

test("the service time can be changed under way", async () => {
  const { device, file } = await opened();
  const sleeps = () => machine.events()["EV_MBOX_SLEEP"] ?? 0n;
  const before = sleeps();
  unwrap(await file.ioctl(IDENTIFY));
  assert.is(sleeps(), before);
  await device.setServiceNs(5_000_000);
  unwrap(await file.ioctl(IDENTIFY));
  assert.ok(sleeps() > before);
  unwrap(await file.close());
  unwrap(await device.remove());
});

test("what makes no sense is refused by name, and nothing happens", async () => {
  const { device, file } = await opened();
  const add = machine.events()["EV_ADD"];
  await rejects(machine.addDevice({ gate: "rwsm" }), /no gate "rwsm"; there are rwsem, /);
  await rejects(machine.addDevice({ revision: "v7" }), /no revision "v7"; there are percpu_ref, /);
  await rejects(machine.addDevice({ revision: "rwsem", gate: "refcount" }), /brings its own/);
  await rejects(machine.addDevice({ serviceNs: -1 }), /serviceNs: -1 is not/);
  await rejects(machine.addDevice({}, { cpu: 2 }), /cpu: 2 is not between 0 and 1/);
  await rejects(file.ioctl(IDENTIFY, { cpu: 7 }), /cpu: 7 is not between 0 and 1/);
  const large = send({ id: "GET_LSA", outSize: 0, reserve: 1 << 20 });
  await rejects(file.ioctl(large), /needs 1048\d+ bytes of user memory, and a CPU has 262144/);
  unwrap(await file.close());
  await rejects(file.close(), /close: the file is closed/);
  await rejects(file.ioctl(IDENTIFY), /ioctl: the file is closed/);
  unwrap(await device.remove());
  await rejects(device.remove(), /remove: the device is removed/);
  await rejects(device.setServiceNs(1), /setServiceNs: the device is removed/);
  assert.is(machine.events()["EV_ADD"], add);
  assert.is(machine.failed, null);
});

test("nothing is left once all is closed and removed", async () => {
  const { kernel } = machine;
  for (const [type, name] of kernel.group("SLAB_")) {
    if (name === "SLAB_INODE") continue; // nodes stay, as mknod'ed ones do
    assert.is(await machine.call(0, "slab_live", type), 0, name);
  }
});

test("the example of docs/library.md runs as it stands", async () => {
  const text = readFileSync(new URL("docs/library.md", ROOT), "utf8");
  const example = /```js\n([\s\S]*?)```/.exec(text)?.[1] ?? "";
  const flags = ["--input-type=module", "-e", example];
  const options = { cwd: ROOT, timeout: 60_000 };
  const { stdout } = await promisify(execFile)(process.execPath, flags, options);
  assert.match(stdout, /^firmware: \S.*\nioctl during removal: (done|ENXIO)\nremoval: done\n/);
  assert.match(stdout, /\nioctl after removal: ENXIO\nviolations: 0n\n$/);
});

test.run();
