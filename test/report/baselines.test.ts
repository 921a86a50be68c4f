// SPDX-License-Identifier: GPL-2.0-only
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { UsageError } from "../../host/errors.ts";
import {
  isBaselineName,
  openBaseline,
  readBaseline,
  storedBaselines,
  summaryOf,
} from "../../host/report/baselines.ts";
import { toJson } from "../../host/report/write.ts";
import { sampleResult } from "./sample-result.ts";

let root = "";
let folder = "";
test.before.each(() => {
  root = mkdtempSync(join(tmpdir(), "hotunplug-baselines-"));
  folder = join(root, "deep", "folder");
});
test.after.each(() => rmSync(root, { recursive: true, force: true }));

function refused(act: () => unknown, line: RegExp): void {
  assert.throws(act, (error: Error) => error instanceof UsageError && line.test(error.message));
}

test("a name is letters, digits, dots, underscores and dashes, and no path", () => {
  for (const name of ["a", "v1.2", "before_the-patch", "0"]) assert.ok(isBaselineName(name), name);
  for (const name of [
    "",
    ".",
    "..",
    ".x",
    "-x",
    "a/b",
    "a\\b",
    "a b",
    "ä",
    "a\n",
    "x".repeat(101),
  ]) {
    assert.not(isBaselineName(name), JSON.stringify(name));
  }
});

test("what is saved is read back, and listed with its date and place", () => {
  const target = openBaseline(folder, "one");
  target.save(toJson(sampleResult()));
  target.discard();
  assert.equal(readdirSync(folder), ["one.json"]);
  assert.equal(readBaseline(folder, "one"), JSON.parse(JSON.stringify(sampleResult())));
  const [stored, ...more] = storedBaselines(folder);
  assert.equal(more, []);
  assert.is(
    stored && summaryOf(stored),
    "2026-01-02 03:04 UTC, Made-up CPU 9000 @ 2.80GHz, 2 cores, node 20.20.2, tier baseline, kernel.wasm 3b0c44298fc1, 58 rows",
  );
});

test("a folder that the system does not make is refused, and nothing hangs", () => {
  if (process.platform !== "linux") return;
  assert.throws(
    () => openBaseline("/proc/no/such", "x"),
    /^--baselines \/proc\/no\/such: cannot be made: /,
  );
});

test("a baseline that is given up leaves no file, and no folder that it made", () => {
  openBaseline(folder, "one").discard();
  assert.not(existsSync(folder));
  openBaseline(folder, "two").save(toJson(sampleResult()));
  openBaseline(folder, "one").discard();
  assert.equal(readdirSync(folder), ["two.json"]);
});

test("until it is saved the one of that name stays", () => {
  openBaseline(folder, "one").save(toJson(sampleResult()));
  const target = openBaseline(folder, "one");
  assert.is(readBaseline(folder, "one").startedAt, sampleResult().startedAt);
  target.save(toJson({ ...sampleResult(), startedAt: "2027-01-01T00:00:00.000Z" }));
  assert.is(readBaseline(folder, "one").startedAt, "2027-01-01T00:00:00.000Z");
});

test("one that is not there is refused with those that are", () => {
  refused(() => readBaseline(folder, "x"), /^--against x: no such baseline in .*; there are none$/);
  openBaseline(folder, "b").save(toJson(sampleResult()));
  openBaseline(folder, "a").save(toJson(sampleResult()));
  refused(() => readBaseline(folder, "x"), /there are a, b$/);
});

test("a damaged file is refused when it is wanted, and listed as what it is", () => {
  openBaseline(folder, "a").save(toJson(sampleResult()).slice(0, 500));
  refused(() => readBaseline(folder, "a"), /a\.json: the file is cut short$/);
  const [stored] = storedBaselines(folder);
  assert.match(stored ? summaryOf(stored) : "", /cut short$/);
});

test("files that are no baselines are left out, and no folder is none", () => {
  assert.equal(storedBaselines(folder), []);
  openBaseline(folder, "a").save(toJson(sampleResult()));
  writeFileSync(join(folder, "a.json.77.tmp"), "");
  writeFileSync(join(folder, "notes.txt"), "");
  assert.equal(
    storedBaselines(folder).map(({ name }) => name),
    ["a"],
  );
});

test("a file in the folder's place is refused by name", () => {
  const path = join(root, "file");
  writeFileSync(path, "");
  refused(
    () => openBaseline(path, "a"),
    /^--baselines .*file: cannot be made: file already exists$/,
  );
  refused(() => storedBaselines(path), /^--baselines .*file: cannot be read: not a directory$/);
});

test.run();
