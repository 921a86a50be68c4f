// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { progressOn } from "../../host/cli/progress.ts";

/** A stream that remembers, and a clock that is set by hand. */
function fixture(isTTY: boolean, columns = 60) {
  const written: string[] = [];
  const clock = { ms: 0 };
  const stream = { isTTY, columns, write: (text: string) => written.push(text) };
  return { written, clock, view: progressOn(stream, () => clock.ms) };
}

test("on a terminal a bar is redrawn in place, never wider than it, and removed", () => {
  const { written, clock, view } = fixture(true);
  view.update({ done: 0.25, label: "rwsem" });
  clock.ms = 2000;
  view.update({ done: 0.5, label: `percpu_ref${", and on".repeat(20)}` });
  view.end();
  assert.is(written[0], "\r[######..................]  25 %  rwsem\x1b[K");
  assert.match(written[1] ?? "", "50 %  2 s left  percpu_ref");
  assert.is(written[1]?.replace("\r", "").replace("\x1b[K", "").length, 59);
  assert.is(written[2], "\r\x1b[K");
});

test("a terminal is not drawn on more than ten times a second", () => {
  const { written, clock, view } = fixture(true);
  for (clock.ms = 0; clock.ms < 1000; clock.ms++) view.update({ done: clock.ms / 1000, label: "" });
  assert.is(written.length, 10);
});

test("elsewhere a line is written now and then, without control characters", () => {
  const { written, clock, view } = fixture(false);
  for (clock.ms = 0; clock.ms <= 60_000; clock.ms += 100) {
    view.update({ done: clock.ms / 60_000, label: "rwsem" });
  }
  view.end();
  assert.ok(written.length >= 8 && written.length <= 10, `${written.length} lines`);
  for (const line of written) assert.match(line, /^ +\d+ % {2}rwsem\n$/);
});

test("a short run away from a terminal says nothing", () => {
  const { written, clock, view } = fixture(false);
  clock.ms = 4000;
  view.update({ done: 0.9, label: "rwsem" });
  view.end();
  assert.equal(written, []);
});

test.run();
