// SPDX-License-Identifier: GPL-2.0-only
/**
 * One removal storm, from boot to audit: assembly/workload/storm.ts on every CPU of a machine of its
 * own, watched for progress, and examined when all is closed.
 */
import { availableParallelism } from "node:os";
import { MachineError, PanicError, StallError } from "../errors.ts";
import { type SanitizedImage, sanitizedKernel } from "../instrument/image.ts";
import { describeReport, readReports } from "../instrument/report.ts";
import { type Tier, tierSelectable } from "../machine/engine.ts";
import { boot, type Machine } from "../machine/machine.ts";
import type { StormRow, Violation } from "../result/result.ts";
import { leaks, loggedViolations, slabCensus } from "./audit.ts";
import { chooseDriver, type DriverChoice } from "./drivers.ts";

const MEETING_BYTES = 64;
const NS_PER_MS = 1e6;
/** Loads of its state word that a CPU makes before it parks, where every CPU has a core. */
const IDLE_POLL = 2_000;
/** A CPU that makes no progress for this long hangs. */
const HUNG_TASK_MS = 5_000;
const TICK_MS = 50;
const FAULT_RATE_ONE = 65_536;
const IOCTLS_PER_OPEN = 64;
const PAUSE_NS = 5_000;
/** With faults, openers get this long to race into a device that is live but not added yet. */
const LIVE_WINDOW_NS = 20_000;

export interface StormRequest {
  readonly revision: string;
  readonly gate: string | null;
  readonly clients: number;
  readonly devices: number;
  readonly removers: number;
  readonly timeMs: number;
  readonly seed: number;
  readonly faultRate: number;
  readonly sanitize: boolean;
  readonly serviceNs: number;
  readonly stutterMs: number;
  readonly delayNs: number;
  readonly memoryBytes?: number;
  readonly tier?: Tier;
  readonly signal: AbortSignal;
  /** Ends the storm at its first violation, as a negative control wants it. */
  readonly stopAtFirst?: boolean;
  readonly onTick?: (elapsedMs: number) => void;
  /** Called with the machine while it is alive. */
  readonly inspect?: (machine: Machine) => void;
}

/**
 * Runs a storm and says what held.
 *
 * @throws UsageError for an unknown driver; MachineError when the machine itself failed. A trap in the
 * kernel and a task that hangs are violations, not errors.
 */
export async function runStorm(request: StormRequest): Promise<StormRow> {
  const { removers, clients, seed, memoryBytes, tier } = request;
  const cpus = removers + clients;
  const sanitized = request.sanitize ? sanitizedKernel(tier ?? "default") : null;
  const machine = await boot({
    cpus,
    seed,
    idlePoll: cpus > availableParallelism() ? 0 : IDLE_POLL,
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
    ...(tier !== undefined && tierSelectable() ? { tier } : {}),
    ...(sanitized ? { image: sanitized.image, shadow: true } : {}),
  });
  try {
    request.inspect?.(machine);
    const driver = chooseDriver(machine.kernel, request.revision, request.gate);
    return await stormOn(machine, driver, sanitized, request);
  } finally {
    await machine.close();
  }
}

async function stormOn(
  machine: Machine,
  driver: DriverChoice,
  sanitized: SanitizedImage | null,
  request: StormRequest,
): Promise<StormRow> {
  const job = writeJob(machine, driver, request);
  const before = await slabCensus(machine);
  const started = performance.now();
  const stopped = await runToEnd(machine, driver, job, request);
  const seconds = (performance.now() - started) / 1000;
  const violations = [...stopped];
  if (machine.failed === null) violations.push(...leaks(before, await slabCensus(machine)));
  violations.push(...loggedViolations(machine));
  if (sanitized) violations.push(...sanitizerViolations(machine, sanitized));
  return {
    driver: driver.name,
    revision: driver.revision,
    gate: driver.gate,
    held: violations.length === 0,
    sanitized: request.sanitize,
    seed: request.seed,
    seconds,
    counts: countsOf(machine),
    violations,
    replay: replayCommand(request),
  };
}

function sanitizerViolations(machine: Machine, sanitized: SanitizedImage): Violation[] {
  return readReports(machine.memory, machine.kernel, sanitized.sites).map((report) => {
    const [line = "", ...trace] = describeReport(report, sanitized.sites);
    return { property: report.property, detail: line.replace(`${report.property}: `, ""), trace };
  });
}

/** Runs the job on all CPUs, watching them. What ended it before its time comes back as violations. */
async function runToEnd(
  machine: Machine,
  driver: DriverChoice,
  job: number,
  request: StormRequest,
): Promise<Violation[]> {
  const watch = new Watch(machine, request);
  const deadlineMs = request.timeMs + 4 * HUNG_TASK_MS;
  const cpus = Array.from({ length: machine.cpus }, (_, cpu) => cpu);
  try {
    const codes = await Promise.all(
      cpus.map((cpu) =>
        machine.invoke(cpu, "storm", { args: [job], gate: driver.name, deadlineMs }),
      ),
    );
    const bad = codes.findIndex((code) => code < 0);
    if (bad < 0) return watch.found;
    if (machine.kernel.constant("ETIMEDOUT") === -(codes[bad] as number)) {
      return [...watch.found, { property: "hung task", detail: `CPU ${bad} met nobody in time` }];
    }
    throw new MachineError(`storm(${driver.name}): CPU ${bad} returned ${codes[bad]}`);
  } catch (error) {
    if (error instanceof PanicError) return [...watch.found, panicViolation(error)];
    if (error instanceof StallError) {
      return [...watch.found, { property: "hung task", detail: error.message }];
    }
    throw error;
  } finally {
    watch.end();
  }
}

