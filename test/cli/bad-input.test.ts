// SPDX-License-Identifier: GPL-2.0-only
/** Every bad input has one line, on stderr, and its status; nothing is measured, nothing written. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { FAKE_MAIN, hotunplug, MAIN } from "./spawn.ts";

/** Command line, and the line that it is refused with, after "hotunplug: ". */
const REFUSED: readonly (readonly [args: string, line: string])[] = [
  ["bnech", 'unknown command "bnech"; did you mean bench?'],
  [
    "frobnicate",
    'unknown command "frobnicate"; there are compare, bench, stress, check, selftest, doctor, list, wasi',
  ],
  ["--foo", "unknown option --foo; a command comes first"],
  ["help bnch", 'unknown command "bnch"; did you mean bench?'],
  ["bench foo", 'bench: unexpected argument "foo"'],
  ["bench -x", "bench: unknown option -x"],
  ["bench --gate rwsem", "bench: unknown option --gate; did you mean --gates?"],
  ["bench --xyzzy", "bench: unknown option --xyzzy"],
  ["bench --no-json", "bench: unknown option --no-json"],
  ["bench --rounds", "bench: --rounds needs a value: N"],
  ["bench --gates rwsen", 'bench: --gates: expected a gate, saw "rwsen"; did you mean rwsem?'],
  ["bench --gates zzz", 'bench: --gates: expected a gate, saw "zzz"; hotunplug list names them'],
  ["bench --gates ,", 'bench: --gates: expected gate names with commas between, saw ","'],
  ["bench --gates rwsem,rwsem", 'bench: --gates: expected no value twice, saw "rwsem,rwsem"'],
  [
    "bench --threads 0",
    'bench: --threads: expected whole numbers from 1 to 64 with commas between, saw "0"',
  ],
  [
    "bench --threads 1,1e9",
    'bench: --threads: expected whole numbers from 1 to 64 with commas between, saw "1,1e9"',
  ],
  ["bench --threads 2,2", 'bench: --threads: expected no value twice, saw "2,2"'],
  ["bench --rounds 0", 'bench: --rounds: expected a whole number from 1 to 10000, saw "0"'],
  ["bench --rounds 1.5", 'bench: --rounds: expected a whole number from 1 to 10000, saw "1.5"'],
  ["bench --seed -1", 'bench: --seed: expected a whole number from 0 to 4294967295, saw "-1"'],
  ["bench --window 20", 'bench: --window: expected a duration from 1ms to 1m, saw "20"'],
  ["bench --window 0", 'bench: --window: expected a duration from 1ms to 1m, saw "0"'],
  ["bench --window 1h", 'bench: --window: expected a duration from 1ms to 1m, saw "1h"'],
  ["bench --service 11s", 'bench: --service: expected a duration from 0ns to 10s, saw "11s"'],
  ["bench --memory 64MB", 'bench: --memory: expected a size from 16MiB to 1GiB, saw "64MB"'],
  ["bench --memory 1KiB", 'bench: --memory: expected a size from 16MiB to 1GiB, saw "1KiB"'],
  ["bench --tier fast", 'bench: --tier: expected baseline or optimized, saw "fast"'],
  [
    "bench --workload ioctrl",
    'bench: --workload: expected read, ioctl or roles, saw "ioctrl"; did you mean ioctl?',
  ],
  ["bench --width 10", 'bench: --width: expected a whole number from 40 to 1000, saw "10"'],
  ["bench --json=", 'bench: --json: expected a name, saw ""'],
  ["bench --json /tmp", "bench: --json /tmp: is a directory"],
  ["bench --json /no/x.json", "bench: --json /no/x.json: cannot be written: no directory /no"],
  ["selftest --runs 0", 'selftest: --runs: expected a whole number from 1 to 10000, saw "0"'],
  ["selftest a.json", 'selftest: unexpected argument "a.json"'],
  [
    "stress --revision put-devise",
    'stress: --revision: expected percpu_ref, rwsem or put_device, saw "put-devise"; did you mean put_device?',
  ],
  ["stress --gate qsbr", "stress: --gate qsbr: a body may not sleep in it, and an ioctl does"],
  [
    "bench --workload ioctl --gates qsbr",
    "bench: --gates qsbr: a body may not sleep in it, and an ioctl does",
  ],
  [
    "check --revision put-device --gate qsbr",
    "check: --gate qsbr: a body may not sleep in it, and an ioctl does",
  ],
  [
    "stress --revision rwsem --gate busted",
    "stress: --gate busted: the revision rwsem brings its own",
  ],
  ["stress --time 2h", 'stress: --time: expected a duration from 10ms to 60m, saw "2h"'],
  ["stress --fault-rate 2", 'stress: --fault-rate: expected a chance from 0 to 1, saw "2"'],
  ["stress --sanitize=1", 'stress: --sanitize takes no value, saw "1"'],
  [
    "stress --clients 60 --removers 10",
    "stress: --clients and --removers: expected 64 threads at most together, saw 70",
  ],
  ["compare a.json", 'compare: expected A.json B.json, saw "a.json" alone'],
  ["compare a b c", 'compare: unexpected argument "c"'],
  ["compare a b", "compare: a: cannot be read: no such file or directory"],
  ["compare --rounds 3 a b", "compare: --rounds has no meaning beside two saved results"],
  ["compare --force", "compare: --force goes with --against or two saved results"],
  ["compare --save x a b", "compare: --save has no meaning beside two saved results"],
  ["bench --force", "bench: --force goes with --against"],
  [
    "bench --engine bnu",
    'bench: --engine: expected node, bun or deno, saw "bnu"; did you mean bun?',
  ],
  ["bench --fail-over 5%", "bench: --fail-over goes with --against"],
  ["bench --baselines /tmp", "bench: --baselines goes with --save or --against"],
  ["bench --save a --against b", "bench: --save a and --against b: expected one of them"],
  [
    "bench --save a/b",
    `bench: --save: expected a name of letters, digits, '.', '_' and '-' that begins with one of the first two, saw "a/b"`,
  ],
  [
    "bench --against .",
    `bench: --against: expected a name of letters, digits, '.', '_' and '-' that begins with one of the first two, saw "."`,
  ],
  ["bench --save a --rounds 5", "bench: --save needs 6 rounds or more, saw --rounds 5"],
  [
    "bench --against a --rounds 5 --fail-over 5%",
    "bench: --fail-over needs 6 rounds or more, saw --rounds 5",
  ],
  [
    "bench --against a --fail-over x",
    'bench: --fail-over: expected a percentage from 0% to 1000%, saw "x"',
  ],
  [
    "bench --against a --baselines /no/where",
    "bench: --against a: no such baseline in /no/where; there are none",
  ],
  ["check removl", 'check: unknown scenario "removl"; did you mean removal?'],
  ["check x", 'check: unknown scenario "x"; there are removal, rwsem, percpu_ref'],
  ["check removal rwsem", 'check: unexpected argument "rwsem"'],
  [
    "check removal --revision rwsem --gate busted",
    "check: --gate busted: the revision rwsem brings its own",
  ],
  ["check --threads 2", "check: --threads 2 goes with a scenario, and none is named"],
  ["check removal --threads 8", 'check: --threads: expected a whole number from 1 to 7, saw "8"'],
  ["check --bound 2", 'check: --bound: expected preemptions=N with N from 0 to 1000, saw "2"'],
  [
    "check --bound preemptions=-1",
    'check: --bound: expected preemptions=N with N from 0 to 1000, saw "preemptions=-1"',
  ],
  [
    "check --max-states 0",
    'check: --max-states: expected a whole number from 1 to 2147483646, saw "0"',
  ],
  [
    "check removal --bound preemptions=1 --search pct",
    "check: --bound preemptions=1: not with --search pct",
  ],
  ["check --memory x86", 'check: --memory: expected sc, tso or pso, saw "x86"'],
  ["check --search deep", 'check: --search: expected bfs, dfs, random or pct, saw "deep"'],
  [
    "check --replay hp1",
    "check: --replay goes with the scenario that the schedule is of; none is named",
  ],
  ["check --trace /no/x", "check: --trace /no/x: cannot be written: no directory /no"],
  ["list x", 'list: unexpected argument "x"'],
  ["wasi --deadline 1ms", 'wasi: --deadline: expected a duration from 1s to 60m, saw "1ms"'],
];

