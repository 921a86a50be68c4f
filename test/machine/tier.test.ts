// SPDX-License-Identifier: GPL-2.0-only
/**
 * That a tier is what engine.ts says it is, asked of V8 itself about a function of the kernel: before
 * and after it has become hot. One process has one tier, so each is asked in a process of its own.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { tierFlagsIn, tierSelectable } from "../../host/machine/engine.ts";

const ENGINE = new URL("../../host/machine/engine.js", import.meta.url).href;
const IMAGE = new URL("../../host/machine/image.js", import.meta.url).href;
const WASI = new URL("../../host/machine/wasi.js", import.meta.url).href;

const ASK = `
  const { kernelImage } = await import(${JSON.stringify(IMAGE)});
  const { wasiImports } = await import(${JSON.stringify(WASI)});
  const { hasWaitBug, tierInForce } = await import(${JSON.stringify(ENGINE)});
  const memory = new WebAssembly.Memory({ initial: 256, maximum: 16384, shared: true });
  let answer;
  for (const tier of process.argv.slice(1)) {
    const image = kernelImage(tier);
    const f = new WebAssembly.Instance(image.module, wasiImports(memory)).exports.atomic_add_return;
    const compiledBy = () => [%IsLiftoffFunction(f), %IsTurboFanFunction(f)];
    f(1, 4096);
    const cold = compiledBy();
    for (let i = 0; i < 200000; i++) f(1, 4096);
    await new Promise((resolve) => setTimeout(resolve, 300));
    f(1, 4096);
    answer = { cold, hot: compiledBy(), says: tierInForce(image.engine), waitBug: hasWaitBug() };
  }
  console.log(JSON.stringify(answer));
`;

interface Answer {
  readonly cold: [boolean, boolean];
  readonly hot: [boolean, boolean];
  readonly says: string;
  readonly waitBug: boolean;
}

/** @param tiers - asked for one after the other. @returns of the last */
async function ask(...tiers: string[]): Promise<Answer> {
  const flags = ["--allow-natives-syntax", "--input-type=module", "-e", ASK, ...tiers];
  const { stdout } = await promisify(execFile)(process.execPath, flags, { timeout: 60_000 });
  return JSON.parse(stdout) as Answer;
}

// The two questions are V8's own test functions, and have changed their names before.
const withV8 = tierSelectable() && process.versions.v8.startsWith("11.") ? test : test.skip;

withV8("baseline: every function stays in Liftoff, however hot", async () => {
  const { cold, hot, says } = await ask("baseline");
  assert.equal(
    [cold, hot],
    [
      [true, false],
      [true, false],
    ],
  );
  assert.is(says, "baseline");
});

withV8("optimized: a function is in TurboFan from its first call", async () => {
  const { cold, hot, says, waitBug } = await ask("optimized");
  assert.equal(
    [cold, hot],
    [
      [false, true],
      [false, true],
    ],
  );
  assert.is(says, "optimized");
  assert.is(waitBug, false);
});

withV8("default: V8 11.3 runs as optimized, because its Liftoff spoils waits", async () => {
  const { cold, says, waitBug } = await ask("default");
  if (!process.versions.v8.startsWith("11.3.")) return;
  assert.equal(cold, [false, true]);
  assert.is(says, "optimized");
  assert.is(waitBug, false);
});

withV8("tiering: a function begins in Liftoff, whatever the version", async () => {
  const { cold, says } = await ask("tiering");
  assert.equal(cold, [true, false]);
  assert.is(says, "unknown");
});

for (const [tier, isLiftoff] of [
  ["baseline", true],
  ["optimized", false],
] as const) {
  withV8(`tiering settles nothing: ${tier}, chosen behind it, is in force`, async () => {
    const { cold, hot, says, waitBug } = await ask("tiering", tier);
    assert.equal(cold, [isLiftoff, !isLiftoff]);
    assert.equal(hot, cold);
    assert.is(says, tier);
    if (tier === "optimized") assert.is(waitBug, false);
  });
}

withV8("tiering is whatever was chosen before it", async () => {
  const { cold, says } = await ask("baseline", "tiering");
  assert.equal(cold, [true, false]);
  assert.is(says, "baseline");
});

test("one process runs one tier", async () => {
  const code = `
    const { selectTier } = await import(${JSON.stringify(ENGINE)});
    selectTier("baseline");
    try { selectTier("optimized"); } catch (error) { console.log(error.name, error.message); }
  `;
  const flags = ["--input-type=module", "-e", code];
  const { stdout } = await promisify(execFile)(process.execPath, flags, { timeout: 60_000 });
  assert.match(stdout, /^MachineError tier optimized: .* one process runs one tier$/m);
});

test("a deno's tier is what its command line fixed, and nothing else in it", () => {
  const line = (...args: string[]) => `${args.join("\0")}\0`;
  const run = (flags: string) => line("deno", "run", "--allow-all", flags, "main.js", "bench");
  assert.equal(tierFlagsIn(run("--v8-flags=--liftoff-only")), ["--liftoff-only"]);
  assert.equal(tierFlagsIn(run("--v8-flags=--max-heap-size=9,--no-liftoff")), ["--no-liftoff"]);
  assert.equal(tierFlagsIn(line("deno", "run", "main.js")), []);
  assert.equal(tierFlagsIn(line("node", "--liftoff-only", "main.js")), []);
});

test.run();
