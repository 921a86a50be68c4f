// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { DEFAULT_SEARCH } from "../../host/check/configuration.ts";
import { endOfSearch } from "../../host/check/find.ts";
import { wrongOutcome } from "../../host/check/outcomes.ts";
import type { Variant } from "../../host/check/scenario.ts";
import type { Interleaver } from "../../host/machine/coroutine/interleaver.ts";

const VARIANT: Variant = {
  ...{ name: "sb", threads: ["T0", "T1"], expected: "holds", roots: [] },
  outcomes: { telling: "0", allowed: { sc: ["1"], tso: ["1", "0"], pso: ["1", "0"] } },
  build: () => ({ threads: [], end: [] }),
};

const judged = (memory: "sc" | "tso", seen: string[], leftOut = 0) =>
  wrongOutcome(VARIANT, memory, {
    ...{ found: { kind: "exhausted" }, outcomes: new Set(seen), leftOut },
  });

test("what is not allowed is wrong, and so is what is allowed and never seen", () => {
  assert.is(judged("sc", ["1"]), null);
  assert.is(judged("sc", ["1", "0"]), "outcome 0 is not allowed");
  assert.is(judged("tso", ["1", "0"]), null);
  assert.is(judged("tso", ["1"]), "outcome 0 is never seen");
});

test("a search of a part has not seen all, and most variants say nothing of outcomes", () => {
  assert.is(judged("tso", ["1"], 3), null);
  const { outcomes, ...silent } = VARIANT;
  const found = { kind: "exhausted" } as const;
  assert.is(wrongOutcome(silent, "sc", { found, outcomes: new Set(["7"]), leftOut: 0 }), null);
});

test("a wrong outcome is a violation, whoever has searched", () => {
  const configuration = { ...DEFAULT_SEARCH, memory: "sc", variant: VARIANT } as const;
  const found = { kind: "exhausted" } as const;
  const counts = { states: 2, transitions: 1, depth: 1 };
  const explored = { found, counts, bytes: 0, leftOut: 0, worth: null };
  // A search that has exhausted all needs no machine to show something on.
  const on = undefined as unknown as Interleaver;
  const endOf = (...outcomes: string[]) =>
    endOfSearch(on, configuration, { ...explored, outcomes: new Set(outcomes) });
  assert.equal(endOf("1"), { end: "exhausted" });
  assert.equal(endOf("0", "1"), { end: "violated", property: "outcome 0 is not allowed" });
});

test.run();
