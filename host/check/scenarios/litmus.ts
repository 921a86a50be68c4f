// SPDX-License-Identifier: GPL-2.0-only
/**
 * Litmus tests: what a memory model lets threads see, all of it and nothing else.
 *
 * An outcome is what each thread that loads has loaded, in order, "1:10" for r0=1, r1=0 of thread 1; and
 * x and y at last where that may differ.
 */
import type { CoroutineMachine } from "../../machine/coroutine/machine.ts";
import type { Program } from "../../machine/coroutine/program.ts";
import type { Outcomes, Scenario, SetUp, Variant } from "../scenario.ts";
import { AUDIT_ROOTS, nothingLeft } from "./audit.ts";
import { kindsOf } from "./records.ts";

interface Test {
  readonly name: string;
  /** litmus_BODY of each thread, and how many words it loads. */
  readonly threads: readonly (readonly [body: string, loads: number])[];
  /** Whether x and y at last are part of the outcome. */
  readonly final?: boolean;
  /** What is seen under sequential consistency, all of it. */
  readonly outcomes: readonly string[];
  /** The one more that weaker models are known for. */
  readonly telling: string;
  /** The models that show it. */
  readonly shown: readonly ("tso" | "pso")[];
}

const STORE_BUFFERING = ["0:0 1:1", "0:1 1:0", "0:1 1:1"];
const MESSAGE_PASSING = ["1:00", "1:01", "1:11"];

const TWO_THREADS: readonly Test[] = [
  {
    name: "sb",
    threads: [
      ["sb_0", 1],
      ["sb_1", 1],
    ],
    outcomes: STORE_BUFFERING,
    telling: "0:0 1:0",
    shown: ["tso", "pso"],
  },
  {
    name: "sb_mb",
    threads: [
      ["sb_mb_0", 1],
      ["sb_mb_1", 1],
    ],
    outcomes: STORE_BUFFERING,
    telling: "0:0 1:0",
    shown: [],
  },
  {
    name: "mp",
    threads: [
      ["mp_0", 0],
      ["mp_1", 2],
    ],
    outcomes: MESSAGE_PASSING,
    telling: "1:10",
    shown: ["pso"],
  },
  {
    name: "mp_release",
    threads: [
      ["mp_release_0", 0],
      ["mp_1", 2],
    ],
    outcomes: MESSAGE_PASSING,
    telling: "1:10",
    shown: [],
  },
  {
    name: "mp_acquire",
    threads: [
      ["mp_0", 0],
      ["mp_acquire_1", 2],
    ],
    outcomes: MESSAGE_PASSING,
    telling: "1:10",
    shown: ["pso"],
  },
  {
    name: "lb",
    threads: [
      ["lb_0", 1],
      ["lb_1", 1],
    ],
    outcomes: ["0:0 1:0", "0:0 1:1", "0:1 1:0"],
    telling: "0:1 1:1",
    shown: [],
  },
  {
    name: "s",
    threads: [
      ["s_0", 0],
      ["s_1", 1],
    ],
    final: true,
    outcomes: ["1:0 x=1 y=1", "1:0 x=2 y=1", "1:1 x=1 y=1"],
    telling: "1:1 x=2 y=1",
    shown: ["pso"],
  },
  {
    name: "r",
    threads: [
      ["r_0", 0],
      ["r_1", 1],
    ],
    final: true,
    outcomes: ["1:0 x=1 y=1", "1:1 x=1 y=1", "1:1 x=1 y=2"],
    telling: "1:0 x=1 y=2",
    shown: ["tso", "pso"],
  },
  {
    name: "2p2w",
    threads: [
      ["2p2w_0", 0],
      ["2p2w_1", 0],
    ],
    final: true,
    outcomes: ["x=1 y=2", "x=2 y=1", "x=2 y=2"],
    telling: "x=1 y=1",
    shown: ["pso"],
  },
];

const PAIRS = ["00", "01", "10", "11"];
const MORE_THREADS: readonly Test[] = [
  {
    name: "iriw",
    threads: [
      ["iriw_0", 0],
      ["iriw_1", 0],
      ["iriw_2", 2],
      ["iriw_3", 2],
    ],
    outcomes: PAIRS.flatMap((a) => PAIRS.map((b) => `2:${a} 3:${b}`)).filter(
      (outcome) => outcome !== "2:10 3:10",
    ),
    telling: "2:10 3:10",
    shown: [],
  },
  {
    name: "wrc",
    threads: [
      ["wrc_0", 0],
      ["wrc_1", 1],
      ["wrc_2", 2],
    ],
    outcomes: ["0", "1"]
      .flatMap((a) => PAIRS.map((b) => `1:${a} 2:${b}`))
      .filter((outcome) => outcome !== "1:1 2:10"),
    telling: "1:1 2:10",
    shown: [],
  },
];

function outcomesOf({ outcomes, telling, shown }: Test): Outcomes {
  const weak = (model: "tso" | "pso") => [...outcomes, ...(shown.includes(model) ? [telling] : [])];
  return { telling, allowed: { sc: outcomes, tso: weak("tso"), pso: weak("pso") } };
}

/** What one thread has loaded: r0 | r1 << 8, as its body returned it. */
function loaded(machine: CoroutineMachine, thread: number, loads: number): string {
  const result = machine.regions.kept(thread, 0);
  const words = Array.from({ length: loads }, (_, i) => (result >>> (8 * i)) & 0xff);
  return `${thread}:${words.join("")}`;
}

function outcomeOf(machine: CoroutineMachine, words: number, test: Test): string {
  const seen = test.threads.flatMap(([, loads], thread) =>
    loads > 0 ? [loaded(machine, thread, loads)] : [],
  );
  if (test.final === true) {
    const final = Number(machine.call("litmus_final", words));
    seen.push(`x=${final & 0xff}`, `y=${final >>> 8}`);
  }
  return seen.join(" ");
}

function programOf(on: SetUp, test: Test): Program {
  const audit = nothingLeft(on);
  const words = on.call("litmus_init");
  return {
    threads: test.threads.map(([body], thread) => ({
      name: `T${thread}`,
      calls: [{ fn: `litmus_${body}`, args: [words], keep: "loaded" }],
    })),
    outcome: (machine) => outcomeOf(machine, words, test),
    end: [{ fn: "litmus_end", args: [words], expect: [0] }],
    audit,
    kinds: kindsOf("litmus", words),
  };
}

function variantOf(test: Test): Variant {
  const bodies = test.threads.map(([body]) => `litmus_${body}`);
  return {
    name: test.name,
    threads: test.threads.map((_, thread) => `T${thread}`),
    expected: "holds",
    outcomes: outcomesOf(test),
    roots: ["litmus_init", ...bodies, "litmus_final", "litmus_end", ...AUDIT_ROOTS],
    build: (on) => programOf(on, test),
  };
}

export const litmus: Scenario = {
  name: "litmus",
  summary: "what a memory model lets threads see of two words, in the end",
  covers: [],
  of: "primitive",
  variants: () => [...TWO_THREADS, ...MORE_THREADS].map(variantOf),
};
