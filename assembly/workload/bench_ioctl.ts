// SPDX-License-Identifier: GPL-2.0-only
/**
 * The ioctl benchmark: one real ioctl on an open file, again and again, on N CPUs.
 *
 * The phases are those of bench_read.ts. A chunk is four beats of at least one ioctl; with ioctls
 * longer than a chunk each is timed alone. job.contender is a driver id; a CPU's `device` is its file.
 * A sample is a u32: picoseconds an ioctl, or nanoseconds where job.in_ns says so (long ones).
 */
import { READ_ONCE } from "../arch/wasm/atomic";
import { ktime_get } from "../arch/wasm/clock";
import { dispatch_driver } from "../drivers/cxl/memdev/table";
import { rcu_qs } from "../kernel/rcu/tree";
import {
  add_sample,
  bench_cpu,
  bench_job,
  clock_cost,
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
  /** Four beats of cpu.bursts ioctls. Returns 0 or the first errno. */
  chunk<D extends Driver>(d: D, job: bench_job, cpu: bench_cpu): i32 {
    for (let beat: u32 = 0; beat < BEATS; beat++) {
      for (let n = cpu.bursts; n !== 0; n--) {
        const rc = d.ioctl(cpu.device, job.cmd, cpu.arg);
        if (rc < 0) return rc;
        rcu_qs();
      }
      heartbeat(cpu);
      if (should_stop()) break;
    }
    return 0;
  }

  warm_up<D extends Driver>(d: D, job: bench_job, cpu: bench_cpu): i32 {
    cpu.bursts = 1;
    const end = ktime_get() + job.warmup_ns;
    let rc: i32 = 0;
    for (let now: u64 = 0; now < end && rc === 0 && !should_stop(); ) {
      const t0 = ktime_get();
      rc = this.chunk<D>(d, job, cpu);
      now = ktime_get();
      const fitting = (<u64>cpu.bursts * CHUNK_NS) / (now - t0 + 1);
      cpu.bursts = <u32>max<u64>(1, min<u64>(fitting, <u64>cpu.bursts * 4));
    }
    arrive(meeting(job, MEET_WARM), job.ncpus);
    while (rc === 0 && READ_ONCE(meeting(job, MEET_WARM)) < job.ncpus && !should_stop()) {
      rc = this.chunk<D>(d, job, cpu);
    }
    return rc;
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
      now = ktime_get();
      cpu.ops += ioctls;
      const took = now - t0 - min<u64>(cpu.clock_ns, now - t0);
      const each = job.in_ns !== 0 ? took / <u64>ioctls : (took * 1000) / <u64>ioctls;
      if (peers_ran(job, cpu, BEATS / 2)) add_sample(job, cpu, each);
      else cpu.dropped++;
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
 * @returns 0; -ETIMEDOUT when the CPUs did not meet; the errno of the first ioctl that failed
 * Context: an online CPU; sleeps as the ioctl does.
 */
export function bench_ioctl(job: usize): i32 {
  const j = changetype<bench_job>(job);
  return dispatch_driver<ioctl_op>(j.contender, changetype<ioctl_op>(job));
}
