// SPDX-License-Identifier: GPL-2.0-only
/**
 * Steps that were run before. What a step does follows from its thread's region and from the words that it
 * accesses: so each is run once, and done again without running it whenever its thread's region and those
 * words are what they were.
 *
 * Not remembered: a step that looked into a queue, as that depends on other threads' regions; one that
 * broke a property, or had a data race; one of too many words. What is contended decides where a step ends,
 * so all is forgotten when more is found to be.
 *
 * Source: Blom, van de Pol, Weber, "LTSmin: distributed and symbolic reachability", 2010, for the idea.
 */
import type { Accounts } from "./accounts.ts";
import type { FutexQueues } from "./futex-queues.ts";
import type { TrackedMemory } from "./tracked-memory.ts";

/** A record: these words; pairs of a word and what it held; pairs of a word and what it holds then; notes. */
const NEXT = 0; // record of the same list, 0: none
const LIST = 1; // hash that the list is found by
const FROM = 2; // kept region of the thread before the step, and after it
const TO = 3;
const HELD = 4; // counts of the pairs, and of the notes
const HOLDS = 5;
const NOTED = 6;
const CHANGE1 = 7; // of the memory's hash
const CHANGE2 = 8;
const KEY_CHANGE1 = 9; // of the state's
const KEY_CHANGE2 = 10;
const HEAD_WORDS = 11;

const FIRST_WORDS = 1 << 11;
/** When the records would take more than this, all are forgotten. */
const WORDS_MOST = 1 << 20;
/** More words than these are as dear to compare as to compute. */
const HELD_MOST = 256;
const FIRST_LISTS = 1 << 8;

export class RememberedSteps {
  readonly #tracked: TrackedMemory;
  readonly #accounts: Accounts;
  readonly #queues: FutexQueues;
  #records = new Int32Array(FIRST_WORDS);
  /** Where the next record goes; no record is at 0. */
  #end = HEAD_WORDS;
  #count = 0;
  /** First record of each list, 0: none. */
  #lists = new Int32Array(FIRST_LISTS);
  #contentions = 0;
  /** Of the step that find() looked for last: its list, and whether it is not remembered yet. */
  #list = 0;
  #isNew = false;

  constructor(tracked: TrackedMemory, accounts: Accounts, queues: FutexQueues) {
    this.#tracked = tracked;
    this.#accounts = accounts;
    this.#queues = queues;
  }

