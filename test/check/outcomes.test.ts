// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { wrongOutcome } from "../../host/check/outcomes.ts";
import type { Variant } from "../../host/check/scenario.ts";

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

test.run();
