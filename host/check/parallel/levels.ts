// SPDX-License-Identifier: GPL-2.0-only
/**
 * Saved states, in memory that all workers see: those of one level, which are expanded, and those of the
 * next, which are found meanwhile. A worker puts what it finds into blocks of its own, and takes first
 * from its own blocks, then from those of others.
 *
 *   block      the states; from the end down, where each begins
 *   directory  of a worker, for either level: how many blocks, then of each its number and its states:
 *              all of them, those taken, and those that are done with
 *
 * A block that is done with is used again at once. What the directory says of it stays, until all have
 * gone on to the next level: who comes late finds that all is taken.
 */
import { Channel } from "./channel.ts";
import type { Meeting } from "./meeting.ts";
import { DIRECTORY_WORDS, type Shared } from "./protocol.ts";

const BLOCK_WORDS = 1 << 18;
/** Of the directory: words of an entry, the first being the number of entries; and what they are. */
const ENTRY = 4;
const BLOCK = 0;
const COUNT = 1;
const TAKEN = 2;
const DONE = 3;
/** States that a worker takes at once. */
const BATCH_MOST = 16;

interface Sent {
  readonly owner: number;
  readonly block: Int32Array<SharedArrayBuffer>;
}

export class Levels {
  /** Where the state is that take() gave. */
  block: Int32Array = new Int32Array(0);
  /** The worker that wrote it. */
  owner = 0;
  /** Where reserve() gave room. */
  filling: Int32Array = new Int32Array(0);
  bytes = 0;
  readonly #meeting: Meeting;
  readonly #channel: Channel<Sent>;
  /** By worker. */
  readonly #blocks: Int32Array[][];
  /** By worker and half: 2 * worker + half. */
  readonly #directories: readonly Int32Array[];
  /** The half that is expanded; the other is filled. */
  #half = 1;
  /** The states of `block` that were taken at once, and from where in which directory. */
  #next = 0;
  #end = 0;
  #batch = 0;
  #directory: Int32Array;
  #entry = ENTRY;
  /** Whose states are taken: so many workers on from oneself. */
  #from = 0;
  /** Filled: entry of its own directory, how far, and how many states. */
  #fillingEntry = 0;
  #tail = 0;
  #count = 0;
  /** Blocks of its own that can be used again; and the entry of the next that may be done with. */
  #free: number[] = [];
  #reclaimed = ENTRY;

