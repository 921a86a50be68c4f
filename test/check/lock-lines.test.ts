// SPDX-License-Identifier: GPL-2.0-only
/** How locks and gates stand in the midst of their scenarios, as the end of a schedule tells it. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { lockLines } from "../../host/check/aftermath.ts";
import { violationOf } from "../../host/check/ending.ts";
import { Recorder } from "../../host/check/recorder.ts";
import { entriesOf, SCENARIOS } from "../../host/check/scenarios/table.ts";
import { checkImage } from "../../host/check/weave.ts";
import { abi, nameOf } from "./explored.ts";
import { draw, type Scene, sceneOf } from "./named-walks.ts";

const ALL = SCENARIOS.filter(({ of }) => of !== "driver").flatMap((one) => entriesOf(abi, one));
/** The first variant of each primitive, and of each gate; all controls. */
const entries = ALL.filter(({ scenario, driver, variant }, i) => {
  const first = ALL.findIndex(
    (one) => one.scenario === scenario && one.driver?.gate === driver?.gate,
  );
  return i === first || variant.expected === "violated";
});
const image = checkImage([...new Set(entries.flatMap(({ variant }) => variant.roots))]);

const ACTIONS = 40;

/** No lock of their own: RCU alone, one for all devices, none, or only what memory models are about. */
const WITHOUT = ["gate rwsem", "gate busted", "gate qsbr", "rcu", "litmus"];
const CONTROLS_WITHOUT = ["controls/lock_busted", "controls/rcu_busted"];

/** What is told behind the actions of a schedule, up to where something is broken. */
function toldOf({ on, names }: Scene): Set<string> {
  const lines = new Set<string>();
  const recorder = new Recorder(on, names);
  for (const seed of [1, 2, 3]) {
    recorder.restart(() => on.restart());
    violationOf(() =>
      draw(on, seed, ACTIONS, (act) => {
        recorder.begin(true);
        const violation = recorder.watch(act);
        for (const line of lockLines(on, names, recorder.steps)) lines.add(line);
        if (violation !== null) throw violation;
      }),
    );
  }
  return lines;
}

for (const entry of entries) {
  const { scenario, driver } = entry;
  test(`${nameOf(entry)}: its own locks are told of`, () => {
    const lines = [...toldOf(sceneOf(image, entry))];
    for (const line of lines) assert.match(line, /^[\w#.[\]]+(?: = \S.*|: freed)$/);
    const subject = driver === null ? scenario.name : `${scenario.name} ${driver.gate}`;
    if (WITHOUT.includes(subject) || CONTROLS_WITHOUT.includes(nameOf(entry))) return;
    const own = /^(deviceA\.|check_|yardstick#|revocable_|completion#|percpu_ref#)/;
    assert.ok(
      lines.some((line) => own.test(line)),
      lines.join("\n"),
    );
  });
}

test.run();
