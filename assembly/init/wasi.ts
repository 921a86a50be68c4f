// SPDX-License-Identifier: GPL-2.0-only
/**
 * The kernel as a WASI command: it boots in whatever memory the engine gave it, starts a thread for each
 * CPU, puts every gate through a short removal storm, and prints a line for each.
 *
 * Source:  the wasi-threads ABI: _start() on the first thread, thread-spawn(arg), wasi_thread_start().
 *
 * CPUs:    0 removes and replugs, 1 and 2 are its clients, each on a thread of its own. The first thread
 *          is CPU 3: it never enters a gate, so it can tell when the others hang.
 *
 * State:   wasi_state, at WASI_STATE. A round is one storm: the first thread bumps `round`, each other
 *          thread runs it and bumps `done`.
 *
 * Rules:   W1  Every wait of the first thread ends: a thread that does not start or does not come back
 *              makes the command fail.
 *          W2  Exit status: 0 when every gate held; 1 when one did not, or when it could not be told.
 *          W3  A control is named and left out: what it lets happen would corrupt this very kernel,
 *              and a trap here is the end of the process. `hotunplug stress` storms it. A gate that no
 *              driver is built with is not named.
 */
import {
  atomic_add_return,
  atomic_cmpxchg,
  atomic_read,
  atomic_set,
  READ_ONCE,
  smp_store_release,
} from "../arch/wasm/atomic";
import { ktime_get } from "../arch/wasm/clock";
import { EV_IOCTL, EV_REMOVE, EV_VIOLATION } from "../arch/wasm/events";
import { futex_wait, futex_wake } from "../arch/wasm/futex";
import { boot, WASI_STATE } from "../arch/wasm/memory";
import { PERCPU_EVENTS, per_cpu_ptr } from "../arch/wasm/percpu";
import { proc_exit, thread_spawn } from "../arch/wasm/wasi";
import { REV_PUT_DEVICE } from "../drivers/cxl/memdev/revision";
import { driver_exists } from "../drivers/cxl/memdev/table";
import { FIRST_ATOMIC, FIRST_CONTROL } from "../gates/gate";
import {
  GATE_BRAVO,
  GATE_BRLOCK,
  GATE_BUSTED,
  GATE_HAZARD,
  GATE_KERNFS_ACTIVE,
  GATE_LDSEM,
  GATE_MUTEX,
  GATE_PERCPU_REF,
  GATE_PERCPU_RWSEM,
  GATE_REFCOUNT,
  GATE_REVOCABLE,
  GATE_RWSEM,
  GATE_RWSEM_PER_DEVICE,
  GATE_SEQLOCK,
  GATE_SRCU,
  GATE_SRCU_FAST,
} from "../gates/table";
import { kzalloc, NR_SLAB_TYPES, SLAB_INODE, SLAB_MISC, slab_live } from "../mm/slab";
import { STORM_MEETINGS, storm, storm_job, storm_slot } from "../workload/storm";
import { put_line, put_number, put_text } from "./console";
import { cpu_down, cpu_enter, cpu_leave, cpu_up, kernel_boot } from "./main";

const STORM_CPUS: u32 = 3;
const DEVICES: u32 = 2;
const STORM_NS: u64 = 200_000_000;
const DEADLINE_NS: u64 = 10_000_000_000;
const SLICE_NS: i64 = 50_000_000;
const PAGE_BYTES: u32 = 0x10000;
const USER_BYTES: u32 = 0x10000; // a CPU
const MEETING_BYTES: u32 = 64;

@unmanaged
@final
class wasi_state {
  /** Number of the storm that runs or ran last; futex word of the threads. */
  round: u32;
  /** Threads that have finished it; futex word of the first thread. */
  done: u32;
  /** What the first of them that failed returned. */
  error: i32;
  /** Address of the storm_job of all rounds. */
  job: u32;
}

export const OFFSETOF_WASI_STATE_ROUND: u32 = offsetof<wasi_state>("round");
export const OFFSETOF_WASI_STATE_DONE: u32 = offsetof<wasi_state>("done");
export const OFFSETOF_WASI_STATE_ERROR: u32 = offsetof<wasi_state>("error");

const ROUND: usize = WASI_STATE + offsetof<wasi_state>("round");
const DONE: usize = WASI_STATE + offsetof<wasi_state>("done");
const ERROR: usize = WASI_STATE + offsetof<wasi_state>("error");

function storm_job_of_all(): storm_job {
  return changetype<storm_job>(changetype<wasi_state>(WASI_STATE).job); // plain: written once, by CPU 3
}

/** boot_info for a kernel that no host has laid a memory out for. */
function default_boot_info(): void {
  const b = boot(); // plain: the only thread so far
  b.ncpus = STORM_CPUS + 1;
  b.user_end = <u32>memory.size() * PAGE_BYTES;
  b.user_base = b.user_end - b.ncpus * USER_BYTES;
  b.arena_end = b.user_base;
  b.seed = 1;
  b.rcu_stall_timeout_ns = DEADLINE_NS;
  b.spin_limit = 1000;
  b.rwsem_wait_timeout_ns = 4_000_000;
}

