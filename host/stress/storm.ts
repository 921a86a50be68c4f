// SPDX-License-Identifier: GPL-2.0-only
/**
 * One removal storm, from boot to audit: assembly/workload/storm.ts on every CPU of a machine of its
 * own, watched for progress, and examined when all is closed.
 */
import { availableParallelism } from "node:os";
import { errnoName } from "../abi/errno.ts";
import { MachineError, PanicError, StallError } from "../errors.ts";
import { type SanitizedImage, sanitizedKernel } from "../instrument/image.ts";
import { describeReport, readReports } from "../instrument/report.ts";
import { tierSelectable } from "../machine/engine.ts";
import { boot, type Machine } from "../machine/machine.ts";
import type { StormRow, Violation } from "../result/result.ts";
import { type Census, census, leaks, loggedViolations } from "./audit.ts";
import { chooseDriver, type DriverChoice } from "./drivers.ts";
import { checkRequest, hungAfterMs, replayCommand, type StormRequest } from "./request.ts";
import { writeJob } from "./storm-job.ts";
import { Watch } from "./watch.ts";

export type { StormRequest } from "./request.ts";

/** Loads of its state word that a CPU makes before it parks, where every CPU has a core. */
const IDLE_POLL = 2_000;

/**
 * Runs a storm and says what held.
 *
 * @throws UsageError for an unknown driver, or a storm that makes no sense; MachineError when the
 * machine itself failed. A trap in the kernel and a task that hangs are violations, not errors.
 */
export async function runStorm(request: StormRequest): Promise<StormRow> {
  checkRequest(request);
  const { removers, clients, seed, memoryBytes, tier } = request;
  const cpus = removers + clients;
  const sanitized = request.sanitize ? sanitizedKernel(tier ?? "default") : null;
  const ended = new AbortController();
  const machine = await boot({
    cpus,
    seed,
    signal: ended.signal,
    idlePoll: cpus > availableParallelism() ? 0 : IDLE_POLL,
    pin: cpus <= availableParallelism(),
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
    ...(tier !== undefined && tierSelectable() ? { tier } : {}),
    ...(sanitized ? { image: sanitized.image, shadow: true } : {}),
  });
  try {
    const driver = chooseDriver(machine.kernel, request.revision, request.gate);
    const stopAtFirst = request.stopAtFirst ?? (await isControl(machine, driver));
    return await stormOn(machine, driver, { ...request, stopAtFirst }, sanitized, ended);
  } finally {
    await machine.close();
  }
}

/** Whether the driver's gate protects nothing: what comes after its first violation says nothing. */
async function isControl(machine: Machine, { gate, id }: DriverChoice): Promise<boolean> {
  if (gate === null) return false;
  const entrants = await machine.call(0, "gate_entrants", id & 0xff);
  return entrants === machine.kernel.constant("ENTRANTS_PASS");
}

async function stormOn(
  machine: Machine,
  driver: DriverChoice,
  request: StormRequest,
  sanitized: SanitizedImage | null,
  ended: AbortController,
): Promise<StormRow> {
  const job = writeJob(machine, driver, request);
  const before = await census(machine);
  await request.inspect?.(machine);
  const started = performance.now();
  const ending = await runToEnd(machine, driver, job, request, ended);
  const seconds = (performance.now() - started) / 1000;
  const counts = countsOf(machine);
  const seen = [
    ...(sanitized ? sanitizerViolations(machine, sanitized) : []), // the first is a cause
    ...loggedViolations(machine),
    ...ending,
  ];
  const left = machine.failed === null ? await auditOf(machine, before, seen.length > 0) : [];
  const violations = [...seen, ...left];
  return {
    driver: driver.name,
    revision: driver.revision,
    gate: driver.gate,
    held: violations.length === 0,
    ...(request.asFound ? { asFound: true as const } : {}),
    sanitized: request.sanitize,
    seed: request.seed,
    seconds,
    counts,
    violations,
    replay: replayCommand(request),
  };
}

/** Runs the job on all CPUs, watching them. What ended it before its time comes back as violations. */
async function runToEnd(
  machine: Machine,
  driver: DriverChoice,
  job: number,
  request: StormRequest,
  ended: AbortController,
): Promise<Violation[]> {
  const watch = new Watch(machine, request, (why) => ended.abort(why));
  const deadlineMs = request.timeMs + 6 * hungAfterMs(request); // Watch ends it long before
  const cpus = Array.from({ length: machine.cpus }, (_, cpu) => cpu);
  try {
    const codes = await Promise.all(
      cpus.map((cpu) =>
        machine.invoke(cpu, "storm", { args: [job], gate: driver.name, deadlineMs }),
      ),
    );
    const bad = codes.findIndex((code) => code < 0);
    if (bad < 0 || watch.found.length > 0) return watch.found;
    const why = errnoName(codes[bad] as number);
    if (why !== "ETIMEDOUT") {
      throw new MachineError(`storm(${driver.name}): CPU ${bad} returned ${why}`);
    }
    return [{ property: "hung task", detail: `CPU ${bad} met nobody in time` }];
  } catch (error) {
    const ours = error === ended.signal.reason; // a CPU did not heed the end
    return ours ? watch.found : [...watch.found, brokenBy(error, "")];
  } finally {
    watch.close();
  }
}

async function auditOf(machine: Machine, before: Census, corrupt: boolean): Promise<Violation[]> {
  try {
    return leaks(before, await census(machine, corrupt));
  } catch (error) {
    return [brokenBy(error, "when all was counted at the end, ")];
  }
}

/** A trap or a stall as a violation. @throws what is neither */
function brokenBy(error: unknown, when: string): Violation {
  if (error instanceof PanicError) {
    const { cpu, bug, stack } = error.panic;
    const what = bug ?? error.message.split("\n")[0];
    return { property: "trap", detail: `${when}CPU ${cpu}: ${what}`, trace: stack };
  }
  if (error instanceof StallError) {
    const [first = "", ...trace] = error.message.split("\n").map((line) => line.trim());
    return { property: "hung task", detail: `${when}${first}`, trace };
  }
  throw error;
}

function sanitizerViolations(machine: Machine, sanitized: SanitizedImage): Violation[] {
  return readReports(machine.memory, machine.kernel, sanitized.sites).map((report) => {
    const [line = "", ...trace] = describeReport(report, sanitized);
    const { property, count } = report;
    const detail = line.replace(`${property}: `, "").replace(/, \d+ times$/, "");
    return { property, detail, ...(count > 1 ? { count } : {}), trace };
  });
}

/** EV_RWSEM_SLEEP_READER to rwsem_sleep_reader; events that did not happen are left out. */
function countsOf(machine: Machine): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [name, count] of Object.entries(machine.events())) {
    if (count > 0n) counts[name.replace(/^EV_/, "").toLowerCase()] = Number(count);
  }
  return counts;
}
