// SPDX-License-Identifier: GPL-2.0-only
/** Schedules drawn at random. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Configuration, explore } from "../../host/check/configuration.ts";
import { reproduce } from "../../host/check/ending.ts";
import { explored, never, outcomeOf, scripts, yardstick } from "./programs.ts";
import { configurationOf, fresh, type SceneName } from "./scenes.ts";

type Drawn = "random" | "pct";

function drawn(name: SceneName, search: Drawn, more: Partial<Configuration> = {}) {
  const configuration = { ...configurationOf(name), search, maxStates: 300_000, ...more };
  const on = fresh(configuration);
  return { on, ...explore(on, configuration, never) };
}

for (const search of ["random", "pct"] as const) {
  test(`${search}: finds the gate that does nothing, by a schedule that leads there`, () => {
    const { found, on } = drawn("busted", search);
    assert.is(found.kind, "violated");
    if (found.kind !== "violated") return;
    assert.match(found.violation.property, /^(body with dead context|use after free)$/);
    assert.is(reproduce(on, found.actions, found.violation), found.actions.length);
  });

  test(`${search}: the same seed draws the same schedules, another one others`, () => {
    const of = (seed: number) => {
      const { found, counts, worth } = drawn("busted", search, { seed });
      return JSON.stringify([found.kind === "violated" ? found.actions : null, counts, worth]);
    };
    assert.is(of(1), of(1));
    assert.is(new Set([1, 2, 3, 4].map(of)).size > 1, true);
  });

  test(`${search}: what holds is not proved, and it says what the schedules are worth`, () => {
    const options = { search, maxStates: 3_000 };
    const { found, worth, counts } = explored(yardstick(1, 1), 2, options);
    assert.equal(found, { kind: "stopped", why: "states" });
    assert.ok(counts.transitions >= 3_000 && counts.states <= 50, JSON.stringify(counts));
    const sentence =
      search === "random"
        ? /^[\d,]+ random schedules: a further step would meet a new state with a chance of [\d.e-]+ %$/
        : /^[\d,]+ schedules of up to [\d,]+ steps by priorities: a violation of depth 3 was found with a chance of at least [\d.e-]+ %$/;
    assert.match(worth ?? "", sentence);
  });

  test(`${search}: a deadlock is found as one`, () => {
    const { found } = drawn("rwsem", search);
    assert.is(found.kind === "violated" && found.violation.property, "deadlock");
  });
}

test("pct: the chance is that of the bound, for the schedules that were run", () => {
  const { worth, counts } = explored(yardstick(2, 1), 3, { search: "pct", maxStates: 3_000 });
  const [walks = 0, steps = 0, , percent = 0] =
    (worth ?? "")
      .replaceAll(",", "")
      .match(/\d[\d.e-]*/g)
      ?.map(Number) ?? [];
  assert.is(steps, counts.depth);
  const wanted = 100 * (1 - (1 - 1 / (3 * steps ** 2)) ** walks);
  assert.ok(walks > 10 && percent > 0.9 * wanted, `${percent} %, not ${wanted} %`);
  assert.ok(percent <= wanted, `at least ${percent} %, and it is ${wanted} %`);
});

test("random: a small program's ends are all met, and then nothing new is expected", () => {
  const build = scripts(
    (word) => [1, 2, 3].map((value) => [{ fn: "xchg", args: [word(0), value], keep: "k" }]),
    { outcome: outcomeOf(3, 1, 1) },
  );
  const { outcomes, worth } = explored(build, 3, { search: "random", maxStates: 2_000 });
  assert.equal([...outcomes].sort(), [...explored(build, 3).outcomes].sort());
  assert.is(outcomes.size, 6, "an order of three each");
  assert.match(worth ?? "", /with a chance of 0 %$/);
});

test("a search is stopped by whoever watches it, and by its memory", () => {
  const options = { search: "random" as const, memoryBytes: 0 };
  assert.equal(explored(yardstick(1, 1), 2, options).found, { kind: "stopped", why: "memory" });
  const { on, ...run } = drawn("rwsem", "random", { maxStates: 100 });
  assert.ok(run.counts.transitions >= 1 && on.threads === 2);
});

test.run();
