// SPDX-License-Identifier: GPL-2.0-only
import { EventEmitter } from "node:events";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { drawScreen, type Move, moved, stepThrough } from "../../host/cli/stepper.ts";
import { styleFor } from "../../host/report/style.ts";
import type { CheckRow, CounterExample } from "../../host/result/check.ts";
import { CHECKS } from "../report/sample-checks.ts";

const row = CHECKS.find(({ counterexample }) => counterexample?.property === "use after free");
const found = row?.counterexample as CounterExample;
const canvas = { width: 120, style: styleFor(false) };

const path = (...moves: Move[]) => {
  let at = 0;
  return moves.map((move) => {
    at = moved(found, at, move);
    return at;
  });
};

test("forward passes over what nobody else can see, and back goes the same way", () => {
  assert.equal(
    path("forward", "forward", "forward", "back", "back", "back"),
    [13, 14, 17, 14, 13, 0],
  );
});

test("to the next switch is to the first step of another thread; the ends are ends", () => {
  assert.equal(path("forward", "switch", "switch", "end", "forward", "switch"), [
    ...[13, 14, found.steps.length, found.steps.length],
    ...[found.steps.length, found.steps.length],
  ]);
  assert.equal(path("back"), [0]);
});

test("a screen has the threads, what was done last, what comes next, and never more rows", () => {
  const screen = drawScreen(found, 14, canvas, 12);
  assert.ok(screen.length <= 12);
  assert.match(screen[0] ?? "", /remover .* ioctl/);
  assert.match(screen.join("\n"), "step 14 of");
  const last = drawScreen(found, found.steps.length, canvas, 40).join("\n");
  assert.match(last, "use after free: load of 4 bytes");
});

/** A terminal whose keys are pressed by the test. */
function fixture() {
  const raw: boolean[] = [];
  const stdin = Object.assign(new EventEmitter(), {
    isTTY: true,
    setRawMode: (on: boolean) => raw.push(on),
    resume() {},
    pause() {},
  });
  let shown = "";
  const write = (text: string) => {
    shown += text;
  };
  const size = { isTTY: true, columns: 120, rows: 30 };
  const stdout = Object.assign(new EventEmitter(), size, { write });
  const ended = stepThrough(row as CheckRow, { stdin, stdout, stderr: stdout, env: {} }, null);
  return { raw, stdin, stdout, ended, shown: () => shown };
}

for (const [name, key] of [
  ["q", "q"],
  ["Ctrl-C", "\x03"],
]) {
  test(`${name} gives the terminal back as it was`, async () => {
    const { raw, stdin, ended, shown } = fixture();
    stdin.emit("data", "n\x1b[C");
    assert.match(shown(), "step 14 of");
    stdin.emit("data", key);
    await ended;
    assert.equal(raw, [true, false]);
    assert.ok(shown().endsWith("\x1b[?25h\x1b[?1049l"));
    assert.is(stdin.listenerCount("data"), 0);
  });
}

test("a terminal that is made larger is filled, and is not listened to any more behind the end", async () => {
  const { stdin, stdout, ended, shown } = fixture();
  const before = shown().length;
  stdout.rows = 40;
  stdout.emit("resize");
  const screen = shown().slice(before);
  assert.match(screen, "step 0 of");
  stdin.emit("data", "e");
  assert.is.not(shown().length, before + screen.length);
  stdin.emit("data", "q");
  await ended;
  assert.is(stdout.listenerCount("resize"), 0);
});

test("it ends when no key can come any more", async () => {
  const { raw, stdin, ended } = fixture();
  stdin.emit("end");
  await ended;
  assert.equal(raw, [true, false]);
});

test.run();
