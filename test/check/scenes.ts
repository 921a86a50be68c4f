// SPDX-License-Identifier: GPL-2.0-only
/** Configurations that break something, explored until they do. */
import * as assert from "uvu/assert";
import {
  type Configuration,
  DEFAULT_SEARCH,
  explore,
  prepare,
} from "../../host/check/configuration.ts";
import type { CheckImage } from "../../host/check/image.ts";
import type { Driver, SetUp, Variant } from "../../host/check/scenario.ts";
import { kindsOf } from "../../host/check/scenarios/records.ts";
import { removal } from "../../host/check/scenarios/removal.ts";
import { checkImage } from "../../host/check/weave.ts";
import type { Interleaver } from "../../host/machine/coroutine/interleaver.ts";
import type { Violation } from "../../host/machine/coroutine/violation.ts";
import { kernelImage } from "../../host/machine/image.ts";
import type { MemoryModel } from "../../host/result/check.ts";

/** A thread of a control: what its role is called in the export's name, and its arguments. */
export type Role = readonly [role: string, ...args: number[]];

function control(name: string, roles: readonly Role[]): Variant {
  const threads = roles.map(([role]) => role);
  const build = (on: SetUp) => {
    on.call("cpu_enter");
    const record = on.call(`${name}_init`);
    on.call("cpu_leave");
    const onCpu = (fn: string, args: number[]) => [
      { fn: "cpu_enter" },
      { fn, args: [record, ...args], expect: [0] },
      { fn: "cpu_leave" },
    ];
    return {
      threads: roles.map(([role, ...args]) => ({
        name: role,
        calls: onCpu(`${name}_${role}`, args),
      })),
      end: onCpu(`${name}_end`, []),
      kinds: kindsOf(name, record),
    };
  };
  const roots = [...new Set(["init", "end", ...threads])].map((role) => `${name}_${role}`);
  return { name, threads, expected: "violated", roots, build };
}

function ofDriver(driver: Driver): Variant {
  const [variant] = removal.variants(kernelImage("default").abi, driver, null);
  assert.ok(variant);
  return variant;
}

const VARIANTS = {
  /** A body that runs with a context that is gone. */
  busted: () => ofDriver({ revision: "put_device", gate: "busted" }),
  /** A teardown that finds no context. */
  shutdown: () => ofDriver({ revision: "shutdown_first", gate: null }),
  /** A use after free. */
  rcu: () =>
    control("rcu_busted", [
      ["reader", 1],
      ["updater", 1],
    ]),
  /** A deadlock. */
  rwsem: () =>
    control("rwsem_no_last_wake", [
      ["reader", 1],
      ["writer", 1],
    ]),
  /** A deadlock with two threads of one name. */
  readers: () =>
    control("rwsem_no_last_wake", [
      ["reader", 1],
      ["reader", 1],
      ["writer", 1],
    ]),
  /** A use after free where stores wait. */
  qsbr: () => control("qsbr_no_reload", [["returner"], ["updater", 1]]),
};
export type SceneName = keyof typeof VARIANTS;

const images = new Map<string, CheckImage>();

export function configurationOf(name: SceneName, memory: MemoryModel = "sc"): Configuration {
  const variant = VARIANTS[name]();
  return { ...DEFAULT_SEARCH, variant, memory };
}

/** A machine that has explored nothing. */
export function fresh(configuration: Configuration): Interleaver {
  const { name, roots } = configuration.variant;
  const image = images.get(name) ?? checkImage(roots);
  images.set(name, image);
  return prepare(image, configuration);
}

export interface Found {
  readonly on: Interleaver;
  readonly configuration: Configuration;
  readonly actions: readonly number[];
  readonly violation: Violation;
}

const found = new Map<string, Found>();

/** The shortest schedule that breaks something. */
export function violated(name: SceneName, memory: MemoryModel = "sc"): Found {
  const key = `${name} ${memory}`;
  let known = found.get(key);
  if (known === undefined) {
    const configuration = configurationOf(name, memory);
    const on = fresh(configuration);
    const result = explore(on, configuration, () => false).found;
    if (result.kind !== "violated") throw new Error(`${key}: ${result.kind}`);
    const { actions, violation } = result;
    known = { on, configuration, actions, violation };
    found.set(key, known);
  }
  return known;
}
