// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { commandLine, parse } from "../../host/cli/arguments.ts";
import { nearest } from "../../host/cli/nearest.ts";
import {
  bytes,
  chance,
  choices,
  duration,
  flag,
  integers,
  type Option,
  percent,
  text,
  writeDuration,
} from "../../host/cli/options.ts";

function accepts<T>(option: Option<T>, rows: readonly (readonly [string, T])[]): void {
  for (const [written, value] of rows) {
    assert.equal(option.parse(written), value);
    const again = option.format(value);
    assert.equal(again === null ? value : option.parse(again), value, `${again}`);
  }
}

test("what an option reads, it writes so that it reads the same again", () => {
  accepts(duration(0, 1e15, 0, ""), [
    ["0", 0],
    ["500ms", 5e8],
    ["1.5s", 1.5e9],
    ["2m", 120e9],
    ["35us", 35_000],
    ["7ns", 7],
  ]);
  accepts(bytes(0, 2 ** 40, 0, ""), [
    ["64MiB", 2 ** 26],
    ["1000", 1000],
    ["1536KiB", 1536 * 1024],
  ]);
  accepts(integers(1, 64, [1], ""), [["1,2,64", [1, 2, 64]]]);
  accepts(chance(0, ""), [
    ["0.01", 0.01],
    ["1e-4", 1e-4],
  ]);
  accepts(percent(100, ""), [
    ["10%", 10],
    ["2.5", 2.5],
  ]);
  accepts(choices("gate", ["a_b", "c"], ["c"], ""), [
    ["a-b,c", ["a_b", "c"]],
    ["all", ["a_b", "c"]],
  ]);
});

test("durations are written in the largest unit that keeps them whole", () => {
  assert.is(writeDuration(0), "0ns");
  assert.is(writeDuration(1.5e9), "1500ms");
  assert.is(writeDuration(60e9), "1m");
});

const OPTIONS = {
  verbose: flag(false, ""),
  sanitize: flag(true, ""),
  json: text("FILE", ""),
};

test("flags are set, and those that are on are turned off with --no-", () => {
  assert.equal(parse([], OPTIONS).values, { verbose: false, sanitize: true, json: null });
  const { values, given } = parse(["--verbose", "--no-sanitize"], OPTIONS);
  assert.equal([values.verbose, values.sanitize], [true, false]);
  assert.equal([...given], ["verbose", "sanitize"]);
});

test("the last of two counts, and what follows -- is no option", () => {
  const { values, positionals } = parse(["--json", "a", "--json=b", "--", "--verbose"], OPTIONS);
  assert.is(values.json, "b");
  assert.equal(positionals, ["--verbose"]);
});

test("an option named like something that every object has is unknown", () => {
  assert.throws(() => parse(["--constructor"], OPTIONS), /unknown option --constructor/);
  assert.throws(() => parse(["--toString=1"], OPTIONS), /unknown option --toString/);
});

test("a command line is quoted where a shell needs it", () => {
  const { values } = parse(["--json", "it's here", "--no-sanitize"], OPTIONS);
  assert.is(commandLine(OPTIONS, values), "--no-sanitize --json 'it'\\''s here'");
});

test("the nearest name is found over slips, and not over other words", () => {
  const names = ["rwsem", "rwsem_per_device", "percpu_ref", "refcount", "busted"];
  assert.is(nearest("rwsen", names), "rwsem");
  assert.is(nearest("wrsem", names), "rwsem");
  assert.is(nearest("percpuref", names), "percpu_ref");
  assert.is(nearest("RWSEM-PER-DEVICE", names), "rwsem_per_device");
  assert.is(nearest("bustd", names), "busted");
  assert.is(nearest("seqlock", names), null);
  assert.is(nearest("", names), null);
});

test.run();