  /** Forgets what is no longer so, as more is contended. Context: before the first step from a state. */
  refresh(): void {
    if (this.#contentions !== this.#tracked.contentions) this.#forget();
  }

  /**
   * Looks for the step that `thread` is about to make.
   *
   * @param from - where its region is kept
   * @param word - that it stands before: the first that it accesses
   * @returns the record, 0 when there is none, or what it accesses may be a race
   */
  find(thread: number, from: number, word: number): number {
    const list = hashOf(from, this.#tracked.words[word] as number);
    const records = this.#records;
    this.#list = list;
    let at = this.#lists[list & (this.#lists.length - 1)] as number;
    while (at !== 0 && (records[at + FROM] !== from || !this.#fits(at))) {
      at = records[at + NEXT] as number;
    }
    this.#isNew = at === 0;
    if (this.#isNew) return 0;
    const count = records[at + NOTED] as number;
    return this.#accounts.mayRace(thread, records, this.#notesOf(at), count) ? 0 : at;
  }

  /** Whether the words that the step depends on are as they were. */
  #fits(at: number): boolean {
    const records = this.#records;
    const { words } = this.#tracked;
    const first = at + HEAD_WORDS;
    const end = first + 2 * (records[at + HELD] as number);
    for (let i = first; i < end; i += 2) {
      if (words[records[i] as number] !== records[i + 1]) return false;
    }
    return true;
  }

  #notesOf(at: number): number {
    const records = this.#records;
    return at + HEAD_WORDS + 2 * ((records[at + HELD] as number) + (records[at + HOLDS] as number));
  }

  /** What the step changes of the state's hash. */
  keyChange1(at: number): number {
    return this.#records[at + KEY_CHANGE1] as number;
  }

  keyChange2(at: number): number {
    return this.#records[at + KEY_CHANGE2] as number;
  }

  /** Does to memory what the step did. @returns where the thread's region is then kept */
  redo(at: number): number {
    const records = this.#records;
    const pairs = at + HEAD_WORDS + 2 * (records[at + HELD] as number);
    const [change1, change2] = [records[at + CHANGE1] as number, records[at + CHANGE2] as number];
    this.#tracked.redo(records, pairs, records[at + HOLDS] as number, change1, change2);
    this.#accounts.noteAgain(records, this.#notesOf(at), records[at + NOTED] as number);
    return records[at + TO] as number;
  }

  /** Whether the step that find() did not find, and that was run since and is settled, can be remembered. */
  get canRemember(): boolean {
    const { reads, writes, contentions } = this.#tracked;
    if (!this.#isNew || this.#queues.consulted || this.#accounts.race !== null) return false;
    return reads.length + writes.length <= HELD_MOST && contentions === this.#contentions;
  }

  /**
   * Remembers it.
   *
   * @param from, to - where its thread's region is kept, before it and after it
   * @param keyChange1, keyChange2 - what it changed of the state's hash
   */
  remember(from: number, to: number, keyChange1: number, keyChange2: number): void {
    const { reads, writes, words, change1, change2 } = this.#tracked;
    const { noted, nrNoted } = this.#accounts;
    const most = HEAD_WORDS + 2 * (reads.length + 2 * writes.length) + nrNoted;
    const at = this.#reserve(most);
    const records = this.#records;
    records[at + LIST] = this.#list;
    records[at + FROM] = from;
    records[at + TO] = to;
    records[at + CHANGE1] = change1;
    records[at + CHANGE2] = change2;
    records[at + KEY_CHANGE1] = keyChange1;
    records[at + KEY_CHANGE2] = keyChange2;
    let end = at + HEAD_WORDS;
    for (const { words: held, values, length } of [reads, writes]) {
      for (let i = 0; i < length; i++) {
        records[end++] = held[i] as number;
        records[end++] = values[i] as number;
      }
    }
    records[at + HELD] = reads.length + writes.length;
    let changed = 0;
    for (let i = 0; i < writes.length; i++) {
      const word = writes.words[i] as number;
      const value = words[word] as number;
      if (value === writes.values[i]) continue;
      records[end++] = word;
      records[end++] = value;
      changed++;
    }
    records[at + HOLDS] = changed;
    for (let i = 0; i < nrNoted; i++) records[end++] = noted[i] as number;
    records[at + NOTED] = nrNoted;
    this.#end = end;
    this.#put(at);
    if (++this.#count > this.#lists.length) this.#lengthen();
  }

  #reserve(words: number): number {
    if (this.#end + words > WORDS_MOST) this.#forget();
    if (this.#end + words > this.#records.length) {
      const larger = new Int32Array(Math.max(this.#end + words, 2 * this.#records.length));
      larger.set(this.#records);
      this.#records = larger;
    }
    return this.#end;
  }

  /** Puts a record in front of its list. */
  #put(at: number): void {
    const place = (this.#records[at + LIST] as number) & (this.#lists.length - 1);
    this.#records[at + NEXT] = this.#lists[place] as number;
    this.#lists[place] = at;
  }

  #lengthen(): void {
    this.#lists = new Int32Array(2 * this.#lists.length);
    for (let at = HEAD_WORDS; at < this.#end; ) {
      this.#put(at);
      at = this.#notesOf(at) + (this.#records[at + NOTED] as number);
    }
  }

  #forget(): void {
    this.#contentions = this.#tracked.contentions;
    this.#end = HEAD_WORDS;
    this.#count = 0;
    this.#lists.fill(0);
  }

  /** Memory that this takes now. */
  get bytes(): number {
    return this.#records.byteLength + this.#lists.byteLength;
  }
}

function hashOf(from: number, value: number): number {
  const hash = Math.imul(from ^ Math.imul(value, 0x9e3779b1), 0x85ebca6b);
  return hash ^ (hash >>> 15);
}
