// SPDX-License-Identifier: GPL-2.0-only
/** The native yardstick: that every gate has a twin, that twins are what they are called, and the command. */
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { buildYardstick, findCompiler, SOURCES } from "../../bench/native/toolchain.ts";
import { type Twin, Yardstick } from "../../bench/native/yardstick.ts";
import { readCatalogue } from "../../host/cli/catalogue.ts";
import { hotunplug } from "../cli/spawn.ts";

const MAIN = fileURLToPath(new URL("../../bench/native.js", import.meta.url));
const BASELINES = [
  "atomic pair",
  "empty loop",
  "exchange pair",
  "percpu_ref, reporting",
  "plain counter pair",
];
const BURSTS = 2_000;

const compiler = findCompiler(process.env);
if (compiler === null) console.log("no C compiler: the native twins are not tested");
const withCc = compiler === null ? test.skip : test;

const scratch = mkdtempSync(join(tmpdir(), "hotunplug-native-"));
const running: Yardstick[] = [];

/** Builds the twins, or those of `sources` in a folder of their own, and starts them. */
function start(sources?: string, into = ""): Yardstick {
  assert.ok(compiler);
  const where = sources === undefined ? undefined : join(scratch, into);
  const yardstick = new Yardstick(buildYardstick(compiler, sources, where).path);
  running.push(yardstick);
  return yardstick;
}

test.after(async () => {
  for (const yardstick of running) await yardstick.close();
  rmSync(scratch, { recursive: true });
});

function named(twins: readonly Twin[], name: string): Twin {
  const twin = twins.find((one) => one.name === name);
  assert.ok(twin, name);
  return twin;
}

let shared: Yardstick | null = null;
function yardstick(): Yardstick {
  shared ??= start();
  return shared;
}

withCc("every gate of the table has a twin, and every baseline", async () => {
  const twins = await yardstick().twins();
  const of = (kind: Twin["kind"]) => twins.filter((twin) => twin.kind === kind);
  const names = (kind: Twin["kind"]) => of(kind).map(({ name }) => name);
  const gates = readCatalogue().gates.map(({ name }) => name);
  assert.equal(
    gates.filter((name) => !names("gate").includes(name)),
    [],
  );
  assert.equal(names("baseline").sort(), BASELINES);
});

withCc(
  "every twin counts who is inside, ends balanced, and turns away when it is closed",
  async () => {
    for (const twin of await yardstick().twins()) {
      for (const threads of [1, 2, 3]) {
        assert.is(await yardstick().check(twin, threads, BURSTS), null, `${twin.name}, ${threads}`);
      }
    }
  },
);

/** Twins that do not do what they are called, and what the self-check must say of them. */
const BROKEN = [
  ["rwsem_per_device", "return rwsem_up_read_sub(sem(g));", "return 0;", /only one has left/],
  ["rwsem", "return rwsem_read_trylock_add(sem(g));", "return 0;", /inside is not seen/],
  ["percpu_ref", "return __ref_is_percpu(mode);", "return true;", /though it is closed/],
  ["refcount", "READ_ONCE(g->dying) != 0", "false", /though it is closed/],
  ["kernfs_active", "return (int32_t)old >= 0;", "return true;", /though it is closed/],
  ["srcu", "return idx | READ_ONCE(g->unplugged);", "return idx;", /though it is closed/],
  ["hazard", "return seat_say((seat_t", "return 0 && seat_say((seat_t", /only one has left/],
  ["ldsem", "return READ_ONCE(g->count) == 0;", "return true;", /inside is not seen/],
  ["exchange_pair", "atomic_exchange(&g->word, 1)", "(g->word += 3)", /all have left|only one/],
] as const;