for (const [args, line] of REFUSED) {
  test(`hotunplug ${args}`, () => {
    const { status, stdout, stderr } = hotunplug(args.split(" "));
    assert.is(stderr, `hotunplug: ${line}\n`);
    assert.is(stdout, "");
    assert.is(status, 2);
  });
}

test("a Node that is too old is told so before anything else is loaded", () => {
  const old = `Object.defineProperty(process, "versions", { value: { node: "18.19.0" } })`;
  const preload = `data:text/javascript,${encodeURIComponent(old)}`;
  const main = FAKE_MAIN.replace(/test\/cli\/fake-main\.js$/, "host/cli/main.js");
  const { status, stdout, stderr } = hotunplug(["list"], {
    main,
    nodeOptions: ["--import", preload],
  });
  assert.is(stderr, "hotunplug: Node 18.19.0 is too old: it needs 20 or newer\n");
  assert.is(stdout, "");
  assert.is(status, 3);
});

test("a memory limit beyond the machine's memory is refused", () => {
  const { status, stderr } = hotunplug(["check", "--memory-limit", "1024GiB"]);
  assert.is(status, 2);
  assert.match(
    stderr,
    /^hotunplug: check: --memory-limit 1024GiB: this machine has \d+[KMG]iB in all/,
  );
});

test("memory that holds no machine of that many CPUs is refused under the option's name", () => {
  const args = ["stress", "--memory", "16MiB", "--clients", "63", "--time", "100ms"];
  const { status, stderr } = hotunplug(args, { main: MAIN });
  assert.is(status, 2);
  assert.match(stderr, /^hotunplug: stress: --memory: 16777216 is too small; 64 CPUs need \d+$/m);
});

test.run();
