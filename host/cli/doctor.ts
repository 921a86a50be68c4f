// SPDX-License-Identifier: GPL-2.0-only
import { drawFindings } from "../report/doctor.ts";
import { toJson } from "../report/write.ts";
import { define } from "./command.ts";
import { outputOf } from "./measure.ts";

export const doctor = define({
  name: "doctor",
  summary: "say what on this machine would spoil a measurement, and what to do about it",
  operands: "",
  operandCounts: [0],
  about:
    "Looks at cores, quotas, clock rates, load, steal time, timers, the compiler of the engine and what else moves the figures; takes about two seconds. What the system does not say is called not known, and never guessed. A problem is no failure: the status is 0.",
  options: () => ({}),
  examples: [
    ["", "before a measurement that is to be believed"],
    ["--json - | jq '.findings[] | select(.verdict == \"problem\")'", "the problems alone"],
  ],
  run: async ({ values }, { terminal, runners, version }) => {
    const { page, target, stream } = outputOf(values, terminal);
    try {
      const { examination, findings } = await (await runners.doctor())();
      const tool = { name: "hotunplug", version };
      const startedAt = new Date().toISOString();
      const json = toJson({ tool, startedAt, findings, examination });
      page.print(drawFindings(findings, page.canvas));
      target?.save(json);
      stream?.write(json);
      return 0;
    } finally {
      target?.discard();
    }
  },
});
