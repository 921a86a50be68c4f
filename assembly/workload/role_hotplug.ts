// SPDX-License-Identifier: GPL-2.0-only
/**
 * What removers and adders of a roles job do: rule R3 of bench_roles.ts is kept here. Nothing of it is
 * compiled for each gate, as kill() and init() are called once a removal.
 */
import { atomic_add, READ_ONCE } from "../arch/wasm/atomic";
import { ktime_get } from "../arch/wasm/clock";
import { ENOMEM } from "../arch/wasm/errno";
import { rcu_qs } from "../kernel/rcu/tree";
import { bench_device_kill } from "./bench_device";
import { await_change } from "./rendezvous";
import {
  instance_died,
  instance_dies,
  instance_put,
  SLOT_ADDING,
  SLOT_EMPTY,
  SLOT_REMOVING,
  SLOT_THERE,
  slot_add,
  slot_claim,
  slot_instance,
  slot_of,
  slot_take,
} from "./role_device";
import {
  ROLE_ADDER,
  ROLE_CALM,
  ROLE_REMOVING,
  role_cpu,
  role_job,
  role_meeting,
  role_sample,
} from "./role_job";
import { pace_wait, role_done } from "./role_pace";

/** Adds a device to a slot that is claimed as ADDING. Returns 0 or -ENOMEM. */
function add(job: role_job, slot: usize): i32 {
  return slot_add(job.contender, slot) ? 0 : -ENOMEM;
}

/** Removes what is in a slot that is claimed as REMOVING. */
function remove(job: role_job, cpu: role_cpu, slot: usize): void {
  const instance = slot_take(slot);
  atomic_add(1, role_meeting(job, ROLE_REMOVING));
  const t0 = instance_dies(instance);
  bench_device_kill(job.contender, instance.device);
  const t1 = ktime_get();
  instance_died(instance, slot);
  atomic_add(-1, role_meeting(job, ROLE_REMOVING));
  role_sample(cpu, ROLE_CALM, t0, t1);
  if (t1 - t0 > job.overdue_ns) cpu.overdue++; // R3
  instance_put(job.contender, changetype<usize>(instance));
}

/** One removal or addition of the slot, if it is in the state for it. Returns 0 or -ENOMEM. */
function act(job: role_job, cpu: role_cpu, slot: usize): i32 {
  if (cpu.role === ROLE_ADDER) {
    const t0 = ktime_get();
    const rc = add(job, slot);
    if (rc === 0) role_sample(cpu, ROLE_CALM, t0, ktime_get());
    return rc;
  }
  remove(job, cpu, slot);
  if (job.adders !== 0 || !slot_claim(slot, SLOT_EMPTY, SLOT_ADDING)) return 0;
  return add(job, slot);
}

/** Finds a slot to act on, from the one where the CPU is on. Returns 0 for none. */
function find(job: role_job, cpu: role_cpu): usize {
  const adds = cpu.role === ROLE_ADDER;
  for (let i: u32 = 0; i < job.targets; i++) {
    const slot = slot_of(job.slots, cpu.slot);
    cpu.slot = cpu.slot + 1 < job.targets ? cpu.slot + 1 : 0;
    if (adds && slot_claim(slot, SLOT_EMPTY, SLOT_ADDING)) return slot;
    if (!adds && slot_claim(slot, SLOT_THERE, SLOT_REMOVING)) return slot;
  }
  return 0;
}

/**
 * A remover's part of a job, or an adder's.
 *
 * @returns 0 or -ENOMEM
 * Context: an online CPU; sleeps.
 */
export function role_work(job: role_job, cpu: role_cpu): i32 {
  const start = ktime_get();
  const end = start + job.window_ns;
  let now = start;
  let rc: i32 = 0;
  let due = true;
  while (rc === 0) {
    if (due) pace_wait(job, cpu, cpu.ops, start, end);
    now = ktime_get();
    if (role_done(job, cpu, now, end)) break;
    const slot: usize = job.dry === 0 ? find(job, cpu) : 0;
    due = slot !== 0;
    if (due) {
      rc = act(job, cpu, slot);
      cpu.ops++;
    } else {
      const any = slot_instance(slot_of(job.slots, cpu.slot));
      await_change(any, READ_ONCE(any));
      cpu.away_ns += ktime_get() - now;
    }
    rcu_qs();
  }
  cpu.elapsed_ns = ktime_get() - start;
  return rc;
}

/**
 * Puts a device into each of `n` empty slots.
 *
 * @returns 0 or -ENOMEM
 * Context: nobody is at the slots; may sleep.
 */
export function roles_open(contender: u32, slots: usize, n: u32): i32 {
  for (let i: u32 = 0; i < n; i++) {
    const slot = slot_of(slots, i);
    if (!slot_claim(slot, SLOT_EMPTY, SLOT_ADDING)) continue;
    if (!slot_add(contender, slot)) return -ENOMEM;
  }
  return 0;
}

/** Removes and frees what is in `n` slots. Context: nobody is at them; sleeps. */
export function roles_close(contender: u32, slots: usize, n: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const slot = slot_of(slots, i);
    if (!slot_claim(slot, SLOT_THERE, SLOT_REMOVING)) continue;
    const instance = slot_take(slot);
    bench_device_kill(contender, instance.device);
    instance_died(instance, slot);
    instance_put(contender, changetype<usize>(instance));
  }
}
