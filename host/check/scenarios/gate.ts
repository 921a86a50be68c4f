// SPDX-License-Identifier: GPL-2.0-only
/** Each gate by itself: entrants of a device against its remover, without a driver around it. */
import { Errno } from "../../abi/errno.ts";
import type { KernelAbi } from "../../abi/kernel.ts";
import type { Program, Thread } from "../../machine/coroutine/program.ts";
import { gateId, isControlGate } from "../../machine/driver.ts";
import type { Expected, Scenario, SetUp, Variant } from "../scenario.ts";
import { AUDIT_ROOTS, nothingLeft } from "./audit.ts";
import { castOf, several } from "./driver.ts";
import { onCpu } from "./on-cpu.ts";
import { OBJECTS } from "./records.ts";

const BODIES = ["init", "entrant", "nester", "remover", "end"];
const ROOTS = [...BODIES.map((body) => `check_gate_${body}`), "rcu_barrier", ...AUDIT_ROOTS];

/** @param visits - at most: once it is turned away, an entrant goes home */
function entrant(device: number, visits: number): Thread {
  const expect = [0, -Errno.ENXIO];
  return {
    name: "entrant",
    calls: onCpu({ fn: "check_gate_entrant", args: [device, visits], expect }),
  };
}

/**
 * @param depth - how often it is inside at once
 * @param inner - another device, which it visits from there, or 0
 */
function nester(device: number, depth: number, inner = 0): Thread {
  const expect = [0, -Errno.ENXIO];
  return {
    name: "nester",
    calls: onCpu({ fn: "check_gate_nester", args: [device, depth, inner], expect }),
  };
}

function remover(device: number): Thread {
  return {
    name: "remover",
    calls: onCpu({ fn: "check_gate_remover", args: [device], expect: [0] }),
  };
}

/** What the threads do with the devices that there are. */
type Cast = (devices: readonly number[]) => Thread[];

function around(on: SetUp, gate: string, count: number, cast: Cast): Program {
  const audit = nothingLeft(on);
  on.call("cpu_enter");
  const id = gateId(on.machine.abi, gate);
  const devices = Array.from({ length: count }, () => on.call("check_gate_init", id));
  on.call("cpu_leave");
  const ends = devices.map((device) => ({
    fn: "check_gate_end",
    ...{ args: [device], expect: [0] },
  }));
  const bare = devices.map((at, i) => ({ at, gate, name: `device${"AB"[i]}` }));
  const end = onCpu({ fn: "rcu_barrier" }, ...ends);
  return { threads: cast(devices), end, audit, bare, kinds: OBJECTS };
}

interface Meeting {
  readonly name: string;
  readonly threads: readonly string[];
  readonly devices: number;
  readonly cast: Cast;
  /** Of a control. */
  readonly expected: Expected;
  readonly inSuite?: boolean;
  /** See Variant. */
  readonly rwsemWaitNs?: number;
}

const [A, B] = [0, 1] as const;
const of = (devices: readonly number[], which: 0 | 1) => devices[which] as number; // it was made

/** `count` entrants, `visits` times each, against a remover. */
function meet(count: number, visits: number, inSuite: boolean): Meeting {
  const threads = castOf(count, "entrant", "remover");
  return {
    name: visits === 1 ? threads.join("-") : "entrant-twice",
    ...{ threads, devices: 1, expected: "violated", inSuite },
    cast: (devices) => [
      ...several(count, () => entrant(of(devices, A), visits)),
      remover(of(devices, A)),
    ],
  };
}

/**
 * How often one CPU is inside at once, of the gates that have to know: brlock counts on the CPU; hazard
 * has seats, and counts when all are taken. Where entrants block, this would be a deadlock.
 */
const NESTS: Readonly<Record<string, readonly number[]>> = { brlock: [2], hazard: [2, 5] };

