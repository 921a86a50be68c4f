// SPDX-License-Identifier: GPL-2.0-only
/**
 * The roles benchmark: readers, removers and adders, each at a pace of its own, on a few devices, and
 * each with its own score, as the groups of JMH.
 *
 * A reader opens a device, enters it until it is turned away, lets go of it and opens the next one in
 * that place. A remover kills what it finds; a slot comes back by an adder, or at once by the remover
 * where the job has none. What is sampled: enter() of a reader, kill() of a remover, of an adder the
 * whole addition, memory and init() included.
 *
 * Rules:   R1  While nobody removes a device one entry in `every` is timed; while somebody does, each
 *              that begins, and each before it that was not granted at once. To a reader of another
 *              device a removal of any is one, and it times no more entries then than at other times.
 *          R2  Readers go on until all removers are through, so that no removal gets in because its
 *              readers went home.
 *          R3  A removal that takes longer than overdue_ns is counted as overdue; its readers keep out
 *              from then on. So a gate that starves its remover is shown as such, and the job ends.
 *          R4  An entrant that finds a context which is not alive inside the gate ends the job: -EIO.
 *          R5  Whoever ends early, for whatever reason, ends the job of all.
 *          R6  Where nothing is done inside and no pace is kept, entries that are not timed run in the
 *              loop of section.ts; its clock is read once in `every`.
 */
import { atomic_cmpxchg, READ_ONCE } from "../arch/wasm/atomic";
import { ktime_get } from "../arch/wasm/clock";
import { EINVAL, EIO } from "../arch/wasm/errno";
import { BODY_MAY_SLEEP, GATE_CLOSED } from "../gates/gate";
import { rcu_qs } from "../kernel/rcu/tree";
import { CONTEXT_ALIVE, device_gate, device_slot } from "./bench_device";
import { clock_cost } from "./bench_job";
import { dispatch_contender, NO_SUCH_CONTENDER } from "./contenders";
import { arrive, await_change, rendezvous } from "./rendezvous";
import {
  INSTANCE_ALIVE,
  INSTANCE_DYING,
  instance_put,
  instance_stage,
  role_instance,
  slot_instance,
  slot_of,
  slot_open,
} from "./role_device";
import { role_work } from "./role_hotplug";
import {
  PACE_UNLIMITED,
  ROLE_BODY_NONE,
  ROLE_BODY_SLEEP,
  ROLE_CALM,
  ROLE_DURING,
  ROLE_MEET_REMOVED,
  ROLE_MEET_START,
  ROLE_READER,
  ROLE_REMOVER,
  ROLE_REMOVING,
  role_cpu,
  role_job,
  role_meeting,
  role_over,
  role_sample,
  this_role_cpu,
} from "./role_job";
import { body_sleep, body_spin, draw_service, pace_wait, role_done } from "./role_pace";
import {
  entry_is_pending,
  exit_section,
  finish_section_slowpath,
  SECTION_BAD,
  SECTION_CLOSED,
  SECTION_DONE,
  section,
} from "./section";

/** True when the removal of the instance has been waiting for too long (R3). */
function is_overdue(job: role_job, instance: role_instance, now: u64): bool {
  return instance_stage(instance) === INSTANCE_DYING && now - instance.since > job.overdue_ns;
}

/**
 * INSTANCE_DYING while what the CPU uses is being removed; of a reader of another device, while
 * anything is.
 */
function stage_seen(job: role_job, cpu: role_cpu, instance: role_instance): u32 {
  if (cpu.slot < job.targets) return instance_stage(instance);
  return READ_ONCE(role_meeting(job, ROLE_REMOVING)) === 0 ? INSTANCE_ALIVE : INSTANCE_DYING;
}

/** What is done inside: `job.body`. Context: inside the gate. */
function do_body(job: role_job, may_sleep: bool): void {
  if (job.body === ROLE_BODY_NONE) return;
  const ns = draw_service(job);
  if (job.body === ROLE_BODY_SLEEP) body_sleep(ns);
  else body_spin(ns, may_sleep);
}

@unmanaged
@final
class roles_op {
  /** Up to every - 1 entries that are not timed (R6). Returns one of SECTION_*. */
  flood<G extends Gate>(g: G, job: role_job, cpu: role_cpu, instance: role_instance): u32 {
    const slot = device_slot(instance.device);
    let left = job.every - 1;
    while (left !== 0 && section.fast<G>(g, slot)) left--;
    cpu.ops += job.every - 1 - left;
    if (left === 0) return SECTION_DONE;
    const waits = entry_is_pending();
    const t0: u64 = waits ? ktime_get() : 0;
    const result = finish_section_slowpath<G>(g, slot);
    if (result === SECTION_DONE) cpu.ops++;
    if (waits && instance_stage(instance) !== INSTANCE_ALIVE) {
      role_sample(cpu, ROLE_DURING, t0, ktime_get()); // R1: granted late, or refused
    }
    return result;
  }

