// SPDX-License-Identifier: GPL-2.0-only
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { UsageError } from "../../host/errors.ts";
import { openTarget } from "../../host/report/write.ts";

let folder = "";
test.before.each(() => {
  folder = mkdtempSync(join(tmpdir(), "hotunplug-write-"));
});
test.after.each(() => rmSync(folder, { recursive: true, force: true }));

test("the file is there, whole, after save, and nothing beside it", () => {
  const target = openTarget(join(folder, "a.json"));
  target.save("{}\n");
  target.discard();
  assert.is(readFileSync(join(folder, "a.json"), "utf8"), "{}\n");
  assert.equal(readdirSync(folder), ["a.json"]);
});

test("until save the old content stays, and discard leaves no trace", () => {
  const path = join(folder, "a.json");
  writeFileSync(path, "old");
  const target = openTarget(path);
  assert.is(readFileSync(path, "utf8"), "old");
  target.discard();
  assert.is(readFileSync(path, "utf8"), "old");
  assert.equal(readdirSync(folder), ["a.json"]);
});

test("a path that cannot be written is found at once, in one line", () => {
  mkdirSync(join(folder, "dir"));
  const refused = (path: string, message: RegExp) => {
    assert.throws(
      () => openTarget(path),
      (error: Error) => error instanceof UsageError && message.test(error.message),
    );
  };
  refused(join(folder, "dir"), /^--json .*dir: is a directory$/);
  refused(join(folder, "no", "a.json"), /cannot be written: no directory .*no$/);
  writeFileSync(join(folder, "file"), "");
  refused(join(folder, "file", "a.json"), /cannot be written: not a directory$/);
});

test("a file that one may not write is not replaced either", () => {
  if (process.getuid?.() === 0) return; // root may write everything
  const path = join(folder, "a.json");
  writeFileSync(path, "old");
  chmodSync(path, 0o444);
  assert.throws(() => openTarget(path), /permission denied/);
});

test("what a link points to is replaced, the link stays", () => {
  writeFileSync(join(folder, "real.json"), "old");
  symlinkSync("real.json", join(folder, "link.json"));
  openTarget(join(folder, "link.json")).save("new");
  assert.is(readFileSync(join(folder, "real.json"), "utf8"), "new");
  assert.equal(readdirSync(folder).sort(), ["link.json", "real.json"]);
});

test("a device is written to, never replaced", () => {
  openTarget("/dev/null").save("{}");
  assert.is(readFileSync("/dev/null", "utf8"), "");
});

test.run();
