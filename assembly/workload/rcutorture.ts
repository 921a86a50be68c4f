// SPDX-License-Identifier: GPL-2.0-only
/**
 * rcutorture — does a grace period ever end under a live reader?
 *
 * Source:  kernel/rcu/rcutorture.c (v6.12): the pipe oracle.
 *
 * One writer publishes elements of a pool. Each one that it takes down ages by 1 at once, and by 1 with
 * each grace period that follows; at RCU_TORTURE_PIPE_LEN it is free again. A reader notes the age of
 * the element that it looks at, at the end of its section: 0 is the published one, 1 was taken down
 * meanwhile. 2 or more: a grace period ended under this reader. An element whose mbtest reads 0 was
 * seen before it was made, or after it was freed.
 *
 * The flavours are ways to wait. RCU_TORTURE_BUSTED does not wait: the negative control.
 *
 * Not modelled: polled, conditional and expedited grace periods, nested readers, boosting.
 */
import { atomic_add, READ_ONCE, smp_store_release, WRITE_ONCE } from "../arch/wasm/atomic";
import {
  call_rcu,
  rcu_barrier,
  rcu_cpu_offline,
  rcu_cpu_online,
  rcu_head,
  rcu_qs,
  rcu_read_lock,
  rcu_read_unlock,
  rcu_softirq,
  synchronize_rcu,
} from "../kernel/rcu/tree";
import { prandom_below, prandom_seed } from "../lib/random";

export const RCU_TORTURE_SYNC: u32 = 0; // synchronize_rcu() for each removal
export const RCU_TORTURE_CALLBACK: u32 = 1; // a callback that queues itself again, once an age
export const RCU_TORTURE_BUSTED: u32 = 2; // does not wait

export const RCU_TORTURE_PIPE_LEN: u32 = 10;
const POOL: u32 = 100;

/** rcu_invoke() id of rcu_torture_cb(). */
export const RCU_TORTURE_CB: u32 = 0x100;

/** Zeroed by the host, with room for the pool behind it: RCU_TORTURE_BYTES. */
@unmanaged
@final
class rcu_torture {
  /** The published element. */
  current: u32;
  /** Free elements, and those taken down that a RCU_TORTURE_SYNC writer ages; the writer's own. */
  free: u32;
  removed: u32;
  /** Set by the writer when it is done: readers leave. */
  done: u32;
  /** Times that the writer found no free element. */
  starved: u32;
  /** Readers that saw mbtest 0. */
  rtmbe: u32;
  /** How many reader sections ended with an element of this age: RCU_TORTURE_PIPE_LEN + 1 words. */
  pipe: u32;
}

@unmanaged
@final
class rcu_torture_elem {
  rcu_next: u32;
  rcu_func: u32;
  rcu_gp: u64;
  torture: u32;
  next: u32;
  pipe_count: u32;
  /** 1 from before it is published until it is free again. */
  mbtest: u32;
}

const HEADER: usize = (offsetof<rcu_torture>("pipe") + 4 * (RCU_TORTURE_PIPE_LEN + 1) + 63) & ~63;
const ELEM: usize = offsetof<rcu_torture_elem>();

export const RCU_TORTURE_BYTES: u32 = <u32>HEADER + POOL * <u32>ELEM;
export const OFFSETOF_RCU_TORTURE_PIPE: u32 = offsetof<rcu_torture>("pipe");
export const OFFSETOF_RCU_TORTURE_RTMBE: u32 = offsetof<rcu_torture>("rtmbe");

function elem_of(p: u32): rcu_torture_elem {
  return changetype<rcu_torture_elem>(<usize>p);
}

function current_of(base: usize): usize {
  return base + offsetof<rcu_torture>("current");
}

function pipe_count_of(p: rcu_torture_elem): usize {
  return changetype<usize>(p) + offsetof<rcu_torture_elem>("pipe_count");
}

/** Fills the pool and publishes a first element. Context: before readers and writer start. */
export function rcu_torture_init(base: usize): void {
  const t = changetype<rcu_torture>(base); // plain: nobody else is here yet
  for (let i: u32 = 0; i < POOL; i++) {
    const p = changetype<rcu_torture_elem>(base + HEADER + <usize>i * ELEM);
    p.torture = <u32>base;
    free_elem(t, p);
  }
  publish(t, take_elem(t));
}

/** 0 when there is none. Plain, as free_elem(): the free list is the writer's CPU's own. */
function take_elem(t: rcu_torture): u32 {
  const p = t.free;
  if (p !== 0) t.free = elem_of(p).next;
  return p;
}

function free_elem(t: rcu_torture, p: rcu_torture_elem): void {
  p.mbtest = 0; // plain: that no reader sees this is what the test is for
  p.next = t.free;
  t.free = <u32>changetype<usize>(p);
}

function publish(t: rcu_torture, p: u32): void {
  WRITE_ONCE(pipe_count_of(elem_of(p)), 0);
  elem_of(p).mbtest = 1; // plain: published by the next line
  smp_store_release(current_of(changetype<usize>(t)), p);
}

