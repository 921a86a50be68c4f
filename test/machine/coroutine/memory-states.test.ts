// SPDX-License-Identifier: GPL-2.0-only
/** Memories that are stored as places of their pieces, here and by another machine. */
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Components, KEPT } from "../../../host/machine/coroutine/components.ts";
import { ForeignParts } from "../../../host/machine/coroutine/foreign-parts.ts";
import { MemoryStates } from "../../../host/machine/coroutine/memory-states.ts";
import { TrackedMemory } from "../../../host/machine/coroutine/tracked-memory.ts";

const WORDS = 128;
const AT = 1;

class Subject {
  readonly memory: TrackedMemory;
  readonly components = new Components();
  readonly states: MemoryStates;

  constructor(count = WORDS) {
    const words = new Int32Array(count);
    for (let word = 0; word < count; word++) words[word] = word % 3;
    this.memory = new TrackedMemory(words);
    this.memory.setStart();
    this.states = new MemoryStates(this.memory, this.components);
    this.states.reset();
  }

  step(writes: Writes): void {
    this.memory.begin();
    for (const [word, value] of writes) {
      this.memory.willWrite(word);
      this.memory.words[word] = value;
    }
    this.memory.settle();
  }

  store(): Int32Array {
    const out = new Int32Array(this.states.storedWords + AT);
    assert.is(this.states.store(out, AT), out.length);
    return out;
  }

  get told(): string {
    const { words, hash1, hash2 } = this.memory;
    return `${hash1} ${hash2} ${words.join()}`;
  }
}

type Writes = readonly (readonly [word: number, value: number])[];

const WRITES = fc.array(fc.tuple(fc.nat(WORDS - 1), fc.integer({ min: -2, max: 2 })), {
  maxLength: 6,
});
/** Steps, each from one of the states that there are by then. */
const STEPS = fc.array(fc.tuple(fc.nat(1000), WRITES), { minLength: 1, maxLength: 30 });

interface Kept {
  readonly stored: Int32Array;
  readonly told: string;
}

/** Goes to one state after another, makes a step, keeps what comes, and takes it back. */
function explore(on: Subject, steps: readonly (readonly [number, Writes])[]): Kept[] {
  on.states.rebase();
  const all: Kept[] = [{ stored: on.store(), told: on.told }];
  for (const [which, writes] of steps) {
    const from = all[which % all.length] as Kept;
    on.states.fetch(from.stored, AT);
    assert.is(on.told, from.told);
    on.step(writes);
    all.push({ stored: on.store(), told: on.told });
    on.memory.undo();
    assert.is(on.told, from.told);
  }
  return all;
}

test("a stored memory comes back, whatever was found to be written since", () => {
  fc.assert(
    fc.property(STEPS, (steps) => {
      const on = new Subject();
      for (const { stored, told } of explore(on, steps)) {
        on.states.fetch(stored, AT);
        assert.is(on.told, told);
      }
    }),
  );
});

test("what is stored once is stored in the same places again", () => {
  const on = new Subject();
  const [first, second, third] = explore(on, [
    [0, [[5, 7]]],
    [0, [[5, 7]]],
  ]);
  assert.equal(third, second);
  assert.not.equal(first?.stored, second?.stored);
});

test("memory as it is becomes what one goes back to", () => {
  const on = new Subject();
  on.states.rebase();
  for (const word of [3, 40, 3, 90]) on.step([[word, 9]]);
  const { told } = on;
  on.states.rebase();
  const stored = on.store();
  on.step([[3, 1]]);
  on.memory.undo();
  assert.is(on.told, told);
  on.states.reset();
  on.states.rebase();
  on.states.fetch(stored, AT);
  assert.is(on.told, told);
});

test("one does not go from where one has strayed", () => {
  const on = new Subject();
  on.states.rebase();
  const stored = on.store();
  on.step([[3, 1]]);
  on.step([[4, 1]]);
  assert.throws(() => on.states.fetch(stored, AT), /\[harness bug\]/);
});

test("a machine goes to what another one has stored, as its parts grow", () => {
  fc.assert(
    fc.property(STEPS, STEPS, (theirs, ours) => {
      const [they, we] = [new Subject(), new Subject()];
      const buffer = new SharedArrayBuffer(64, { maxByteLength: 1 << 20 });
      they.components.share(buffer);
      const knowledge = we.memory.knowledge.toShared();
      for (const { memory } of [they, we]) memory.share(knowledge);
      const parts = new ForeignParts(buffer, we.components);
      explore(we, ours);
      const half = theirs.length >>> 1;
      for (const some of [theirs.slice(0, half), theirs]) {
        they.states.reset();
        for (const { stored, told } of explore(they, some)) {
          const words = stored.slice();
          assert.is(
            MemoryStates.adopt(words, AT, parts),
            AT + MemoryStates.storedWordsOf(words, AT),
          );
          we.states.fetch(words, AT);
          assert.is(we.told, told);
        }
      }
    }),
  );
});

test("pieces that become known all at once are as at the start, however many", () => {
  const on = new Subject(2000);
  const { memory, states } = on;
  const { told } = on;
  on.step([[0, 5]]);
  states.rebase();
  const first = on.store();
  let known = 0;
  for (let word = 1; word < 1000; word++) known = memory.knowledge.addWritten(word);
  memory.learn(known);
  const second = on.store();
  const behind = on.told;
  on.step([[700, 9]]);
  memory.undo();
  for (const stored of [first, second]) {
    states.fetch(stored, AT);
    assert.is(on.told, behind);
  }
  assert.is.not(behind, told);
});

test("parts of one hash are told apart by what is in them, and found again, however many", () => {
  const components = new Components();
  const part = (i: number) => Int32Array.of(i >> 1, i, 0, 0).subarray(0, 2 + (i % 3));
  const keep = (i: number) => components.keep(7, i % 40, part(i), 0, part(i).length);
  const entries = Array.from({ length: 4000 }, (_, i) => keep(i));
  assert.is(new Set(entries).size, entries.length);
  for (const [i, entry] of entries.entries()) {
    assert.is(keep(i), entry);
    const from = entry + KEPT;
    assert.equal([...components.words.subarray(from, from + part(i).length)], [...part(i)]);
  }
  const shorter = [3, 2].map((count) => components.keep(9, 9, Int32Array.of(1, 2, 3), 0, count));
  assert.is.not(shorter[0], shorter[1], "the other begins as the one");
});

test("a shared buffer fills up to the last word, and says so before", () => {
  const most = 1 << 12;
  const components = new Components();
  components.share(new SharedArrayBuffer(1 << 6, { maxByteLength: most }));
  const kept = new Int32Array(5);
  const keep = (value: number) => components.keep(value, ~value, kept.fill(value), 0, kept.length);
  const room = most / (4 * (kept.length + 3)); // each has three words of its own
  let full = 0;
  for (let i = 0; i < room; i++) {
    assert.is(keep(i), i * (kept.length + 3));
    if (components.isFull) full++;
  }
  assert.ok(full > 1 && full < room / 10, `${full} of ${room}`);
  assert.throws(() => keep(room), /no memory/);
  assert.not.ok(new Components().isFull, "what nobody shares grows");
});

test.run();