/** The part of the job that is the same for every gate. @returns 0, or -ENOMEM as false */
function make_job(): bool {
  const job = changetype<storm_job>(kzalloc(offsetof<storm_job>(), SLAB_MISC));
  const slots = kzalloc(DEVICES * <u32>offsetof<storm_slot>(), SLAB_MISC);
  const meetings = kzalloc(STORM_MEETINGS * MEETING_BYTES, SLAB_MISC);
  if (changetype<usize>(job) === 0 || slots === 0 || meetings === 0) return false;
  job.ncpus = STORM_CPUS; // plain, all of it: the threads start later
  job.removers = 1;
  job.ndevices = DEVICES;
  job.duration_ns = STORM_NS;
  job.deadline_ns = DEADLINE_NS;
  job.slots = <u32>slots;
  job.meetings = <u32>meetings;
  job.seed = boot().seed;
  job.ioctls_per_open = 16;
  job.pause_ns = 20_000;
  changetype<wasi_state>(WASI_STATE).job = <u32>changetype<usize>(job);
  return true;
}

/** W1. @returns whether all threads have finished the round in time */
function await_done(): bool {
  const deadline = ktime_get() + DEADLINE_NS + STORM_NS;
  let done = READ_ONCE(DONE);
  while (done !== STORM_CPUS && ktime_get() < deadline) {
    futex_wait(DONE, done, SLICE_NS);
    done = READ_ONCE(DONE);
  }
  return done === STORM_CPUS;
}

function finish_round(rc: i32): void {
  if (rc !== 0) atomic_cmpxchg(ERROR, 0, rc);
  if (<u32>atomic_add_return(1, DONE) === STORM_CPUS) futex_wake(DONE, 1);
}

/**
 * A thread's life: CPU `cpu`, which storms whenever a round begins, until the process ends.
 *
 * @param tid - given by the engine, unused: the argument of thread-spawn says which CPU this is
 */
export function wasi_thread_start(_tid: i32, cpu: usize): void {
  const up = cpu_up(<u32>cpu);
  finish_round(up);
  if (up !== 0) return;
  for (let round: u32 = 0; ; ) {
    while (READ_ONCE(ROUND) === round) futex_wait(ROUND, round, -1);
    round = READ_ONCE(ROUND);
    cpu_enter();
    const rc = storm(changetype<usize>(storm_job_of_all()));
    cpu_leave();
    finish_round(rc);
  }
}

/** Sum of an event over the CPUs. Context: they are idle. */
function events(ev: u32): u64 {
  let sum: u64 = 0;
  for (let cpu: u32 = 0; cpu < boot().ncpus; cpu++) {
    sum += load<u64>(per_cpu_ptr(PERCPU_EVENTS + ((<usize>ev) << 3), cpu)); // plain: all are idle
  }
  return sum;
}

/** Objects in use, but for device nodes, which stay for good. Context: the CPUs are idle. */
function objects(): i32 {
  let sum: i32 = 0;
  for (let type: u32 = 0; type < NR_SLAB_TYPES; type++) {
    if (type !== SLAB_INODE) sum += slab_live(type);
  }
  return sum;
}

/** One storm through `gate`, from the first thread. @returns false when a thread hangs */
function run_round(gate: u32): bool {
  const job = storm_job_of_all(); // plain: the threads wait for the round
  job.driver = (REV_PUT_DEVICE << 8) | gate;
  memory.fill(<usize>job.slots, 0, DEVICES * <u32>offsetof<storm_slot>());
  memory.fill(<usize>job.meetings, 0, STORM_MEETINGS * MEETING_BYTES);
  atomic_set(ERROR, 0);
  atomic_set(DONE, 0);
  smp_store_release(ROUND, READ_ONCE(ROUND) + 1);
  futex_wake(ROUND, -1);
  return await_done();
}

