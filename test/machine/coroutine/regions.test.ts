// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { BUFFER_ENTRY, FIELD, KEPT_MOST } from "../../../host/machine/coroutine/regions.ts";
import { partsFor } from "./parts.ts";

type Field = keyof typeof FIELD;

const names = Object.keys(FIELD) as Field[];

function extremes(field: Field): readonly number[] {
  const bits = FIELD[field] >>> 16;
  return bits === 32 ? [0, -1, 2 ** 31 - 1, -(2 ** 31)] : [0, 1, 2 ** bits - 1, 2 ** (bits - 1)];
}

test("each field holds its extremes, and leaves all others as they are", () => {
  const { regions } = partsFor(2);
  for (const background of [0, 1]) {
    for (const name of names) regions.set(1, FIELD[name], background === 0 ? 0 : -1);
    const all = () => Object.fromEntries(names.map((name) => [name, regions.get(1, FIELD[name])]));
    const before = all();
    for (const name of names) {
      for (const value of extremes(name)) {
        regions.set(1, FIELD[name], value);
        assert.equal(all(), { ...before, [name]: value }, `${name} = ${value}`);
      }
      regions.set(1, FIELD[name], before[name] ?? 0);
    }
  }
  assert.is(regions.get(0, FIELD.call), 0, "and another thread's region");
});

test("a region's size is its frames, its footprint and its buffer", () => {
  const { regions } = partsFor(1);
  assert.is(regions.size(0), regions.frames);
  regions.set(0, FIELD.stack, regions.frames + 20);
  regions.set(0, FIELD.footprint, 1023);
  regions.set(0, FIELD.buffered, 12);
  assert.is(regions.size(0), regions.frames + 20 + 1023 + 12 * BUFFER_ENTRY);
  assert.is(regions.end(0), (regions.starts[0] as number) + regions.frames + 20);
});

test("what a script keeps lies before the frames, and is forgotten alone", () => {
  const { regions } = partsFor(2);
  regions.reserveKept(KEPT_MOST);
  regions.clear(0);
  for (let i = 0; i < KEPT_MOST; i++) regions.keep(0, i, 100 + i);
  regions.set(0, FIELD.call, 3);
  const frame = (regions.starts[0] as number) + regions.frames;
  assert.is(regions.words[frame - 1], 0, "the word below the first frame");
  regions.words[frame] = 42;
  regions.forget(0);
  assert.equal(
    [0, 1, 2, 3].map((i) => regions.kept(0, i)),
    [0, 0, 0, 0],
  );
  assert.equal([regions.words[frame], regions.get(0, FIELD.call)], [42, 3]);
});

/** Two frames: data, then the id: bytes << 16 | point. */
function twoFrames(data: readonly [number, number], points: readonly [number, number] = [5, 9]) {
  const { regions } = partsFor(2);
  const at = (regions.starts[0] as number) + regions.frames;
  regions.words.set([data[0], (8 << 16) | points[0], data[1], 0, (12 << 16) | points[1]], at);
  regions.set(0, FIELD.stack, regions.frames + 5);
  return regions;
}

function hashOf(regions: ReturnType<typeof twoFrames>, thread = 0): string {
  const out = new Int32Array(4);
  regions.hash(thread, 1234, out);
  return `${out[2 * thread]} ${out[2 * thread + 1]}`;
}

test("where a thread stands is its call, its status and its points; its data are not", () => {
  const here = twoFrames([1, 2]);
  const location = here.location(0);
  assert.is(twoFrames([3, 4]).location(0), location);
  assert.is.not(twoFrames([1, 2], [6, 9]).location(0), location, "the caller's point");
  assert.is.not(twoFrames([1, 2], [5, 8]).location(0), location, "its own point");
  here.set(0, FIELD.call, 1);
  assert.is.not(here.location(0), location);
  here.set(0, FIELD.call, 0);
  here.set(0, FIELD.status, 1);
  assert.is.not(here.location(0), location);
});

test("the hash is of all that is in use, and of nothing else", () => {
  const regions = twoFrames([1, 2]);
  const hash = hashOf(regions);
  assert.is(hashOf(twoFrames([1, 2])), hash);
  assert.is.not(hashOf(twoFrames([1, 3])), hash);
  assert.is.not(hashOf(twoFrames([2, 2])), hash);
  assert.is.not(hashOf(twoFrames([1, 2], [5, 8])), hash, "the last word");
  const end = regions.end(0);
  regions.words[end] = 77;
  assert.is(hashOf(regions), hash, "what lies behind the frames");
  regions.set(0, FIELD.footprint, 1);
  assert.is.not(hashOf(regions), hash, "is in use now");
  const salted = new Int32Array(2);
  twoFrames([1, 2]).hash(0, 1235, salted);
  assert.is.not(`${salted[0]} ${salted[1]}`, hash, "another thread");
});

test("regions that differ in one bit differ in both lanes of the hash", () => {
  const { regions } = partsFor(1);
  const lanes = [new Set<number>(), new Set<number>()] as const;
  const out = new Int32Array(2);
  const at = (regions.starts[0] as number) + regions.frames;
  regions.set(0, FIELD.stack, regions.frames + 64);
  for (let bit = 0; bit < 64 * 32; bit++) {
    regions.words[at + (bit >>> 5)] = 1 << (bit & 31);
    regions.hash(0, 1, out);
    for (const lane of [0, 1] as const) lanes[lane].add(out[lane] as number);
    regions.words[at + (bit >>> 5)] = 0;
  }
  for (const lane of lanes)
    assert.is(lane.size, 64 * 32, "a chance of 1 in 2000 for each by noise");
});

test.run();