  /** One entry, with its body. Returns one of SECTION_*. */
  visit<G extends Gate>(
    g: G,
    job: role_job,
    cpu: role_cpu,
    instance: role_instance,
    timed: bool,
  ): u32 {
    const slot = device_slot(instance.device);
    const before = stage_seen(job, cpu, instance);
    let t0: u64 = timed ? ktime_get() : 0;
    let cookie = g.enter_fast();
    const granted = g.enter_ok(cookie);
    if (granted) {
      g.entered(cookie);
    } else {
      if (!timed) t0 = ktime_get();
      cookie = g.enter_slowpath(cookie);
    }
    if (timed || !granted) {
      const t1 = ktime_get();
      const after = stage_seen(job, cpu, instance);
      const during = before === INSTANCE_DYING || (before === INSTANCE_ALIVE && after !== before);
      if (during)
        role_sample(cpu, ROLE_DURING, t0, t1); // R1
      else if (timed && before === INSTANCE_ALIVE) role_sample(cpu, ROLE_CALM, t0, t1);
    }
    if (cookie === GATE_CLOSED) return SECTION_CLOSED;
    let result = SECTION_CLOSED;
    const p = READ_ONCE(slot);
    if (p !== 0) {
      result = load<u32>(p) === CONTEXT_ALIVE ? SECTION_DONE : SECTION_BAD;
      do_body(job, g.body() === BODY_MAY_SLEEP);
    }
    exit_section<G>(g, cookie);
    if (result === SECTION_DONE) cpu.ops++;
    return result;
  }

  /** Uses an instance until it is turned away, or the CPU's part is over. Returns 0 or -EIO. */
  use<G extends Gate>(job: role_job, cpu: role_cpu, instance: role_instance, start: u64): i32 {
    const g = changetype<G>(device_gate(instance.device));
    const floods = cpu.pace === PACE_UNLIMITED && job.body === ROLE_BODY_NONE && job.every > 1;
    const end = start + job.window_ns;
    let until_timed: u32 = 1;
    while (true) {
      const dying = instance_stage(instance) === INSTANCE_DYING;
      let result = SECTION_DONE;
      if (floods && !dying) {
        result = this.flood<G>(g, job, cpu, instance);
        until_timed = 1;
        rcu_qs();
      }
      if (result === SECTION_DONE) {
        if (!floods) pace_wait(job, cpu, cpu.ops + cpu.refused, start, end);
        result = this.visit<G>(g, job, cpu, instance, dying || --until_timed === 0);
        if (until_timed === 0) until_timed = job.every;
        rcu_qs();
      }
      if (result === SECTION_BAD) return -EIO; // R4
      if (result === SECTION_CLOSED) {
        cpu.refused++;
        return 0;
      }
      const now = ktime_get();
      if (role_done(job, cpu, now, end) || is_overdue(job, instance, now)) return 0;
    }
  }

  reader<G extends Gate>(job: role_job, cpu: role_cpu): i32 {
    const slot = slot_of(job.slots, cpu.slot);
    const start = ktime_get();
    const end = start + job.window_ns;
    let now = start;
    let rc: i32 = 0;
    while (rc === 0 && !role_done(job, cpu, now, end)) {
      const instance = slot_open(slot);
      if (instance === 0) {
        rcu_qs();
        await_change(slot_instance(slot), 0);
        const then = now;
        now = ktime_get();
        cpu.away_ns += now - then;
        continue;
      }
      rc = this.use<G>(job, cpu, changetype<role_instance>(instance), start);
      instance_put(job.contender, instance);
      now = ktime_get();
    }
    cpu.elapsed_ns = ktime_get() - start;
    return rc;
  }

  run<G extends Gate>(): i32 {
    const job = changetype<role_job>(this);
    const cpu = this_role_cpu(job);
    cpu.clock_ns = clock_cost();
    let rc = rendezvous(role_meeting(job, ROLE_MEET_START), job.ncpus, job.deadline_ns);
    if (rc === 0) rc = cpu.role === ROLE_READER ? this.reader<G>(job, cpu) : role_work(job, cpu);
    if (rc !== 0) atomic_cmpxchg(role_over(job), 0, 1); // R5
    if (cpu.role === ROLE_REMOVER) arrive(role_meeting(job, ROLE_MEET_REMOVED), job.removers);
    return rc;
  }
}

/**
 * One CPU's part of a roles job. The slots of the job are filled: roles_open().
 *
 * @returns 0; -EINVAL for an unknown contender; -ETIMEDOUT when the CPUs did not meet; -ENOMEM; -EIO
 *          when a context was not alive (R4)
 * Context: an online CPU; sleeps.
 */
export function bench_roles(job: usize): i32 {
  const j = changetype<role_job>(job);
  const rc = dispatch_contender<roles_op>(j.contender, changetype<roles_op>(job));
  return rc === NO_SUCH_CONTENDER ? -EINVAL : rc;
}
