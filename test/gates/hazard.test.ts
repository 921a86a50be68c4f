// SPDX-License-Identifier: GPL-2.0-only
/** hazard, on a CPU that is inside of gates as often as it has seats. */

import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Stage, staged } from "../kernel/rcu/stage.ts";
import { GATES, type GateName, House } from "./guests.ts";

const CPUS = { cpus: 2 };
const GUEST = 1;
const HAZARD = GATES.find(({ name }) => name === "hazard") as GateName;

/** @returns the cookie, GATE_CLOSED or the seat's number */
function enter(s: Stage, house: House): Promise<number> {
  return s.call(GUEST, "gate_enter", HAZARD.id, house.device);
}

async function leave(s: Stage, house: House, cookie: number): Promise<void> {
  house.set(GUEST, "STATE", cookie);
  assert.is(await s.call(GUEST, "gate_leave", house.guest(GUEST)), 0);
}

/** Takes all seats of the guest's CPU. @returns their cookies */
async function takeSeats(s: Stage, house: House): Promise<number[]> {
  const cookies: number[] = [];
  const seats = s.constant("HAZARD_SEATS");
  while (cookies.length < seats) cookies.push(await enter(s, house));
  assert.equal(
    cookies,
    Array.from({ length: seats }, (_, nr) => nr),
  );
  return cookies;
}

staged("without a free seat an entry is counted, and a removal waits for it", CPUS, async (s) => {
  const busy = await House.build(s, HAZARD);
  const other = await House.build(s, HAZARD);
  const seats = await takeSeats(s, busy);
  const cookies = [await enter(s, other), await enter(s, other)];
  assert.equal(cookies, [seats.length, seats.length]);
  const removal = other.remove();
  for (const cookie of cookies) {
    assert.not.ok(await other.settled(removal), "somebody is inside");
    await leave(s, other, cookie);
  }
  await removal.result;
  for (const cookie of seats) await leave(s, busy, cookie);
  await busy.remove().result;
  for (const house of [busy, other]) await house.clear();
});

staged("without a free seat an entry to a device that is gone is turned away", CPUS, async (s) => {
  const busy = await House.build(s, HAZARD);
  const other = await House.build(s, HAZARD);
  const seats = await takeSeats(s, busy);
  await other.remove().result;
  assert.is(await enter(s, other), s.constant("GATE_CLOSED"));
  for (const cookie of seats) await leave(s, busy, cookie);
  await busy.remove().result;
  for (const house of [busy, other]) await house.clear();
});

test.run();
