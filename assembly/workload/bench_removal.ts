// SPDX-License-Identifier: GPL-2.0-only
/**
 * The removal benchmark: CPU 0 kills a gate again and again, the other CPUs read through it.
 *
 * What is sampled: on CPU 0, kill() from the call to "nobody is inside", ns; on a reader of the same
 * device, for each removal, the longest that one entry took beyond its fast path, ns (0: none did).
 * Readers of another device only count what they get done. A reader's elapsed_ns is the time during
 * which its device was open to it, an entry that waited for the removal included: how long the device
 * then stays away is this benchmark's doing, and no gate's.
 *
 * Rules:   V1  A removal starts only once every reader of the device got on since it was opened; the
 *              first one once all readers did.
 *          V2  The gate is destroyed only once every reader of the device was turned away.
 *          V3  An entrant that finds a context which is not alive inside the gate ends the job: -EIO.
 *          V4  Whoever ends early, for whatever reason, ends the job of all: nobody waits for it.
 *
 * job.epoch numbers the openings of the device, from 1; REMOVAL_OVER ends the job. A CPU that gives up
 * arrives at MEET_DONE.
 */
import { atomic_add, READ_ONCE, smp_store_release } from "../arch/wasm/atomic";
import { ktime_get } from "../arch/wasm/clock";
import { EINTR, EINVAL, EIO, ENOMEM, ETIMEDOUT } from "../arch/wasm/errno";
import { boot } from "../arch/wasm/memory";
import { smp_processor_id } from "../arch/wasm/percpu";
import { rcu_qs } from "../kernel/rcu/tree";
import { prandom_below } from "../lib/random";
import { device_gate, device_open, device_slot } from "./bench_device";
import {
  add_sample,
  bench_cpu,
  bench_cpu_of,
  bench_job,
  clock_cost,
  heartbeat,
  MEET_DONE,
  MEET_START,
  meeting,
  this_bench_cpu,
} from "./bench_job";
import { dispatch_contender, NO_SUCH_CONTENDER } from "./contenders";
import { arrive, await_change, rendezvous, should_stop } from "./rendezvous";
import {
  entry_is_pending,
  finish_section_slowpath,
  SECTION_BAD,
  SECTION_CLOSED,
  section,
} from "./section";

const REMOVAL_OVER: u32 = 0xffff_ffff;
const READ_BURSTS: u32 = 4;

function epoch_of(job: bench_job): usize {
  return changetype<usize>(job) + offsetof<bench_job>("epoch");
}

function turned_away_of(job: bench_job): usize {
  return changetype<usize>(job) + offsetof<bench_job>("turned_away");
}

/** V4: 0 while all are at it; -EIO when a reader gave up, -EINTR when the host wants an end. */
function interrupted(job: bench_job): i32 {
  if (READ_ONCE(meeting(job, MEET_DONE)) !== 0) return -EIO;
  return should_stop() ? -EINTR : 0;
}

/** Spins for a random time around pause_ns, in quiescent states. */
function pause(pause_ns: u32): void {
  const end = ktime_get() + <u64>prandom_below(2 * pause_ns + 1);
  while (ktime_get() < end) rcu_qs();
}

/** Waits, as the remover, until *word is no longer `seen`. Returns 0, -ETIMEDOUT, -EIO or -EINTR. */
function await_readers(job: bench_job, word: usize, seen: u32): i32 {
  let spins: u32 = 0;
  let deadline: u64 = 0;
  while (READ_ONCE(word) === seen) {
    rcu_qs();
    if (++spins < boot().spin_limit) continue;
    const why = interrupted(job);
    if (why !== 0) return why;
    if (deadline === 0) deadline = ktime_get() + job.deadline_ns;
    else if (ktime_get() > deadline) return -ETIMEDOUT;
    await_change(word, seen);
  }
  return 0;
}

/** V1: waits until every reader, of the device or of any, has a new heartbeat. */
function readers_got_on(job: bench_job, of_any: bool): i32 {
  for (let cpu: u32 = 1; cpu < job.ncpus; cpu++) {
    const reader = bench_cpu_of(job, cpu);
    if (reader.same === 0 && !of_any) continue;
    const beats = changetype<usize>(reader);
    const rc = await_readers(job, beats, READ_ONCE(beats));
    if (rc !== 0) return rc;
  }
  return 0;
}

/** V2: waits until all `readers` were turned away. */
function readers_are_out(job: bench_job, readers: u32): i32 {
  const word = turned_away_of(job);
  for (let seen = READ_ONCE(word); seen < readers; seen = READ_ONCE(word)) {
    const rc = await_readers(job, word, seen);
    if (rc !== 0) return rc;
  }
  return 0;
}

function readers_of_device(job: bench_job): u32 {
  let n: u32 = 0;
  for (let cpu: u32 = 1; cpu < job.ncpus; cpu++) n += bench_cpu_of(job, cpu).same;
  return n;
}

