// SPDX-License-Identifier: GPL-2.0-only
/** --engine, over scripts that stand in for the engines and run node. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { runElsewhere } from "../../host/cli/elsewhere.ts";
import { findProgram, programOf } from "../../host/cli/engines.ts";
import { MachineError } from "../../host/errors.ts";
import { parseResult } from "../../host/report/saved.ts";
import { SEEDS } from "./fake-main.ts";
import { type Ended, hotunplug } from "./spawn.ts";

const root = mkdtempSync(join(tmpdir(), "hotunplug-engines-"));
test.after(() => rmSync(root, { recursive: true, force: true }));

function program(folder: string, name: string, script: string): string {
  mkdirSync(join(root, folder), { recursive: true });
  const file = join(root, folder, name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

const node = `exec "${process.execPath}" "$@"`;
program("good", "bun", `export FAKE_ENGINE="bun 9.8.7"; ${node}`);
program("good", "deno", `export FAKE_ENGINE="deno 6.5.4 $3"; shift 3; ${node}`);
const log = join(root, "log");
program("logged", "bun", `echo "$@" >> "${log}"; export FAKE_ENGINE="bun 9.8.7"; ${node}`);
program("silent", "bun", "exit 1");
program("torn", "bun", 'echo "{"');

function run(folder: string, ...args: string[]): Ended {
  const path = [join(root, folder), process.env["PATH"] ?? ""].join(delimiter);
  return hotunplug(args, { env: { PATH: path } });
}

test("a program is the first of its name on the PATH that can be run", () => {
  const first = program("first", "x", "");
  program("second", "x", "");
  const plain = program("plain", "x", "");
  chmodSync(plain, 0o644);
  mkdirSync(join(root, "folder", "x"), { recursive: true });
  const path = ["", "folder", "plain", "first", "second"].map((name) => name && join(root, name));
  if (process.getuid?.() !== 0) assert.is(findProgram("x", path.join(delimiter)), first);
  assert.is(findProgram("x", [join(root, "folder"), join(root, "first")].join(delimiter)), first);
  assert.throws(() => findProgram("y", path.join(delimiter)), /^--engine y: there is no program y/);
});

test("deno is started with the tier's flag, the others by themselves", () => {
  assert.equal(programOf("bun", "/b", "baseline"), ["/b"]);
  const deno = programOf("deno", "/d", "optimized");
  assert.equal(deno, ["/d", "run", "--allow-all", "--v8-flags=--no-liftoff"]);
  assert.is(programOf("deno", "/d", "baseline").at(-1), "--v8-flags=--liftoff-only");
});

test("one engine: its result, which names it", () => {
  const { status, stdout, stderr } = run("good", "bench", "--engine", "bun", "--json", "-");
  assert.is(status, 0, stderr);
  const { environment, engines } = parseResult(stdout, "stdout");
  assert.equal([environment["engine"], engines], ["bun 9.8.7", undefined]);
  assert.match(stderr, "2 cores, bun 9.8.7, V8");
});

test("several: the first one's result, the rows of the others with their engines' names", () => {
  const args = ["compare", "--engine", "bun,deno", "--json", "-"];
  const { status, stdout, stderr } = run("good", ...args);
  assert.is(status, 0, stderr);
  const { environment, engines, pairs } = parseResult(stdout, "stdout");
  assert.is(environment["engine"], "bun 9.8.7");
  assert.is(engines?.length, 1);
  assert.is(engines?.[0]?.engine, "deno 6.5.4 --v8-flags=--liftoff-only");
  assert.is(engines?.[0]?.pairs.length, pairs.length);
  assert.match(stderr, /contender +bun 9\.8\.7 +deno 6\.5\.4/);
});

test("an engine that is not there is one line, before anything is run", () => {
  const { status, stdout, stderr } = hotunplug(["bench", "--engine", "bun"], {
    env: { PATH: root },
  });
  assert.equal(
    [status, stdout, stderr],
    [2, "", "hotunplug: bench: --engine bun: there is no program bun on the PATH\n"],
  );
});

test("an engine that ends without a result, or with half of one, is a failure of the machine", () => {
  const silent = run("silent", "bench", "--engine", "bun");
  assert.is(silent.status, 3);
  assert.match(silent.stderr, "hotunplug: bench: in bun: ended without a word\n");
  const torn = run("torn", "bench", "--engine", "bun");
  assert.is(torn.status, 3);
  assert.match(torn.stderr, "hotunplug: bench: in bun: the file is cut short\n");
});

test("what the engine's run is refused for, or fails of, is said with its name and status", () => {
  const seeded = (seed: number) => run("good", "bench", "--engine", "bun", "--seed", `${seed}`);
  assert.is(seeded(SEEDS.usage).status, 2);
  assert.match(
    seeded(SEEDS.usage).stderr,
    "hotunplug: bench: in bun: --memory: 16 MiB do not hold",
  );
  assert.is(seeded(SEEDS.machine).status, 3);
  assert.match(
    seeded(SEEDS.machine).stderr,
    "hotunplug: bench: in bun: CPU 1 stalled in down_write\n",
  );
});

test("a baseline of another engine is made there twice, and is refused here", () => {
  const folder = join(root, "baselines");
  const save = ["bench", "--engine", "bun", "--save", "x", "--baselines", folder];
  assert.is(run("good", ...save).status, 0);
  const against = ["bench", "--against", "x", "--baselines", folder];
  const here = run("good", ...against);
  assert.is(here.status, 2);
  assert.match(here.stderr, /unlike environments .*: .*engine: "bun 9\.8\.7" and not recorded/);
  assert.is(run("good", ...against, "--engine", "bun").status, 0);
  assert.is(run("good", ...against, "--engine", "deno").status, 2);
});

test("a baseline of another engine is refused before the run, after the shortest one that there is", () => {
  const folder = join(root, "here");
  assert.is(run("logged", "bench", "--save", "x", "--baselines", folder).status, 0);
  const args = ["--engine", "bun", "--baselines", folder];
  const refused = run("logged", "bench", "--against", "x", ...args);
  assert.is(refused.status, 2);
  assert.match(refused.stderr, /unlike environments .*: .*engine: not recorded and "bun 9\.8\.7"/);
  const starts = () => readFileSync(log, "utf8").trimEnd().split("\n");
  assert.is(starts().length, 1);
  assert.match(starts()[0] ?? "", "--threads 1 --devices same --rounds 1 --window 1ms --json -");
  assert.is(run("logged", "bench", "--against", "x", "--force", ...args).status, 0);
  assert.is(starts().length, 3);
});

test("a process that does not end is ended at its deadline", async () => {
  const idle = ["-e", "setInterval(() => {}, 1000)"] as const;
  const what = { program: [process.execPath, ...idle] as [string, ...string[]], args: [] };
  const context = { signal: new AbortController().signal, onProgress() {} };
  try {
    await runElsewhere({ ...what, name: "idle", deadlineMs: 300 }, context);
    assert.unreachable();
  } catch (error) {
    assert.instance(error, MachineError);
    assert.is((error as Error).message, "idle: did not end within 0.3 s");
  }
});

test.run();
