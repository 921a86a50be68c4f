// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  WAIT_NOT_EQUAL,
  WAIT_OK,
  WAIT_TIMED_OUT,
} from "../../../host/machine/coroutine/futex-queues.ts";
import { FIELD, PAST, STATUS } from "../../../host/machine/coroutine/regions.ts";
import { type Parts, partsFor } from "./parts.ts";

const [A, B] = [0x2000, 0x2040];
const NEVER = -1;

/** The thread waits for `address` to be no longer 5, which it is. */
function sleep({ queues, regions }: Parts, thread: number, address = A, timeout = NEVER): void {
  queues.prepare(thread, 5, timeout, 3);
  assert.ok(queues.wait(thread, address, 77, 5));
  assert.is(regions.get(thread, FIELD.status), STATUS.waiting);
}

const resultOf = ({ regions }: Parts, thread: number) => regions.get(thread, FIELD.expected);
const placeOf = ({ regions }: Parts, thread: number) => regions.get(thread, FIELD.order);

test("who came first is woken first, and a queue is a word's own", () => {
  const parts = partsFor(5);
  const { queues } = parts;
  for (const thread of [3, 0, 4, 1]) sleep(parts, thread, thread === 4 ? B : A);
  assert.equal(
    [3, 0, 1, 4].map((t) => placeOf(parts, t)),
    [1, 2, 3, 1],
  );
  assert.equal(
    [1, 2, 3, 4].map(() => queues.wakeFirst(A)),
    [3, 0, 1, -1],
  );
  assert.is(queues.wakeFirst(B), 4);
  for (const t of [3, 0, 1, 4]) {
    assert.equal([parts.regions.get(t, FIELD.status), resultOf(parts, t)], [STATUS.woken, WAIT_OK]);
    assert.is(placeOf(parts, t), 0, "who is awake has no place");
  }
});

test("whoever leaves the queue from its middle, the others keep their order", () => {
  const parts = partsFor(4);
  for (const thread of [2, 1, 0]) sleep(parts, thread);
  parts.queues.wake(1, WAIT_TIMED_OUT);
  assert.is(resultOf(parts, 1), WAIT_TIMED_OUT);
  assert.equal([placeOf(parts, 2), placeOf(parts, 0)], [1, 2]);
  sleep(parts, 3);
  assert.equal(
    [1, 2, 3].map(() => parts.queues.wakeFirst(A)),
    [2, 0, 3],
  );
});

test("a wait for a word that holds something else ends at once", () => {
  const parts = partsFor(2);
  const { queues, regions } = parts;
  for (const timeout of [NEVER, 0, 100]) {
    queues.prepare(0, 5, timeout, 3);
    assert.not(queues.wait(0, A, 77, 6));
    assert.is(resultOf(parts, 0), WAIT_NOT_EQUAL);
    assert.equal([regions.get(0, FIELD.status), regions.get(0, FIELD.deadline)], [STATUS.ready, 0]);
  }
  assert.is(queues.wakeFirst(A), -1);
});

test("a wait without time ends at once, one with time has a limit, one for ever has none", () => {
  const parts = partsFor(3);
  const { queues, regions } = parts;
  queues.prepare(0, 5, 0, 3);
  assert.is(regions.get(0, FIELD.deadline), PAST);
  assert.not(queues.wait(0, A, 77, 5));
  assert.is(resultOf(parts, 0), WAIT_TIMED_OUT);
  sleep(parts, 1, A, 1);
  assert.is(regions.get(1, FIELD.deadline), 4, "the next tick");
  sleep(parts, 2, A, NEVER);
  assert.is(regions.get(2, FIELD.deadline), 0);
  queues.wake(1, WAIT_TIMED_OUT);
  assert.is(regions.get(1, FIELD.deadline), 0);
});

test("whose region a wake-up changed is told: who is woken, and who moves up", () => {
  const parts = partsFor(4);
  for (const thread of [2, 0, 3]) sleep(parts, thread);
  sleep(parts, 1, B);
  parts.queues.touched = 0;
  parts.queues.wakeFirst(A);
  assert.is(parts.queues.touched, (1 << 2) | (1 << 0) | (1 << 3));
});

test.run();
