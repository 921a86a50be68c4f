// SPDX-License-Identifier: GPL-2.0-only
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parseResult } from "../../host/report/saved.ts";
import { SEEDS } from "./fake-main.ts";
import { start } from "./spawn.ts";

let folder = "";
test.before.each(() => {
  folder = mkdtempSync(join(tmpdir(), "hotunplug-interrupt-"));
});
test.after.each(() => rmSync(folder, { recursive: true, force: true }));

const seeded = (seed: number, ...more: string[]) => start(["bench", "--seed", `${seed}`, ...more]);

test("the first Ctrl-C keeps what was measured: drawn, saved, marked, status 130", async () => {
  const path = join(folder, "a.json");
  const { child, said, ended } = seeded(SEEDS.untilAborted, "--json", path);
  await said("hotunplug bench");
  child.kill("SIGINT");
  const { status, stdout, stderr } = await ended;
  assert.is(status, 130);
  assert.match(stderr, "stopping, and keeping what was measured");
  assert.match(stdout, "note: interrupted after");
  assert.is(parseResult(readFileSync(path, "utf8"), path).interrupted, true);
  assert.equal(readdirSync(folder), ["a.json"]);
});

test("the second Ctrl-C ends a run that does not listen, at once and without a trace", async () => {
  const { child, said, ended } = seeded(SEEDS.deaf, "--json", join(folder, "a.json"));
  await said("hotunplug bench");
  child.kill("SIGINT");
  await said("Ctrl-C again stops at once");
  child.kill("SIGINT");
  const { status } = await ended;
  assert.is(status, 130);
  assert.equal(readdirSync(folder), []);
});

test("SIGTERM ends a run and takes its temporary file along", async () => {
  const { child, said, ended } = seeded(SEEDS.deaf, "--json", join(folder, "a.json"));
  await said("hotunplug bench");
  child.kill("SIGTERM");
  const { status } = await ended;
  assert.is(status, 143);
  assert.equal(readdirSync(folder), []);
});

test("when nobody is left to read, the run is given up without a word", async () => {
  const { child, ended } = seeded(SEEDS.untilAborted);
  child.stdout?.destroy();
  const { status, stderr } = await ended;
  assert.is(stderr, "");
  assert.is(status, 130);
});

test("with a file to fill, a run goes on without a reader", async () => {
  const path = join(folder, "a.json");
  const { child, ended } = seeded(SEEDS.held, "--json", path);
  child.stdout?.destroy();
  const { status } = await ended;
  assert.is(status, 0);
  assert.is(parseResult(readFileSync(path, "utf8"), path).interrupted, undefined);
});

test("| head -1 is no error", async () => {
  const { child, ended } = start(["list"]);
  child.stdout?.destroy();
  const { status, stderr } = await ended;
  assert.is(stderr, "");
  assert.is(status, 0);
});

test.run();
