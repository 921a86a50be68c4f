// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Figures } from "../../host/check/job.ts";
import { Tally } from "../../host/check/tally.ts";

const figures = (states: number, waiting: number): Figures => {
  return { states, waiting, transitions: 2 * states, depth: 1 };
};

test("a search is half done when most states wait, and its share grows with what is expanded", () => {
  const tally = new Tally([{ name: "a", likely: 1 }], () => 0);
  tally.figures(0, figures(1_000, 100));
  assert.is(tally.progress.done, 0.45);
  tally.figures(0, figures(1_600, 50));
  assert.is(tally.progress.done, 0.775);
  tally.done(0, figures(1_800, 0));
  assert.is(tally.progress.done, 1);
});

test("between two searches it names none", () => {
  const tally = new Tally([{ name: "a", likely: 1 }], () => 0);
  tally.figures(0, figures(1_000, 100));
  assert.match(tally.progress.label, /frontier 100: a$/);
  tally.done(0, figures(1_800, 0));
  assert.match(tally.progress.label, /frontier 0$/);
});

test("schedules that are drawn count by their steps", () => {
  const tally = new Tally([{ name: "a", likely: 8_000, walk: true }], () => 0);
  tally.figures(0, figures(1_000, 0));
  assert.is(tally.progress.done, 0.25);
});

test("it never falls, not even when a search begins anew", () => {
  const tally = new Tally([{ name: "a", likely: 1 }], () => 0);
  tally.figures(0, figures(1_000, 10));
  const { done } = tally.progress;
  tally.figures(0, figures(10, 10));
  assert.is(tally.progress.done, done);
});

test("searches count by what they are likely to take", () => {
  const plan = [
    { name: "a", likely: 90 },
    { name: "b", likely: 10 },
  ];
  const tally = new Tally(plan, () => 0);
  tally.done(1, figures(10, 0));
  assert.is(tally.progress.done, 0.1);
});

test("the label has the rate of late, the frontier and what is searched", () => {
  let ms = 0;
  const plan = [
    { name: "a", likely: 1 },
    { name: "b", likely: 1 },
  ];
  const tally = new Tally(plan, () => ms);
  ms = 2_000;
  tally.figures(0, figures(10_000, 2_000));
  tally.figures(1, figures(1_000, 500));
  assert.is(tally.progress.label, "0 of 2, 5,500 states/s, frontier 2,500: a; b");
  ms = 4_000;
  tally.done(0, figures(12_000, 0));
  assert.is(tally.progress.label, "1 of 2, 1,000 states/s, frontier 500: b");
});

test.run();
