// SPDX-License-Identifier: GPL-2.0-only
/**
 * The read-side benchmark: what one enter/exit pair costs while N CPUs do nothing else.
 *
 * Source:  kernel/rcu/refscale.c for the phases; its rendezvous, which never waits, is not copied.
 *
 * Phases:  joint start; warm-up, in which each CPU also finds how many bursts make a chunk of CHUNK_NS;
 *          the window, timed chunk by chunk; then the load is kept up until all CPUs are done.
 *
 * Rules:   B1  A chunk of one CPU is sampled only if every other CPU did a whole quarter chunk of its
 *              own meanwhile: a descheduled peer would otherwise fake an uncontended sample. With more
 *              CPUs than cores hardly any chunk is; ops and elapsed_ns count them all.
 *          B2  No CPU leaves the load before all have finished their windows.
 *          B3  The clock stands around chunks, never in them; its own cost is measured and subtracted.
 *          B4  Quiescent states are looked after once a burst, for all contenders alike.
 *          B5  The length of a chunk is fitted until all are warm, hence to the load that is measured;
 *              one interruption throws it off by a factor of 4 at most. Nobody is warm before it fits.
 *
 * A sample is a u32, in picoseconds a pair. A burst that a slow path broke off counts as a whole one: a
 * contender that often leaves its fast path is made to look better than it is.
 */
import { READ_ONCE } from "../arch/wasm/atomic";
import { ktime_get } from "../arch/wasm/clock";
import { EINVAL, EIO } from "../arch/wasm/errno";
import { rcu_qs } from "../kernel/rcu/tree";
import { device_gate, device_slot } from "./bench_device";
import {
  add_sample,
  bench_cpu,
  bench_job,
  clock_cost,
  fits,
  fitted,
  heartbeat,
  MEET_DONE,
  MEET_START,
  MEET_WARM,
  meeting,
  note_peers,
  peers_ran,
  this_bench_cpu,
} from "./bench_job";
import { dispatch_contender, NO_SUCH_CONTENDER } from "./contenders";
import { arrive, rendezvous, should_stop } from "./rendezvous";
import { BURST, finish_section_slowpath, SECTION_BAD, section } from "./section";

const CHUNK_NS: u64 = 30_000;
const QUARTERS: u32 = 4;
const FIRST_BURSTS: u32 = 8;

@unmanaged
@final
class read_op {
  /** One chunk in quarters, each with a heartbeat. False when a context was not alive. */
  chunk<G extends Gate>(g: G, slot: usize, cpu: bench_cpu): bool {
    for (let q: u32 = 0; q < QUARTERS; q++) {
      let bursts = cpu.bursts;
      while (bursts !== 0) {
        bursts = section.run<G>(changetype<usize>(cpu) + offsetof<bench_cpu>("device"), bursts);
        if (finish_section_slowpath<G>(g, slot) === SECTION_BAD) return false;
        rcu_qs(); // B4
      }
      heartbeat(cpu);
    }
    return true;
  }

  /** Finds the length of a chunk, and goes on until all CPUs are warm (B5). */
  warm_up<G extends Gate>(g: G, slot: usize, job: bench_job, cpu: bench_cpu): bool {
    const end = ktime_get() + job.warmup_ns;
    let warm = false;
    cpu.bursts = FIRST_BURSTS;
    while (!warm || READ_ONCE(meeting(job, MEET_WARM)) < job.ncpus) {
      const t0 = ktime_get();
      if (!this.chunk<G>(g, slot, cpu)) return false;
      const t1 = ktime_get();
      const bursts = cpu.bursts;
      cpu.bursts = fitted(bursts, t1 - t0, CHUNK_NS);
      if (!warm && t1 >= end && fits(bursts, t1 - t0, CHUNK_NS, cpu.bursts)) {
        warm = true;
        arrive(meeting(job, MEET_WARM), job.ncpus);
      }
      if (should_stop()) return true;
    }
    return true;
  }

  window<G extends Gate>(g: G, slot: usize, job: bench_job, cpu: bench_cpu): bool {
    const pairs = cpu.bursts * QUARTERS * BURST;
    const start = ktime_get();
    let now = start;
    while (now - start < job.window_ns && !should_stop()) {
      note_peers(job, cpu);
      const t0 = ktime_get();
      if (!this.chunk<G>(g, slot, cpu)) return false;
      now = ktime_get();
      cpu.ops += pairs;
      const took = now - t0 > <u64>cpu.clock_ns ? now - t0 - <u64>cpu.clock_ns : 0;
      if (peers_ran(job, cpu)) add_sample(job, cpu, (took * 1000) / <u64>pairs);
      else cpu.dropped++; // B1
    }
    cpu.elapsed_ns = now - start;
    return true;
  }

  run<G extends Gate>(): i32 {
    const job = changetype<bench_job>(this);
    const cpu = this_bench_cpu(job);
    const g = changetype<G>(device_gate(cpu.device));
    const slot = device_slot(cpu.device);
    cpu.clock_ns = clock_cost(); // B3
    const met = rendezvous(meeting(job, MEET_START), job.ncpus, job.deadline_ns);
    if (met < 0) return met;
    let sound = this.warm_up<G>(g, slot, job, cpu);
    if (sound) sound = this.window<G>(g, slot, job, cpu);
    else arrive(meeting(job, MEET_WARM), job.ncpus); // nobody waits for a CPU that gave up
    arrive(meeting(job, MEET_DONE), job.ncpus);
    while (sound && READ_ONCE(meeting(job, MEET_DONE)) < job.ncpus && !should_stop()) {
      sound = this.chunk<G>(g, slot, cpu); // B2
    }
    return sound ? 0 : -EIO;
  }
}

/**
 * One CPU's part of a read-side job.
 *
 * @returns 0; -EINVAL for an unknown contender; -ETIMEDOUT when the CPUs did not meet; -EIO when a
 *          context was not alive inside the gate
 * Context: an online CPU; sleeps only where the gate does.
 */
export function bench_read(job: usize): i32 {
  const j = changetype<bench_job>(job);
  const rc = dispatch_contender<read_op>(j.contender, changetype<read_op>(job));
  return rc === NO_SUCH_CONTENDER ? -EINVAL : rc;
}
