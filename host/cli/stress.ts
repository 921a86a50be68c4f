// SPDX-License-Identifier: GPL-2.0-only
import { UsageError } from "../errors.ts";
import type { StressAsked } from "../result/asked.ts";
import type { Parsed } from "./arguments.ts";
import { type Context, define } from "./command.ts";
import { measure } from "./measure.ts";
import { bytes, chance, choice, duration, flag, integer, optionalChoice } from "./options.ts";
import { refuseUnfit } from "./unfit.ts";

const MS = 1e6;
const MIB = 2 ** 20;

function stressOptions({ catalogue, cores }: Context) {
  const revisions = catalogue.revisions.map((revision) => revision.name);
  const generic =
    catalogue.revisions.find((revision) => revision.takesGate) ?? catalogue.revisions[0];
  const gates = catalogue.gates.map((gate) => gate.name);
  return {
    revision: choice(
      "revision",
      revisions,
      generic?.name ?? "",
      "the driver as it stood at a commit",
    ),
    gate: optionalChoice(
      "gate",
      gates,
      `gate to build it with, where the revision lets one choose [${gates[0]}]`,
    ),
    clients: integer(1, 63, Math.max(2, cores), "threads that open, ioctl and close"),
    devices: integer(1, 64, 2, "devices"),
    removers: integer(1, 63, 1, "threads that unplug and replug them"),
    time: duration(10 * MS, 3600e9, 5e9, "length of the storm"),
    seed: integer(0, 2 ** 32 - 1, 1, "seed of every random choice"),
    "fault-rate": chance(0.01, "chance that a step of adding a device fails"),
    sanitize: flag(true, "watch every access: use after free, double free, out of bounds"),
    service: duration(0, 10e9, 0, "time the modelled device takes for a command"),
    stutter: duration(0, 60e9, 0, "pause all threads this often; 0: never"),
    delay: duration(0, 1e9, 0, "longest random delay between operations; 0: none"),
    memory: bytes(16 * MIB, 1024 * MIB, 64 * MIB, "memory of the machine"),
  };
}

type Values = Parsed<ReturnType<typeof stressOptions>>["values"];

function stressAsked(values: Values, { catalogue }: Context): StressAsked {
  const revision = catalogue.revisions.find(({ name }) => name === values.revision);
  const takesGate = revision?.takesGate === true;
  if (!takesGate && values.gate !== null) {
    throw new UsageError(`--gate ${values.gate}: the revision ${values.revision} brings its own`);
  }
  refuseUnfit("--gate", values.gate, catalogue);
  const threads = values.clients + values.removers;
  if (threads > 64) {
    throw new UsageError(
      `--clients and --removers: expected 64 threads at most together, saw ${threads}`,
    );
  }
  const { clients, devices, removers, seed, sanitize } = values;
  return {
    ...{ revision: values.revision, clients, devices, removers, seed, sanitize },
    gate: takesGate ? (values.gate ?? catalogue.gates[0]?.name ?? null) : null,
    timeMs: values.time / MS,
    faultRate: values["fault-rate"],
    serviceNs: values.service,
    stutterMs: values.stutter / MS,
    delayNs: values.delay,
    memoryBytes: values.memory,
  };
}

export const stress = define({
  name: "stress",
  summary: "storm one driver with removals, and say whether it held",
  operands: "",
  operandCounts: [0],
  about:
    "Threads open, ioctl and close while others unplug and replug the devices under them. Every invariant is checked all along and at the end; what does not hold is reported with its trace, and ends with status 1.",
  options: stressOptions,
  examples: [
    ["--gate percpu-ref --time 30s", "the complete revision with another gate"],
    ["--gate busted", "the negative control: must be caught"],
    [
      "--revision percpu-ref --fault-rate 0.1",
      "a driver of the past, adding devices with failures",
    ],
    ["--no-sanitize --clients 4 --removers 2", "faster, and blind to memory"],
  ],
  run: async (parsed, context, options) => {
    const asked = stressAsked(parsed.values, context);
    const values = { ...parsed.values, gate: asked.gate };
    const filled = { ...parsed, values };
    return measure("stress", options, filled, asked, context.runners.stress, context);
  },
});
