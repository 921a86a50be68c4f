// SPDX-License-Identifier: GPL-2.0-only
/** That however it searches the engine comes to one verdict; and that its own errors are no verdicts. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Configuration, explore, prepare } from "../../host/check/configuration.ts";
import { reproduce } from "../../host/check/ending.ts";
import { Exhaustive } from "../../host/check/exhaustive.ts";
import type { Explored } from "../../host/check/explored.ts";
import type { MemoryModel } from "../../host/result/check.ts";
import { configurationFor, explored, imageForAll, never, scripts, yardstick } from "./programs.ts";
import { configurationOf, fresh, type SceneName } from "./scenes.ts";

function verdictOf({ found }: Explored): string {
  return found.kind === "violated" ? found.violation.property : found.kind;
}

const WAYS: readonly Partial<Configuration>[] = [
  {},
  { search: "dfs" },
  { liveness: false },
  { reduction: false },
  { preemptions: 3 },
];

for (const [name, memory, property] of [
  ["rcu", "sc", /^use after free$/],
  ["rwsem", "sc", /^deadlock$/],
  ["shutdown", "sc", /./],
  ["qsbr", "tso", /^use after free$|^object is dead$/], // what was freed was written to before that
] as [SceneName, MemoryModel, RegExp][]) {
  for (const way of WAYS) {
    test(`${name}, ${memory}, ${JSON.stringify(way)}: the same violation, and it is there`, () => {
      const configuration = { ...configurationOf(name, memory), ...way };
      const on = fresh(configuration);
      const run = explore(on, configuration, never);
      assert.is(run.found.kind, "violated");
      if (run.found.kind !== "violated") return;
      const { violation, actions } = run.found;
      assert.match(violation.property, property);
      assert.is(reproduce(on, actions, violation), actions.length, "its schedule leads there");
    });
  }
}

test("the first schedule that is found breadth first is one of the shortest", () => {
  const configuration = { ...configurationOf("rcu"), reduction: false };
  const lengths = (["bfs", "dfs"] as const).map((search) => {
    const found = explore(fresh(configuration), { ...configuration, search }, never).found;
    return found.kind === "violated" ? found.actions.length : 0;
  });
  assert.ok((lengths[0] as number) <= (lengths[1] as number), `${lengths}`);
});

/** Explores without random schedules first: from the start for every word that is found. */
function withoutScout(configuration: Configuration): Explored {
  const on = fresh(configuration);
  for (;;) {
    const options = { ...configuration, onProgress: never };
    const run = new Exhaustive(on, options, null).run();
    if (run.found.kind !== "contended") return run;
  }
}

for (const name of ["rcu", "rwsem", "shutdown"] as SceneName[]) {
  test(`${name}: schedules at random before the search change no verdict`, () => {
    const configuration = configurationOf(name);
    const scouted = explore(fresh(configuration), configuration, never);
    const other = withoutScout(configuration);
    assert.is(verdictOf(other), verdictOf(scouted));
  });
}

test("a search that is stopped says why", () => {
  const stopped = (more: Partial<Configuration>) => {
    const { found } = explored(yardstick(3, 3), 4, { ...more, liveness: false });
    return found.kind === "stopped" && found.why;
  };
  assert.is(stopped({ maxStates: 1000 }), "states");
  assert.is(stopped({ memoryBytes: 1000 }), "memory");
  const configuration = configurationFor(yardstick(3, 3), 4);
  const { found } = explore(prepare(imageForAll(), configuration), configuration, () => true);
  assert.equal(found, { kind: "stopped", why: "interrupted" });
});

test("what a call must return, and what lives at the end, is looked at", () => {
  const wrong = scripts((word) => [[{ fn: "xchg", args: [word(0), 1], expect: [5] }]]);
  assert.is(verdictOf(explored(wrong, 1)), "wrong result");
  const late = scripts((word) => [
    [{ fn: "xchg", args: [word(0), 1], expect: [0] }],
    [{ fn: "xchg", args: [word(0), 2], expect: [0] }],
  ]);
  assert.is(verdictOf(explored(late, 2)), "wrong result");
});

for (const search of ["bfs", "dfs", "random", "pct"] as const) {
  test(`${search}: an error of the tool's own comes out as it is`, () => {
    const configuration = { ...configurationFor(yardstick(1, 1), 2, { search }) };
    for (const place of ["access", "outcome", "audit"] as const) {
      const fails = () => {
        throw new TypeError("the tool's own");
      };
      const broken = place === "access" ? {} : { [place]: fails };
      const build: typeof configuration.variant.build = (on) => ({
        ...yardstick(1, 1)(on),
        ...broken,
      });
      const variant = { ...configuration.variant, build };
      const on = prepare(imageForAll(), { ...configuration, variant });
      if (place === "access") on.machine.observer = { access: fails, event: () => {} };
      const run = () => explore(on, { ...configuration, variant }, never);
      assert.throws(run, (error: unknown) => error instanceof TypeError, place);
    }
  });
}

test.run();