  constructor(meeting: Meeting, shared: Shared) {
    const { directories } = shared;
    this.#meeting = meeting;
    this.#channel = new Channel(shared, "blocks");
    this.#blocks = Array.from({ length: meeting.workers }, () => []);
    this.#directories = Array.from({ length: 2 * meeting.workers }, (_, i) =>
      directories.subarray(i * DIRECTORY_WORDS, (i + 1) * DIRECTORY_WORDS),
    );
    this.#directory = this.#of(meeting.worker, this.#half);
  }

  #of(worker: number, half: number): Int32Array {
    return this.#directories[2 * worker + half] as Int32Array;
  }

  /** Room for `words` words in the next level, in `filling`. @returns the place there */
  reserve(words: number): number {
    if (this.#tail + words + this.#count + 1 > this.filling.length) this.#fillNext(words);
    return this.#tail;
  }

  #fillNext(words: number): void {
    if (words + 2 > BLOCK_WORDS) throw new Error(`[harness bug] a state of ${words} words`);
    const { worker } = this.#meeting;
    const directory = this.#of(worker, 1 - this.#half);
    this.#fillingEntry += ENTRY;
    const entry = this.#fillingEntry;
    if (entry >= DIRECTORY_WORDS) throw new Error("[harness bug] a level of too many blocks");
    const number = this.#unused();
    directory[entry + BLOCK] = number;
    directory[entry + COUNT] = 0;
    directory[entry + TAKEN] = 0;
    directory[entry + DONE] = 0;
    directory[0] = entry / ENTRY;
    this.filling = (this.#blocks[worker] as Int32Array[])[number] as Int32Array;
    this.#tail = 1;
    this.#count = 0;
  }

  /** Number of a block that nobody uses. */
  #unused(): number {
    this.#reclaim();
    const free = this.#free.pop();
    if (free !== undefined) return free;
    const { worker } = this.#meeting;
    const blocks = this.#blocks[worker] as Int32Array[];
    const block = new Int32Array(new SharedArrayBuffer(4 * BLOCK_WORDS));
    this.#channel.send({ owner: worker, block });
    this.bytes += block.byteLength;
    return blocks.push(block) - 1;
  }

  /** Finds blocks of its own that are done with. */
  #reclaim(): void {
    const directory = this.#of(this.#meeting.worker, this.#half);
    const end = ((directory[0] as number) + 1) * ENTRY;
    for (; this.#reclaimed < end; this.#reclaimed += ENTRY) {
      const entry = this.#reclaimed;
      if (Atomics.load(directory, entry + DONE) !== directory[entry + COUNT]) return;
      this.#free.push(directory[entry + BLOCK] as number);
    }
  }

  /** What reserve() gave is filled up to `end`. */
  push(end: number): void {
    const block = this.filling;
    block[block.length - 1 - this.#count++] = this.#tail;
    this.#of(this.#meeting.worker, 1 - this.#half)[this.#fillingEntry + COUNT] = this.#count;
    this.#tail = end;
  }

  /** Index in `block` of a state that nobody else takes; 0: there is none left. */
  take(): number {
    if (this.#next >= this.#end && !this.#takeMore()) return 0;
    return this.block[this.block.length - 1 - this.#next++] as number;
  }

  #takeMore(): boolean {
    this.#doneWithBatch();
    const { worker, workers } = this.#meeting;
    for (; this.#from < workers; this.#from++) {
      const owner = (worker + this.#from) % workers;
      const directory = this.#of(owner, this.#half);
      if (directory !== this.#directory) this.#entry = ENTRY;
      this.#directory = directory;
      const end = ((directory[0] as number) + 1) * ENTRY;
      for (; this.#entry < end; this.#entry += ENTRY) if (this.#takeOf(owner)) return true;
    }
    return false;
  }

  #doneWithBatch(): void {
    if (this.#batch > 0) Atomics.add(this.#directory, this.#entry + DONE, this.#batch);
    this.#batch = 0;
  }

  /** Takes some states of the entry. @returns whether there were any */
  #takeOf(owner: number): boolean {
    const directory = this.#directory;
    const entry = this.#entry;
    const count = directory[entry + COUNT] as number;
    const left = count - Atomics.load(directory, entry + TAKEN);
    if (left <= 0) return false;
    const share = Math.ceil(left / (4 * this.#meeting.workers));
    const most = Math.min(BATCH_MOST, share);
    const first = Atomics.add(directory, entry + TAKEN, most);
    if (first >= count) return false;
    const number = directory[entry + BLOCK] as number;
    this.block = (this.#blocks[owner] as Int32Array[])[number] as Int32Array;
    this.owner = owner;
    this.#next = first;
    this.#end = Math.min(first + most, count);
    this.#batch = this.#end - first;
    return true;
  }

  /** Whether nobody has put anything into the next level. */
  get nextIsEmpty(): boolean {
    const { workers } = this.#meeting;
    for (let worker = 0; worker < workers; worker++) {
      if (this.#of(worker, 1 - this.#half)[0] !== 0) return false;
    }
    return true;
  }

  /** Goes on to the next level. Context: all have met since the last state was pushed, and do this. */
  next(): void {
    this.#reclaim();
    this.#half = 1 - this.#half;
    this.#begin();
    this.#learn();
  }

  /** Takes note of the blocks that others have made. */
  #learn(): void {
    const { workers } = this.#meeting;
    for (let owner = 0; owner < workers; owner++) {
      const directory = this.#of(owner, this.#half);
      const blocks = this.#blocks[owner] as Int32Array[];
      const end = ((directory[0] as number) + 1) * ENTRY;
      for (let entry = ENTRY; entry < end; entry += ENTRY) {
        while ((directory[entry + BLOCK] as number) >= blocks.length) this.#takeNote();
      }
    }
  }

  #takeNote(): void {
    const { owner, block } = this.#channel.take();
    this.#blocks[owner]?.push(block);
  }

  /** Nothing is taken yet, nothing found. */
  #begin(): void {
    const { worker } = this.#meeting;
    this.#of(worker, 1 - this.#half)[0] = 0;
    this.filling = new Int32Array(0);
    this.#fillingEntry = 0;
    this.#tail = 0;
    this.#count = 0;
    this.#next = 0;
    this.#end = 0;
    this.#batch = 0;
    this.#from = 0;
    this.#directory = this.#of(worker, this.#half);
    this.#entry = ENTRY;
    this.#reclaimed = ENTRY;
  }

  /** Forgets all. Context: all do this, and meet before they push. */
  clear(): void {
    const { worker } = this.#meeting;
    for (const half of [0, 1]) this.#of(worker, half)[0] = 0;
    this.#half = 1;
    this.#begin();
    this.#free = [...(this.#blocks[worker] as Int32Array[]).keys()];
  }

  close(): void {
    this.#channel.close();
  }
}