/** One more grace period has gone by. True when the element is free again. */
function age(t: rcu_torture, p: rcu_torture_elem): bool {
  const count = READ_ONCE(pipe_count_of(p)) + 1;
  WRITE_ONCE(pipe_count_of(p), count);
  if (count < RCU_TORTURE_PIPE_LEN) return false;
  free_elem(t, p);
  return true;
}

/** The callback of RCU_TORTURE_CALLBACK. Context: RCU callback on the writer's CPU. */
export function rcu_torture_cb(head: usize): void {
  const p = changetype<rcu_torture_elem>(head);
  const t = changetype<rcu_torture>(<usize>p.torture);
  if (!age(t, p)) call_rcu(changetype<rcu_head>(head), RCU_TORTURE_CB);
}

/** Ages everything that was taken down, by one. */
function age_removed(t: rcu_torture): void {
  let p = t.removed;
  t.removed = 0;
  while (p !== 0) {
    const next = elem_of(p).next;
    if (!age(t, elem_of(p))) {
      elem_of(p).next = t.removed;
      t.removed = p;
    }
    p = next;
  }
}

function retire(t: rcu_torture, old: u32, flavour: u32): void {
  age(t, elem_of(old));
  if (flavour === RCU_TORTURE_CALLBACK) {
    call_rcu(changetype<rcu_head>(<usize>old), RCU_TORTURE_CB);
    return;
  }
  elem_of(old).next = t.removed;
  t.removed = old;
  if (flavour === RCU_TORTURE_SYNC) synchronize_rcu();
  age_removed(t);
}

/** At most `most` loads of a word, at random. */
function torture_delay(word: usize, most: u32): void {
  for (let i = prandom_below(most); i !== 0; i--) READ_ONCE(word);
}

/**
 * Replaces the published element `updates` times, then tells the readers to leave.
 *
 * @param flavour - one of RCU_TORTURE_SYNC, RCU_TORTURE_CALLBACK, RCU_TORTURE_BUSTED
 * @param gap - most loads of a word between two updates
 * @returns the number of updates made: less when the pool ran dry
 * Context: online, one CPU; sleeps. Ordering: what is tested.
 */
export function rcu_torture_writer(base: usize, updates: u32, flavour: u32, gap: u32): u32 {
  const t = changetype<rcu_torture>(base);
  let made: u32 = 0;
  for (let i: u32 = 0; i < updates; i++) {
    if (t.free === 0) {
      t.starved++;
      rcu_barrier();
    }
    const p = take_elem(t);
    if (p !== 0) {
      const old = READ_ONCE(current_of(base));
      publish(t, p);
      retire(t, old, flavour);
      made++;
    }
    torture_delay(base, gap);
    rcu_qs();
    rcu_softirq();
  }
  smp_store_release(base + offsetof<rcu_torture>("done"), 1);
  return made;
}

/** One section: the age that the element has at its end goes into the histogram. */
function read_once(base: usize, delay: u32): void {
  rcu_read_lock();
  const p = elem_of(READ_ONCE(current_of(base)));
  if (p.mbtest === 0) atomic_add(1, base + offsetof<rcu_torture>("rtmbe")); // plain: see free_elem()
  torture_delay(base, delay);
  const count = min<u32>(READ_ONCE(pipe_count_of(p)), RCU_TORTURE_PIPE_LEN);
  rcu_read_unlock();
  atomic_add(1, base + offsetof<rcu_torture>("pipe") + ((<usize>count) << 2));
}

/**
 * Reads until the writer is done, at least once.
 *
 * @param delay - most loads of a word inside a section
 * @param offline - go offline and online again after one section in so many; 0: never
 * @returns the number of sections
 * Context: online. Ordering: what is tested.
 */
export function rcu_torture_reader(base: usize, seed: u32, delay: u32, offline: u32): u32 {
  prandom_seed(seed);
  let sections: u32 = 0;
  do {
    read_once(base, delay);
    sections++;
    if (offline !== 0 && prandom_below(offline) === 0) {
      rcu_cpu_offline();
      rcu_cpu_online();
    } else {
      rcu_qs();
    }
  } while (READ_ONCE(base + offsetof<rcu_torture>("done")) === 0);
  return sections;
}

/**
 * One section that lasts until *leave is not 0; sets *entered inside.
 *
 * @returns the age that the element has at the end
 */
export function rcu_torture_holder(entered: usize, leave: usize, base: usize): u32 {
  rcu_read_lock();
  const p = elem_of(READ_ONCE(current_of(base)));
  smp_store_release(entered, 1);
  while (READ_ONCE(leave) === 0);
  const count = READ_ONCE(pipe_count_of(p));
  rcu_read_unlock();
  return count;
}

/** Asks for `n` grace periods, for nothing: an updater to share with. Context: sleeps. */
export function rcu_torture_fakewriter(n: u32): void {
  for (let i: u32 = 0; i < n; i++) synchronize_rcu();
}