@unmanaged
@final
class removal_op {
  /** One removal and the device's return. Returns 0 or what ends the job. */
  remove<G extends Gate>(g: G, job: bench_job, cpu: bench_cpu, readers: u32): i32 {
    const slot = device_slot(cpu.device);
    const t0 = ktime_get();
    g.kill(slot);
    const took = ktime_get() - t0;
    add_sample(job, cpu, took > <u64>cpu.clock_ns ? took - <u64>cpu.clock_ns : 0);
    const rc = readers_are_out(job, readers);
    if (rc !== 0) return rc;
    g.destroy(); // V2
    smp_store_release(turned_away_of(job), 0);
    if (g.init() !== 0) return -ENOMEM;
    device_open(cpu.device);
    return 0;
  }

  remover<G extends Gate>(job: bench_job, cpu: bench_cpu): i32 {
    const g = changetype<G>(device_gate(cpu.device));
    const readers = readers_of_device(job);
    let epoch: u32 = 1;
    const start = ktime_get();
    for (let i: u32 = 0; i < job.removals; i++) {
      smp_store_release(epoch_of(job), epoch);
      let rc = readers_got_on(job, i === 0); // V1
      if (rc === 0) rc = interrupted(job);
      if (rc !== 0) return rc;
      pause(job.pause_ns);
      if (job.dry === 0) {
        rc = this.remove<G>(g, job, cpu, readers);
        if (rc !== 0) return rc;
        epoch++;
      }
      cpu.ops++;
      rcu_qs();
    }
    cpu.elapsed_ns = ktime_get() - start;
    return 0;
  }

  /** Reads until turned away, or the job is over. Returns the longest slow entry in ns, or -EIO. */
  read_until_closed<G extends Gate>(g: G, slot: usize, job: bench_job, cpu: bench_cpu): i64 {
    let longest: i64 = 0;
    while (true) {
      const left = section.run<G>(
        changetype<usize>(cpu) + offsetof<bench_cpu>("device"),
        READ_BURSTS,
      );
      let result: u32;
      if (entry_is_pending()) {
        const t0 = ktime_get();
        result = finish_section_slowpath<G>(g, slot);
        longest = max<i64>(longest, <i64>(ktime_get() - t0) - cpu.clock_ns);
      } else {
        result = finish_section_slowpath<G>(g, slot);
      }
      rcu_qs();
      if (result === SECTION_CLOSED) return longest;
      if (result === SECTION_BAD) return -EIO; // V3
      cpu.ops += READ_BURSTS - left;
      heartbeat(cpu);
      if (READ_ONCE(epoch_of(job)) === REMOVAL_OVER) return longest;
    }
  }

  /** Reads whenever the device is open. Returns 0 or -EIO. */
  reader<G extends Gate>(job: bench_job, cpu: bench_cpu): i32 {
    const g = changetype<G>(device_gate(cpu.device));
    const slot = device_slot(cpu.device);
    let seen: u32 = 0;
    while (true) {
      const epoch = READ_ONCE(epoch_of(job));
      if (epoch === REMOVAL_OVER) return 0;
      if (epoch === seen) {
        rcu_qs();
        await_change(epoch_of(job), seen);
        continue;
      }
      const start = ktime_get();
      const longest = this.read_until_closed<G>(g, slot, job, cpu);
      cpu.elapsed_ns += ktime_get() - start;
      if (longest < 0) return <i32>longest;
      seen = epoch;
      if (READ_ONCE(epoch_of(job)) === REMOVAL_OVER) return 0;
      add_sample(job, cpu, longest);
      atomic_add(1, turned_away_of(job));
    }
  }

  run<G extends Gate>(): i32 {
    const job = changetype<bench_job>(this);
    const cpu = this_bench_cpu(job);
    cpu.clock_ns = clock_cost();
    let rc = rendezvous(meeting(job, MEET_START), job.ncpus, job.deadline_ns);
    if (smp_processor_id() !== 0) {
      if (rc === 0) rc = this.reader<G>(job, cpu);
      if (rc !== 0) arrive(meeting(job, MEET_DONE), job.ncpus); // V4
      return rc;
    }
    if (rc === 0) rc = this.remover<G>(job, cpu);
    smp_store_release(epoch_of(job), REMOVAL_OVER); // V4
    return rc;
  }
}

/**
 * One CPU's part of a removal job: CPU 0 removes, the others read.
 *
 * @returns 0; -EINVAL for an unknown contender; -ETIMEDOUT when CPUs did not meet; -EINTR when it was
 *          stopped; -ENOMEM; -EIO when a context was not alive (V3), of a reader's and of CPU 0's
 * Context: an online CPU; sleeps where the gate does.
 */
export function bench_removal(job: usize): i32 {
  const j = changetype<bench_job>(job);
  const rc = dispatch_contender<removal_op>(j.contender, changetype<removal_op>(job));
  return rc === NO_SUCH_CONTENDER ? -EINVAL : rc;
}
