// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readCatalogue } from "../../host/cli/catalogue.ts";
import type { Context } from "../../host/cli/command.ts";
import { stress } from "../../host/cli/stress.ts";
import type { StressAsked } from "../../host/result/asked.ts";
import {
  checkRequest,
  hungAfterMs,
  replayCommand,
  type StormRequest,
} from "../../host/stress/request.ts";
import { sampleResult } from "../report/sample-result.ts";
import { storm } from "./requests.ts";

/** What the command line makes of a replay command. */
async function askedAgain(request: StormRequest): Promise<StressAsked> {
  const words = replayCommand(request).split(" ");
  assert.equal(words.slice(0, 2), ["hotunplug", "stress"]);
  let asked: StressAsked | undefined;
  const silent = { write: () => {} };
  const runner = async () => async (what: StressAsked) => {
    asked = what;
    return { ...sampleResult(), command: "stress" as const, asked: what };
  };
  const context = {
    ...{ terminal: { stdout: silent, stderr: silent, env: {} }, cores: 16, version: "0" },
    ...{ catalogue: readCatalogue(), runners: { stress: runner } },
  } as unknown as Context;
  await stress.run(words.slice(2), context);
  return asked as StressAsked;
}

/** What a request and what is asked have in common. */
function common(request: StormRequest | StressAsked) {
  const { revision, gate, clients, devices, removers, timeMs, seed } = request;
  const { faultRate, sanitize, serviceNs, stutterMs, delayNs } = request;
  return {
    ...{ revision, gate, clients, devices, removers, timeMs, seed },
    ...{ faultRate, sanitize, serviceNs, stutterMs, delayNs },
  };
}

const REQUESTS: Readonly<Record<string, Partial<StormRequest>>> = {
  "all defaults off": {},
  "all options": {
    ...{ gate: "percpu_ref", clients: 5, devices: 7, removers: 3, timeMs: 2_500, seed: 4294967295 },
    ...{ faultRate: 0.125, sanitize: true, serviceNs: 1_500, stutterMs: 20, delayNs: 999 },
  },
  "a gate with underscores": { gate: "rwsem_per_device", sanitize: true },
  "a revision with its own gate": { revision: "percpu_ref", gate: null, faultRate: 1e-7 },
  "no faults, no sanitizer": { faultRate: 0, sanitize: false },
};

for (const [what, request] of Object.entries(REQUESTS)) {
  test(`the replay command asks for the same storm: ${what}`, async () => {
    assert.equal(common(await askedAgain(storm(request))), common(storm(request)));
  });
}

test("the replay command has the memory where one was asked for", async () => {
  assert.is((await askedAgain(storm({ memoryBytes: 2 ** 25 }))).memoryBytes, 2 ** 25);
});

test("a task hangs only after what its operation may take", () => {
  const quick = hungAfterMs(storm());
  assert.is(hungAfterMs(storm({ clients: 63 })), quick);
  const slow = { serviceNs: 1e9 };
  assert.ok(hungAfterMs(storm({ ...slow, clients: 4 })) >= quick + 4 * 2 * 1_000);
  const dead = hungAfterMs(storm({ serviceNs: 3_600e9 }));
  assert.is(dead, hungAfterMs(storm({ serviceNs: 2e9 })), "the driver gives up after 2 s");
  assert.is(hungAfterMs(storm({ ...slow, hungMs: 7 })), 7);
});

test("each remover has a device", () => {
  checkRequest(storm({ removers: 3, devices: 3 }));
  assert.throws(() => checkRequest(storm({ removers: 4, devices: 3 })), /--removers 4/);
});

test.run();
