// SPDX-License-Identifier: GPL-2.0-only
/** What of the JavaScript engine would spoil a measurement. */
import type { Examination } from "./examination.ts";
import { type Finding, fine, problem } from "./finding.ts";

/** Options of V8 that change how wasm is compiled, or whether. */
const COMPILING =
  /^--(no-?)?(wasm|liftoff|jitless|turbo|opt\b|max-lazy|interpreted|predictable|single-threaded)/;

export function engineFindings({ engine }: Examination): Finding[] {
  const { name, tierSelectable, options, waitBug, canaryFailure } = engine;
  const flags = engine.flags.length > 0 ? `, by ${engine.flags.join(" ")}` : "";
  const tier = tierSelectable
    ? fine("compiler tier", `${name}; bench runs every row in the ${engine.tier} tier${flags}`)
    : problem(
        "compiler tier",
        `${name} does not let it be chosen`,
        "a row may change its compiler while it is timed, and an atomic add may be a loop: see the table's add over exchange, or use node",
      );
  const compiling = options.filter((option) => COMPILING.test(option.replaceAll("_", "-")));
  const started =
    compiling.length === 0
      ? fine("engine options", options.length > 0 ? options.join(" ") : "none")
      : problem(
          "engine options",
          compiling.join(" "),
          "they change how wasm is compiled: start without them (command line, NODE_OPTIONS)",
        );
  return [tier, started, wait(waitBug, canaryFailure)];
}

function wait(waitBug: boolean, canaryFailure: string | null): Finding {
  const what = "memory.atomic.wait";
  if (canaryFailure !== null) {
    return problem(what, canaryFailure, "no machine boots on it: use another version of node");
  }
  if (!waitBug) return fine(what, "sound");
  return fine(
    what,
    "this engine's baseline compiler spoils a local across it (V8 11.3); the kernel is built around that, and its canary passed",
  );
}
