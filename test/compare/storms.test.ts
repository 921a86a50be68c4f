// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { plannedStorms } from "../../host/compare/storms.ts";
import type { CompareAsked } from "../../host/result/asked.ts";
import type { GateFacts } from "../../host/result/result.ts";
import { sampleResult } from "../report/sample-result.ts";

const { asked, gates } = sampleResult();
const plan = (cores = 4) =>
  plannedStorms({ ...(asked as CompareAsked), stormMs: 800 }, gates, cores);

test("each gate is stormed plain and sanitized, and then the history", () => {
  const names = plan().map(({ request }) => {
    const { revision, gate, sanitize, asFound } = request;
    return `${revision}+${gate}${sanitize ? " sanitized" : ""}${asFound ? " as found" : ""}`;
  });
  const ofGate = gates.map(({ name }) => `put_device+${name}`);
  assert.equal(names, [
    ...ofGate,
    ...ofGate.map((name) => `${name} sanitized`),
    "percpu_ref+null sanitized as found",
    "rwsem+null sanitized as found",
    "put_device+rwsem sanitized as found",
  ]);
});

test("a gate in which no body may sleep is not stormed", () => {
  const unfit = { ...(gates[0] as GateFacts), name: "qsbr", atomic: true } as const;
  const names = plannedStorms(asked as CompareAsked, [...gates, unfit], 4).map(
    ({ request }) => request.gate,
  );
  assert.equal(
    names,
    plan().map(({ request }) => request.gate),
  );
});

test("faults are injected under the sanitizer, and none into what is timed", () => {
  for (const { request, label } of plan()) {
    assert.is(request.faultRate > 0, request.sanitize, label);
  }
});

test("the history ends at what it finds; a control, which does so too, has time for it", () => {
  for (const { request, label } of plan()) {
    assert.is(request.stopAtFirst, request.asFound, label);
    assert.is(request.timeMs > 800, request.gate === "busted", label);
  }
});

test("remover and clients have a core each, one client at least and seven at most", () => {
  const clients = (cores: number) => new Set(plan(cores).map(({ request }) => request.clients));
  assert.equal(
    [1, 2, 4, 64].map((cores) => [...clients(cores)]),
    [[1], [1], [3], [7]],
  );
});

test("seed and tier are those asked for", () => {
  const { seed, tier } = asked as CompareAsked;
  for (const { request } of plan()) assert.equal([request.seed, request.tier], [seed, tier]);
});

test.run();