function put_gate(gate: u32): void {
  switch (gate) {
    case GATE_RWSEM:
      put_text(0x6d65737772); // "rwsem"
      break;
    case GATE_RWSEM_PER_DEVICE:
      put_text(0x65705f6d65737772, 0x6563697665645f72); // "rwsem_pe" "r_device"
      break;
    case GATE_PERCPU_REF:
      put_text(0x725f757063726570, 0x6665); // "percpu_r" "ef"
      break;
    case GATE_REFCOUNT:
      put_text(0x746e756f63666572); // "refcount"
      break;
    case GATE_MUTEX:
      put_text(0x786574756d); // "mutex"
      break;
    case GATE_KERNFS_ACTIVE:
      put_text(0x615f73666e72656b, 0x6576697463); // "kernfs_a" "ctive"
      break;
    case GATE_LDSEM:
      put_text(0x6d6573646c); // "ldsem"
      break;
    case GATE_PERCPU_RWSEM:
      put_text(0x725f757063726570, 0x6d657377); // "percpu_r" "wsem"
      break;
    case GATE_BRAVO:
      put_text(0x6f76617262); // "bravo"
      break;
    case GATE_HAZARD:
      put_text(0x6472617a6168); // "hazard"
      break;
    case GATE_BRLOCK:
      put_text(0x6b636f6c7262); // "brlock"
      break;
    case GATE_SRCU:
      put_text(0x75637273); // "srcu"
      break;
    case GATE_SRCU_FAST:
      put_text(0x7361665f75637273, 0x74); // "srcu_fas" "t"
      break;
    case GATE_REVOCABLE:
      put_text(0x6c6261636f766572, 0x65); // "revocabl" "e"
      break;
    case GATE_BUSTED:
      put_text(0x646574737562); // "busted"
      break;
    case GATE_SEQLOCK:
      put_text(0x6b636f6c716573); // "seqlock"
      break;
  }
  put_text(0x203a); // ": "
}

function put_count(n: u64): void {
  put_text(0x202c); // ", "
  put_number(n);
}

/** Storms one gate and prints its line. @returns whether it held */
function storm_gate(gate: u32): bool {
  const ioctls = events(EV_IOCTL);
  const removals = events(EV_REMOVE);
  const violations = events(EV_VIOLATION);
  const live = objects();
  const back = run_round(gate);
  put_gate(gate);
  if (!back) fail(0, 0x676e7568, 0, 0); // "hung": its threads are not to be had for the next gate
  const broken = events(EV_VIOLATION) - violations;
  const leaked = objects() - live;
  const error = atomic_read(ERROR);
  const held = broken === 0 && leaked === 0 && error === 0;
  if (held)
    put_text(0x646c6568); // "held"
  else put_text(0x4e454b4f5242); // "BROKEN"
  put_count(events(EV_IOCTL) - ioctls);
  put_text(0x736c74636f6920); // " ioctls"
  put_count(events(EV_REMOVE) - removals);
  put_text(0x6c61766f6d657220, 0x73); // " removal" "s"
  if (!held) {
    put_count(broken);
    put_text(0x6974616c6f697620, 0x736e6f); // " violati" "ons"
    put_count(<u64>(leaked < 0 ? -leaked : leaked));
    put_text(0x64656b61656c20); // " leaked"
    put_count(<u64>-error);
    put_text(0x6f6e72726520); // " errno"
  }
  put_line();
  return held;
}

/** Says why, with an errno unless it is 0, and ends the process: W2. Does not return. */
function fail(errno: i32, a: u64, b: u64, c: u64): void {
  put_text(a, b, c);
  if (errno !== 0) {
    put_text(0x206f6e72726520); // " errno "
    put_number(<u64>errno);
  }
  put_line();
  proc_exit(1);
}

/** Boots, and starts the threads; whatever goes wrong ends the process (W1, W2). */
function start_machine(): void {
  default_boot_info();
  const booted = kernel_boot();
  // "kernel_b" "oot fail" "s:"
  if (booted !== 0) fail(-booted, 0x625f6c656e72656b, 0x6c69616620746f6f, 0x3a73);
  // "out of m" "emory"
  if (cpu_up(STORM_CPUS) !== 0 || !make_job()) fail(0, 0x6d20666f2074756f, 0x79726f6d65, 0);
  for (let cpu: u32 = 0; cpu < STORM_CPUS; cpu++) {
    const tid = thread_spawn(<usize>cpu);
    // "thread-s" "pawn fai" "ls:"
    if (tid < 0) fail(-tid, 0x732d646165726874, 0x696166206e776170, 0x3a736c);
  }
  // "a thread" " did not" " start"
  if (!await_done()) fail(0, 0x6461657268742061, 0x746f6e2064696420, 0x747261747320);
}

function is_driver_gate(gate: u32): bool {
  return driver_exists((REV_PUT_DEVICE << 8) | gate);
}

/** The command. Context: the engine's first thread, in memory that is all zero. */
export function _start(): void {
  start_machine();
  let held = true;
  for (let gate: u32 = 0; gate < FIRST_CONTROL; gate++) {
    if (is_driver_gate(gate) && !storm_gate(gate)) held = false;
  }
  for (let gate = FIRST_CONTROL; gate < FIRST_ATOMIC; gate++) {
    if (!is_driver_gate(gate)) continue;
    put_gate(gate);
    put_text(0x6f72746e6f632061, 0x7320746f6e202c6c, 0x64656d726f74); // "a contro" "l, not s" "tormed"
    put_line();
  }
  cpu_down();
  proc_exit(held ? 0 : 1);
}
