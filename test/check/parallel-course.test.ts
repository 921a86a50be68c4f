// SPDX-License-Identifier: GPL-2.0-only
/** What all workers do next: asked of one that is alone, at a level of two states and more. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { MORE } from "../../host/check/exhaustive.ts";
import { Course, NEXT } from "../../host/check/parallel/course.ts";
import { Levels } from "../../host/check/parallel/levels.ts";
import { Meeting } from "../../host/check/parallel/meeting.ts";
import { CONTROL, newShared, SIGNAL } from "../../host/check/parallel/protocol.ts";
import { Tally } from "../../host/check/parallel/tally.ts";

const { grow, contended, states, memory, interrupted } = SIGNAL;

interface Way {
  readonly meeting: Meeting;
  readonly tally: Tally;
  readonly levels: Levels;
  /** Something was found to be wrong. */
  readonly violate: () => void;
  /** What is decided where these are signalled now, beside what is left of those before. */
  readonly after: (signals: number) => string | undefined;
}

/** @param isLast - whether nothing was found for a next level */
function alone(run: (way: Way) => void, isLast = false): void {
  const shared = newShared(1, "course");
  const meeting = new Meeting(shared, 0);
  const levels = new Levels(meeting, shared);
  const tally = new Tally(shared, 0, { maxStates: 1_000, memoryBytes: 2 ** 20 });
  const course = new Course(meeting, tally, levels);
  if (!isLast) levels.push(levels.reserve(1) + 1);
  tally.found(100, 1);
  try {
    run({
      ...{ meeting, tally, levels },
      violate: () => Atomics.store(shared.control, CONTROL.violated, 1),
      after: (signals) => {
        meeting.signal(signals);
        const next = course.decide();
        return Object.entries(NEXT).find(([, value]) => value === next)?.[0];
      },
    });
  } finally {
    levels.close();
    meeting.close();
  }
}

test("level follows level until one is empty, something is wrong, or it is enough", () => {
  alone(({ after }) => assert.is(after(0), "level"));
  alone(({ after }) => assert.is(after(0), "end"), true);
  for (const signal of [states, memory, interrupted, memory | contended, interrupted | contended]) {
    alone(({ after }) => assert.is(after(signal), "end", `${signal}`));
  }
  alone(({ after, violate }) => {
    violate();
    assert.is(after(0), "end");
  });
});

test("where the table is full the level goes on behind that, also when something is wrong in it", () => {
  alone(({ after, violate }) => {
    violate();
    assert.is(after(grow), "grow");
    assert.is(after(0), "end", "the rest of it as well");
  });
});

test("in doubt all begin anew once there is so much more, or no more", () => {
  alone(({ after, tally }) => {
    assert.is(after(contended), "level");
    tally.found(150, 2);
    assert.is(after(grow), "grow");
    tally.found(MORE * 100 - 1, 3);
    assert.is(after(0), "level");
    tally.found(MORE * 100, 3);
    assert.is(after(0), "again");
  });
  alone(({ after }) => assert.is(after(contended), "again"), true);
});

test("in doubt all begin anew where something is wrong, or the states are too many", () => {
  alone(({ after, violate }) => {
    violate();
    assert.is(after(contended), "again");
  });
  alone(({ after }) => assert.is(after(contended | states), "again"));
});

test("who begins anew knows nothing of what was in doubt", () => {
  alone(({ after, violate, tally, meeting }) => {
    assert.is(after(contended), "level");
    violate();
    assert.is(after(grow | states), "again");
    assert.is(meeting.signals, 0);
    tally.found(300, 1);
    assert.is(after(0), "level");
    assert.is(after(contended), "level", "it is not enough at once");
    tally.found(MORE * 300 - 1, 1);
    assert.is(after(0), "level");
  });
});

test.run();
