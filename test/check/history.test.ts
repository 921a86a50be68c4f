// SPDX-License-Identifier: GPL-2.0-only
/** What was said of the driver in the patch series, and at which revisions it is so. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { runAgain } from "../../host/check/again.ts";
import { answer } from "../../host/check/answers.ts";
import { findOut } from "../../host/check/find.ts";
import { CLAIMS, type Claim } from "../../host/check/history.ts";
import type { CheckImage } from "../../host/check/image.ts";
import type { SearchOptions } from "../../host/check/job.ts";
import { scenarioNamed } from "../../host/check/scenarios/table.ts";
import { checkImage } from "../../host/check/weave.ts";
import { DEFAULT_GATE, OPEN_REVISION } from "../../host/machine/driver.ts";
import type { ClaimCell, ClaimRow } from "../../host/result/check.ts";
import { abi } from "./explored.ts";

const OPTIONS: SearchOptions = {
  ...{ memory: "sc", search: "bfs", seed: 1, bound: null, maxStates: null },
  ...{ memoryBytes: 2 ** 30, reduction: true, workers: 1 },
};
const ALL = ["percpu_ref", "srcu", "rwsem", "put_device", "shutdown_first", "del_first"];

const images = new Map<string, CheckImage>();

/** One for all variants that call the same. */
function imageOf(roots: readonly string[]): CheckImage {
  const key = roots.join();
  const image = images.get(key) ?? checkImage(roots);
  images.set(key, image);
  return image;
}

function claimNamed(id: string): Claim {
  const claim = CLAIMS.find((one) => one.id === id);
  if (claim === undefined) throw new Error(`[harness bug] nobody claims ${id}`);
  return claim;
}

function gateOf(revision: string, { gate = DEFAULT_GATE }: Claim): string | null {
  return revision === OPEN_REVISION ? gate : null;
}

function variantOf(claim: Claim, revision: string) {
  const { decidedBy } = claim;
  if (typeof decidedBy === "string") throw new Error("[harness bug] no schedule decides it");
  const scenario = scenarioNamed(decidedBy.scenario);
  const driver = { revision, gate: gateOf(revision, claim) };
  const variant = scenario
    .variants(abi, driver, null)
    .find(({ name }) => name === decidedBy.variant);
  if (variant === undefined) throw new Error(`[harness bug] no ${decidedBy.variant}`);
  return { entry: { scenario, driver, variant }, decidedBy };
}

async function asked(id: string, revisions: readonly string[] = ALL): Promise<ClaimRow> {
  const claim = claimNamed(id);
  const [row] = await answer([claim], abi, {
    isAsked: ({ revision }) => revisions.includes(revision),
    ...{ options: OPTIONS, rows: [] },
    run: async (jobs) =>
      jobs.map((job) => {
        const { entry } = variantOf(claim, job.driver?.revision ?? "");
        return findOut(imageOf(entry.variant.roots), job, () => false);
      }),
  });
  assert.ok(row);
  return row;
}

/** Every cell that is reached has a schedule, which gets there again. */
function checkReplays(id: string, cells: readonly ClaimCell[]): void {
  const claim = claimNamed(id);
  for (const { revision, schedule, reachable } of cells) {
    if (reachable !== true) continue;
    const name = `${id}, ${revision}`;
    assert.ok(schedule, name);
    const { entry, decidedBy } = variantOf(claim, revision);
    const image = imageOf(entry.variant.roots);
    const { row, notes } = runAgain(image, entry, null, OPTIONS, schedule);
    assert.is(row.property, decidedBy.wanted.property, name);
    assert.equal(notes, [], name);
  }
}

/** Where a claim is right: at these revisions, and at no other of those asked for. */
async function checkReached(id: string, where: readonly string[], among = ALL): Promise<void> {
  const { cells } = await asked(id, among);
  const reached = cells.filter(({ reachable }) => reachable === true);
  const not = cells.filter(({ reachable }) => reachable === false);
  assert.equal(
    reached.map(({ revision }) => revision),
    where,
    id,
  );
  assert.is(reached.length + not.length, cells.length, id);
  for (const { schedule, bound } of not) assert.ok(schedule === null && bound.length > 0, id);
  checkReplays(id, reached);
}

test("each claim is one sentence, names its source, and is decided by something that is there", () => {
  assert.is(new Set(CLAIMS.map(({ id }) => id)).size, CLAIMS.length);
  for (const claim of CLAIMS) {
    assert.match(claim.claim, /^[^.]{20,}$/, claim.id);
    assert.ok(claim.source.length > 10, claim.id);
    if (typeof claim.decidedBy !== "string") variantOf(claim, "put_device");
  }
});

test("an ioctl without a device reference reaches no freed memdev: the cdev pins it", async () => {
  await checkReached("F1", [], ["percpu_ref"]);
  await checkReached("F1r", ["percpu_ref"], ["percpu_ref", "put_device"]);
});

test("a failed add leaves freed memory to openers, and a name, up to put_device", async () => {
  const old = ["percpu_ref", "srcu", "rwsem"];
  await checkReached("F2", old, [...old, "put_device"]);
  await checkReached("F2n", old);
  await checkReached("F6", old, [...old, "put_device"]);
});

test("a null dereference in the teardown: with the shutdown first, not with it last", async () => {
  await checkReached("T1", ["shutdown_first"]);
});

test("what else is said of percpu_ref's removal and unwind is so", async () => {
  const some = ["percpu_ref", "rwsem"];
  await checkReached("F3", ["percpu_ref"], some);
  await checkReached("F4", ["percpu_ref", "shutdown_first"], [...some, "shutdown_first"]);
  await checkReached("F5", ["percpu_ref"]);
});

test("who gets a device open finds it ready, but for the version that tests a flag", async () => {
  await checkReached("V3", ["srcu"]);
  await checkReached("F2o", ALL);
});

test("one domain for all devices makes removal wait for others' ioctls, one each does not", async () => {
  await checkReached("S6", ["srcu", "rwsem", "put_device", "shutdown_first", "del_first"]);
  await checkReached("S6d", []);
});

test("of all revisions it is said rightly that they give out an id too many, and overrun", async () => {
  await checkReached("S3", ALL);
  await checkReached("S5", ALL);
});

test("where every schedule breaks something else first, nothing is said", async () => {
  const { cells } = await asked("F0", ["shutdown_first"]);
  assert.equal(
    cells.map(({ reachable }) => reachable),
    [null],
  );
  assert.match(cells[0]?.bound ?? "", /each breaks something else first$/);
});

test("what no schedule decides says why", async () => {
  for (const id of ["V2", "S4", "S7"]) {
    const { cells } = await asked(id);
    assert.ok(cells.length > 0 && cells.every(({ bound }) => bound.length > 10));
    assert.ok(cells.every(({ reachable }) => reachable === null));
  }
});

test.run();