/** The mutex as a count that lets in as many as come. */
const CROWDED = [
  [/return cmpxchg_owner\(g, 0.*;/, "return atomic_fetch_add(&g->owner, 1) + 1;"],
  [/return cmpxchg_owner\(g, current.*;/, "return atomic_fetch_sub(&g->owner, 1);"],
] as const;

/** The program without a twin, and those named. */
function copyOf(folder: string, twins: readonly string[]): string {
  const sources = join(scratch, folder);
  mkdirSync(join(sources, "peers"), { recursive: true });
  const headers = readdirSync(SOURCES).filter((file) => file.endsWith(".h"));
  const core = ["main", "machine", "threads", "device", "bench_read", "self_check"];
  for (const file of [...headers, ...[...core, ...twins].map((name) => `${name}.c`)]) {
    copyFileSync(join(SOURCES, file), join(sources, file));
  }
  return sources;
}

function change(path: string, from: string | RegExp, to: string): void {
  const text = readFileSync(path, "utf8");
  assert.is.not(text.replace(from, to), text, `${path}: ${from}`);
  writeFileSync(path, text.replace(from, to));
}

withCc("a twin that is broken is found out", async () => {
  const sources = copyOf("broken", [...BROKEN.map(([file]) => file), "mutex", "atomic_pair"]);
  for (const [file, from, to] of BROKEN) change(join(sources, `${file}.c`), from, to);
  for (const [from, to] of CROWDED) change(join(sources, "mutex.c"), from, to);
  const broken = start(sources, "broken-build");
  const twins = await broken.twins();
  const verdictOn = async (name: string) =>
    (await broken.check(named(twins, name), 2, BURSTS)) ?? "nothing";
  for (const [file, , , says] of BROKEN) {
    assert.match(await verdictOn(file.replace("_pair", " pair")), says, file);
  }
  assert.match(await verdictOn("mutex"), /two inside at once/);
  assert.is(await verdictOn("atomic pair"), "nothing");
});

withCc("a window gives each thread's samples", async () => {
  const twin = named(await yardstick().twins(), "percpu_ref");
  const request = { threads: 2, devices: "own", round: 0, windowNs: 2e6, warmupNs: 1e5 } as const;
  const reports = await yardstick().read(twin, request);
  assert.is(reports.length, 2);
  for (const { ops, elapsedNs, samples, dropped } of reports) {
    assert.ok(ops > 0 && elapsedNs >= request.windowNs);
    assert.ok(samples.length + dropped > 0);
    assert.ok(samples.every((ps) => ps > 0));
  }
});

withCc(
  "a peer whose library is missing is left out, and a twin that does not compile is named",
  () => {
    assert.ok(compiler);
    const sources = copyOf("lacking", ["empty_loop"]);
    writeFileSync(join(sources, "peers", "headless.c"), "#include <no-such-header.h>\n");
    writeFileSync(
      join(sources, "peers", "unlinked.c"),
      "// libs: -lno-such-library\nint unlinked;\n",
    );
    const { without } = buildYardstick(compiler, sources, join(scratch, "lacking-build"));
    assert.equal(without, ["headless", "unlinked"]);
    writeFileSync(join(sources, "bad.c"), "int x = ;\n");
    assert.throws(
      () => buildYardstick(compiler, sources, join(scratch, "lacking-build")),
      /^bad\.c does not compile: .*error/,
    );
  },
);

withCc("a process that dies is an error with its last words", async () => {
  const dying = start();
  const [twin] = await dying.twins();
  assert.ok(twin);
  try {
    await dying.check({ ...twin, index: 1000 }, 1, 1);
    assert.unreachable();
  } catch (error) {
    assert.match((error as Error).message, /^the native yardstick ended: check 1000 1 1/);
  }
});

const run = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  hotunplug(args, { main: MAIN, env });

withCc("the command measures both sides, and saves what it prints", () => {
  const args = ["--rounds", "1", "--window", "1ms", "--threads", "1", "--gates", "rwsem"];
  const { status, stdout, stderr } = run([...args, "--no-peers", "--json", "-"]);
  assert.is(status, 0, stderr);
  const { rows, environment, interrupted, asked } = JSON.parse(stdout);
  assert.equal([interrupted, asked.tier, environment.tier], [false, "baseline", "baseline"]);
  assert.equal(
    rows.map(({ name }: { name: string }) => name).sort(),
    ["rwsem", ...BASELINES].sort(),
  );
  for (const { name, native, wasm } of rows) {
    assert.equal([native.length, wasm.length], [1, 1], name);
  }
  assert.match(stderr, /contender +native +wasm +wasm\/native/);
});

test("without a compiler the command says so in one line", () => {
  const { status, stdout, stderr } = run([], { CC: "no-such-cc" });
  assert.equal(
    [status, stdout, stderr],
    [0, 'skipped: there is no C compiler "no-such-cc" ($CC)\n', ""],
  );
});

test("a mistake is one line that names the option and the value", () => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [["--gates", "rwsm"], /^bench:native: --gates: expected .*saw "rwsm"; did you mean rwsem\?\n$/],
    [["--rounds", "0"], /^bench:native: --rounds: expected .*saw "0"\n$/],
    [["--tier", "x"], /^bench:native: --tier: expected .*saw "x"\n$/],
    [["rwsem"], /^bench:native: unexpected argument "rwsem"\n$/],
    [["--json", "/no/such/dir/x"], /^bench:native: --json \/no\/such\/dir\/x: cannot be written/],
  ];
  for (const [args, words] of cases) {
    const { status, stdout, stderr } = run(args);
    assert.equal([status, stdout], [2, ""], args.join(" "));
    assert.match(stderr, words);
  }
});

test("--help has every option", () => {
  const { status, stdout } = run(["--help"]);
  assert.is(status, 0);
  for (const name of ["gates", "threads", "devices", "rounds", "window", "tier", "seed", "json"]) {
    assert.match(stdout, new RegExp(`^  --${name} `, "m"));
  }
  assert.match(stdout, /^ {2}--\[no-\]peers /m);
});

test.run();
