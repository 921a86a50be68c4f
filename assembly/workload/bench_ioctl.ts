// SPDX-License-Identifier: GPL-2.0-only
/**
 * The ioctl benchmark: one real ioctl on an open file, again and again, on N CPUs.
 *
 * The phases are those of bench_read.ts, and so are rules B1 to B5, with a beat for a quarter chunk. A
 * beat is at least one ioctl: with long ioctls a chunk is four of them, however long that takes.
 * job.contender is a driver id; a CPU's `device` is its file. A sample is a u32: picoseconds an ioctl,
 * or nanoseconds where job.in_ns says so.
 *
 * Rules:   I1  An ioctl that fails ends this CPU's part with its errno; the others go on without it.
 *          I2  The job ends within one ioctl of its stop flag; what was cut off is no sample.
 */
import { READ_ONCE } from "../arch/wasm/atomic";
import { ktime_get } from "../arch/wasm/clock";
import { EINVAL } from "../arch/wasm/errno";
import { dispatch_driver, driver_exists } from "../drivers/cxl/memdev/table";
import { rcu_qs } from "../kernel/rcu/tree";
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
import { arrive, rendezvous, should_stop } from "./rendezvous";

const CHUNK_NS: u64 = 30_000;
const BEATS: u32 = 4;

@unmanaged
@final
class ioctl_op {
  /** Four beats of cpu.bursts ioctls, fewer when stopped. Returns 0 or the first errno. */
  chunk<D extends Driver>(d: D, job: bench_job, cpu: bench_cpu): i32 {
    for (let beat: u32 = 0; beat < BEATS; beat++) {
      for (let n = cpu.bursts; n !== 0; n--) {
        const rc = d.ioctl(cpu.device, job.cmd, cpu.arg);
        if (rc < 0) return rc;
        rcu_qs();
      }
      heartbeat(cpu);
      if (should_stop()) return 0; // I2
    }
    return 0;
  }

  /** Finds the length of a beat, and goes on until all CPUs are warm. Returns 0 or an errno. */
  warm_up<D extends Driver>(d: D, job: bench_job, cpu: bench_cpu): i32 {
    const end = ktime_get() + job.warmup_ns;
    let warm = false;
    cpu.bursts = 1;
    while (!warm || READ_ONCE(meeting(job, MEET_WARM)) < job.ncpus) {
      const t0 = ktime_get();
      const rc = this.chunk<D>(d, job, cpu);
      if (rc < 0) return rc;
      const t1 = ktime_get();
      const bursts = cpu.bursts;
      cpu.bursts = fitted(bursts, t1 - t0, CHUNK_NS);
      if (!warm && t1 >= end && fits(bursts, t1 - t0, CHUNK_NS, cpu.bursts)) {
        warm = true;
        arrive(meeting(job, MEET_WARM), job.ncpus);
      }
      if (should_stop()) return 0;
    }
    return 0;
  }

  sample(job: bench_job, cpu: bench_cpu, spent: u64, ioctls: u32): void {
    const took = spent > <u64>cpu.clock_ns ? spent - <u64>cpu.clock_ns : 0;
    const scale: u64 = job.in_ns !== 0 ? 1 : 1000;
    if (peers_ran(job, cpu)) add_sample(job, cpu, (took * scale) / <u64>ioctls);
    else cpu.dropped++;
  }

  window<D extends Driver>(d: D, job: bench_job, cpu: bench_cpu): i32 {
    const ioctls = cpu.bursts * BEATS;
    const start = ktime_get();
    let now = start;
    while (now - start < job.window_ns && !should_stop()) {
      note_peers(job, cpu);
      const t0 = ktime_get();
      const rc = this.chunk<D>(d, job, cpu);
      if (rc < 0) return rc;
      if (should_stop()) break; // I2
      now = ktime_get();
      cpu.ops += ioctls;
      this.sample(job, cpu, now - t0, ioctls);
    }
    cpu.elapsed_ns = now - start;
    return 0;
  }

  run<D extends Driver>(): i32 {
    const job = changetype<bench_job>(this);
    const cpu = this_bench_cpu(job);
    const d = changetype<D>(0);
    cpu.clock_ns = clock_cost();
    const met = rendezvous(meeting(job, MEET_START), job.ncpus, job.deadline_ns);
    if (met < 0) return met;
    let rc = this.warm_up<D>(d, job, cpu);
    if (rc === 0) rc = this.window<D>(d, job, cpu);
    else arrive(meeting(job, MEET_WARM), job.ncpus); // I1
    arrive(meeting(job, MEET_DONE), job.ncpus);
    while (rc === 0 && READ_ONCE(meeting(job, MEET_DONE)) < job.ncpus && !should_stop()) {
      rc = this.chunk<D>(d, job, cpu);
    }
    return rc;
  }
}

/**
 * One CPU's part of an ioctl job.
 *
 * @returns 0; -EINVAL for an unknown driver; -ETIMEDOUT when the CPUs did not meet; the errno of the
 *          first ioctl that failed
 * Context: an online CPU; sleeps as the ioctl does.
 */
export function bench_ioctl(job: usize): i32 {
  const j = changetype<bench_job>(job);
  if (!driver_exists(j.contender)) return -EINVAL;
  return dispatch_driver<ioctl_op>(j.contender, changetype<ioctl_op>(job));
}
