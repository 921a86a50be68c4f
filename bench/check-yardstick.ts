// SPDX-License-Identifier: GPL-2.0-only
/** The yardstick of check as a variant: a module of its own, from where the workers of a search have it too. */
import type { Variant } from "../host/check/scenario.ts";
import type { Program } from "../host/machine/coroutine/program.ts";

/** @param alike - whether the readers are symmetric: it does not matter which of them is where */
export function yardstick(readers: number, times: number, alike: boolean): Variant {
  const threads = [...Array.from({ length: readers }, () => "reader"), "remover"];
  return {
    name: `${readers} x ${times}`,
    threads,
    expected: "holds",
    roots: ["yardstick_init", "yardstick_reader", "yardstick_remover"],
    build: (on): Program => {
      const p = on.call("yardstick_init");
      const reader = { fn: "yardstick_reader", args: [p, times], expect: [0] };
      return {
        threads: threads.map((name) =>
          name === "remover"
            ? { name, calls: [{ fn: "yardstick_remover", args: [p] }] }
            : { name, calls: [reader], ...(alike ? { alike: 0 } : {}) },
        ),
        end: [],
      };
    },
  };
}