function nest(depth: number): Meeting {
  return {
    name: `nested-${depth}`,
    ...{ threads: ["nester", "remover"], devices: 1, expected: "violated" },
    cast: (devices) => [nester(of(devices, A), depth), remover(of(devices, A))],
  };
}

/**
 * How often a CPU is inside another device while it visits the one that is removed: hazard has its first seat
 * for that then, one of the others, or none.
 */
const WITHIN: Readonly<Record<string, readonly number[]>> = { hazard: [1, 4] };

function within(depth: number): Meeting {
  return {
    name: `within-${depth}`,
    ...{ threads: ["nester", "remover"], devices: 2, expected: "violated" },
    cast: (devices) => [nester(of(devices, A), depth, of(devices, B)), remover(of(devices, B))],
  };
}

/**
 * An entrant that comes for ever, against a remover that is to come to its end all the same. The time for
 * which an rwsem's writer waits before it asks to be handed the lock has passed: until then readers may keep
 * it out.
 */
const PASSED_NS = -1;
function flood(count: number): Meeting {
  const threads = castOf(count, "entrant", "remover");
  return {
    name: count === 1 ? FLOOD : `${FLOOD}-${count}`,
    ...{ threads, devices: 1, expected: "violated", rwsemWaitNs: PASSED_NS },
    cast: (devices) => [
      ...several(count, () => ({ ...entrant(of(devices, A), 1), forever: true })),
      remover(of(devices, A)),
    ],
  };
}
const FLOOD = "flood";

/** Gates that count entries and exits up for ever: no state of theirs comes again, and there are no cycles. */
const COUNT_UP = ["srcu", "srcu_fast", "revocable"];
/**
 * A remover that is woken takes it, or asks to be handed it, by a compare-exchange without the lock of the
 * queue, and entrants may come between each time. Who schedules would have to mean it: it is told, and no fault.
 */
const LOSES_RACES = "mutex";

/** Gates whose entrants go round a loop where they meet one another: it takes two. */
const LOOPS = ["kernfs_active", "refcount"];
/** A gate that turns entrants away once it is dying: one alone leaves it in between, two need not. */
const TURNS_AWAY = "refcount";

/** What is global has to tell devices apart: entrants of one, while another is removed. */
const NEIGHBOURS: readonly Meeting[] = [
  {
    name: "neighbour",
    ...{ threads: ["entrant", "remover"], devices: 2, expected: "holds" },
    cast: (devices) => [entrant(of(devices, A), 1), remover(of(devices, B))],
  },
  {
    name: "removers",
    ...{ threads: ["remover", "remover"], devices: 2, expected: "holds" },
    cast: (devices) => [remover(of(devices, A)), remover(of(devices, B))],
  },
];

function variant(abi: KernelAbi, gate: string, { cast, devices, ...meeting }: Meeting): Variant {
  const sound = meeting.name === FLOOD && gate === LOSES_RACES ? null : "holds";
  return {
    ...meeting,
    expected: isControlGate(abi, gate) ? meeting.expected : sound,
    roots: ROOTS,
    build: (on) => around(on, gate, devices, cast),
  };
}

export const gate: Scenario = {
  name: "gate",
  summary: "each gate by itself: entrants of a device against its remover, or another's",
  covers: ["G1-G4, O1, O2 of gates/gate.ts"],
  of: "gate",
  variants: (abi, driver, threads) => {
    if (driver?.gate == null) return [];
    const name = driver.gate;
    const meetings = [
      meet(threads ?? 1, 1, true),
      meet(threads ?? 1, 2, true),
      ...(threads === null ? [meet(2, 1, LOOPS.includes(name))] : []),
      ...(NESTS[name] ?? []).map(nest),
      ...(WITHIN[name] ?? []).map(within),
      ...(COUNT_UP.includes(name) ? [] : [flood(1)]),
      ...(name === TURNS_AWAY ? [flood(2)] : []),
      ...NEIGHBOURS,
    ];
    return meetings.map((meeting) => variant(abi, name, meeting));
  },
};