function panicViolation(error: PanicError): Violation {
  const { cpu, bug, stack } = error.panic;
  const detail = `CPU ${cpu}: ${bug ?? error.message}`;
  return { property: "trap", detail, trace: stack };
}

/** Looks at a running storm every TICK_MS: progress of each task, the signal, the first violation. */
class Watch {
  readonly found: Violation[] = [];
  readonly #machine: Machine;
  readonly #request: StormRequest;
  readonly #timer: NodeJS.Timeout;
  readonly #started = performance.now();
  readonly #last: { progress: number; at: number }[];

  constructor(machine: Machine, request: StormRequest) {
    this.#machine = machine;
    this.#request = request;
    this.#last = machine.tasks().map(({ progress }) => ({ progress, at: this.#started }));
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  end(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const now = performance.now();
    const { signal, onTick, stopAtFirst, timeMs } = this.#request;
    onTick?.(now - this.#started);
    if (signal.aborted) this.#machine.stop();
    if (stopAtFirst && this.#machine.events()["EV_VIOLATION"] !== 0n) this.#machine.stop();
    if (now - this.#started > timeMs) return; // the last meeting and the removals: runToEnd()'s deadline
    for (const task of this.#machine.tasks()) {
      const last = this.#last[task.cpu];
      if (last === undefined || last.progress !== task.progress) {
        this.#last[task.cpu] = { progress: task.progress, at: now };
      } else if (now - last.at > HUNG_TASK_MS) {
        last.at = now;
        const where =
          task.wait === "WAIT_NONE" ? "runs" : `waits in ${task.wait} at ${task.object}`;
        const detail = `CPU ${task.cpu} did nothing for ${HUNG_TASK_MS / 1000} s: it ${where}`;
        this.found.push({ property: "hung task", detail });
        this.#machine.stop();
      }
    }
  }
}

function writeJob(machine: Machine, driver: DriverChoice, request: StormRequest): number {
  const { kernel: k, memory } = machine;
  const { devices, removers, seed, timeMs, faultRate } = request;
  const job = machine.hostAlloc(k.constant("SIZEOF_STORM_JOB"));
  const slots = machine.hostAlloc(k.constant("SIZEOF_STORM_SLOT") * devices);
  const meetings = machine.hostAlloc(MEETING_BYTES * k.constant("STORM_MEETINGS"));
  const view = new DataView(memory.buffer);
  const at = (field: string) => job + k.constant(`OFFSETOF_STORM_JOB_${field}`);
  const u32 = (field: string, value: number) => view.setUint32(at(field), value, true);
  const u64 = (field: string, value: number) => view.setBigUint64(at(field), BigInt(value), true);
  u32("DRIVER", driver.id);
  u32("NCPUS", machine.cpus);
  u32("REMOVERS", removers);
  u32("NDEVICES", devices);
  u64("DURATION_NS", timeMs * NS_PER_MS);
  u64("DEADLINE_NS", 2 * HUNG_TASK_MS * NS_PER_MS);
  u32("SLOTS", slots);
  u32("MEETINGS", meetings);
  u32("SEED", seed);
  u32("FAULT_MASK", faultRate > 0 ? 0x7f : 0);
  u32("FAULT_RATE", Math.round(faultRate * FAULT_RATE_ONE));
  u32("IOCTLS_PER_OPEN", IOCTLS_PER_OPEN);
  u64("SERVICE_NS", request.serviceNs);
  u32("DELAY_NS", request.delayNs);
  u32("STUTTER_NS", request.stutterMs * NS_PER_MS);
  u32("LIVE_WINDOW_NS", faultRate > 0 ? LIVE_WINDOW_NS : 0);
  u32("PAUSE_NS", PAUSE_NS);
  return job;
}

/** EV_RWSEM_SLEEP_READER to rwsem_sleep_reader; events that did not happen are left out. */
function countsOf(machine: Machine): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [name, count] of Object.entries(machine.events())) {
    if (count > 0n) counts[name.replace(/^EV_/, "").toLowerCase()] = Number(count);
  }
  return counts;
}

/** The command line that runs this storm again. */
export function replayCommand(request: StormRequest): string {
  const { revision, gate, clients, devices, removers, timeMs, seed } = request;
  const words = ["hotunplug stress", `--revision ${revision}`];
  if (gate !== null) words.push(`--gate ${gate}`);
  words.push(`--clients ${clients}`, `--devices ${devices}`, `--removers ${removers}`);
  words.push(`--time ${timeMs}ms`, `--seed ${seed}`);
  if (request.faultRate > 0) words.push(`--fault-rate ${request.faultRate}`);
  if (request.serviceNs > 0) words.push(`--service ${request.serviceNs}ns`);
  if (request.stutterMs > 0) words.push(`--stutter ${request.stutterMs}ms`);
  if (request.delayNs > 0) words.push(`--delay ${request.delayNs}ns`);
  if (request.sanitize) words.push("--sanitize");
  return words.join(" ");
}
