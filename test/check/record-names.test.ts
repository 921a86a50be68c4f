// SPDX-License-Identifier: GPL-2.0-only
/**
 * The names of what primitives, controls and bare gates keep, held against the kernel as it runs: objects are
 * as large as what names them, no access falls between names, and who accesses a word is who should.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { DEFAULT_SEARCH, prepare } from "../../host/check/configuration.ts";
import { Names } from "../../host/check/names.ts";
import { entriesOf, SCENARIOS, type SuiteEntry } from "../../host/check/scenarios/table.ts";
import { checkImage } from "../../host/check/weave.ts";
import { endOf, inARow } from "../../host/machine/parts.ts";
import { abi, nameOf } from "./explored.ts";
import { type Access, type Scene, sceneOf, walk } from "./named-walks.ts";

const SEEDS = [1];

const entries = (of: string) =>
  SCENARIOS.filter((scenario) => scenario.of === of).flatMap((one) => entriesOf(abi, one));
const primitives = entries("primitive");
/** What a gate keeps is the same with more entrants. */
const gates = entries("gate").filter(({ variant }) =>
  ["entrant-remover", "neighbour"].includes(variant.name),
);
const all = [...primitives, ...gates];
/** Devices that the set-up makes, and some that threads do. */
const drivers = entries("driver").filter(
  ({ scenario, variant }) =>
    ["removal", "readd"].includes(scenario.name) && variant.inSuite !== false,
);
const roots = [...all, ...drivers].flatMap(({ variant }) => variant.roots);
const image = checkImage([...new Set(roots)]);

const scenes = new Map<SuiteEntry, Scene>();
function scene(entry: SuiteEntry): Scene {
  const found = scenes.get(entry) ?? sceneOf(image, entry);
  scenes.set(entry, found);
  return found;
}

const UNNAMED = /\+0x|^(misc|revocable)#|#0|^cpu\d\.percpu/;

/** Who accesses it: its file, its function; what that may be in an object, or on a CPU. */
type Rule = readonly [file: RegExp, fn: RegExp, name: RegExp];
const ANY = /^/;

/** The first one that fits says what an access of that function is to. */
const RULES: readonly Rule[] = [
  // Of functions that are the same code the compiler keeps one, which then does the work of all.
  [ANY, /^(word_of|lock_of|percpu_ref_confirm_word)$/, ANY],
  [/locking\/rwsem/, /^(down_read|down_write|up_read|rwsem_up_read_sub)$/, /(sem|rwsem)\.count$/],
  [/locking\/rwsem/, /_owned$|_owner$/, /(sem|rwsem)\.(owner|count)$/],
  [/locking\/rwsem/, ANY, /(sem|rwsem)\.(count|owner|osq|wait_(lock|head|tail))$/],
  [/locking\/spinlock/, ANY, /\.(wait_)?lock$|\.confirm_switch$/],
  [/locking\/mutex/, /trylock|__mutex_unlock/, /(lock|mutex)\.(owner|first)$/],
  [/locking\/mutex/, ANY, /(lock|mutex)\.(owner|osq|wait_lock|first|last)$/],
  [/locking\/osq_lock/, ANY, /\.osq$/],
  [/locking\/qrwlock/, ANY, /(^check_qrwlock#1\.lock|qrwlock)\.cnts$/],
  [/locking\/ticket_spinlock/, /draw/, /lock\.next$/],
  [/locking\/ticket_spinlock/, /unlock/, /lock\.owner$/],
  [/locking\/ticket_spinlock/, ANY, /lock\.(owner|next)$/],
  [
    /locking\/percpu(-rwsem|_rwsem_types)/,
    ANY,
    /\.sem\.(read_count|block|writer|waiters\.\w+|rss\.gp_state)$/,
  ],
  [/kernel\/list/, ANY, /\.(first|last|wait_head|wait_tail|(read|write)_(first|last))$/],
  [/sched\/completion/, /^try_wait_for_completion$/, /\.done$|\.lock$/],
  [/sched\/completion/, ANY, /\.(done|first|last|lock|object)$/],
  [/sched\/wait\.ts/, ANY, /\.(head|waiters|gp_wait|queue)\.(lock|first|last)$/],
  [/sched\/rcuwait/, ANY, /\.sem\.writer$/],
  [/rcu\/sync/, ANY, /\.rss\.(gp_state|gp_count|gp_wait\.\w+|cb_head\.\w+)$/],
  // What is done with its result may be told by a line of its own, where it is put into its caller.
  [
    /rcu\/srcu\.ts/,
    /^(srcu_read_lock|lock_count)$/,
    /\.srcu\.(srcu_idx|sda|sda\.lock_count(_1)?)$|\.idx$/,
  ],
  [/rcu\/srcu\.ts/, /srcu_read_unlock$/, /\.srcu\.(sda|sda\.unlock_count(_1)?)$/],
  [/rcu\/srcu\.ts/, ANY, /\.srcu\.(srcu_idx|srcu_gp_seq|sda|sda\.(un)?lock_count(_1)?)$/],
  [/rcu\/srcu_fast/, /count_lock/, /^cpu\d\..*\.srcu\.ctrs\[[01]\]\.srcu_locks$/],
  [/rcu\/srcu_fast/, /unlock|UNLOCK/, /\.srcu\.(srcu_gp_waits|ctrs\[[01]\]\.srcu_unlocks)$/],
  [/rcu\/srcu_fast/, ANY, /\.srcu\.(srcu_(ctrp|gp_seq|gp_waits)|ctrs\[[01]\]\.srcu_\w+)$/],
  [/rcu\/(tree|qsbr)/, ANY, /^mortal#\d+\.rcu\.|\.cb_head\.|^percpu_ref#\d+\.rcu\./],
  [/lib\/percpu-refcount/, ANY, /percpu_count_ptr|percpu_count$|\.data$|^percpu_ref#\d+\./],
  [/lib\/(refcount|kref)/, ANY, /\.(kref|active_users)$/],
  [/lib\/idr/, ANY, /\.ida\.\w+$|^ida_bitmap#1$/],
  [/tty\/tty_ldsem/, ANY, /(sem|ldsem)\.(count|wait_(lock|readers)|(read|write)_(first|last))$/],
  [/fs\/kernfs/, ANY, /\.kn\.active$/],
  [/mm\/percpu/, ANY, /^cpu\d\./],
  [/gates\/brlock/, /^kill$/, /\.gate\.(writer|flags)$|\.pointer$/],
  [/gates\/brlock/, ANY, /\.gate\.(writer|flags)$/],
  [/gates\/hazard/, ANY, /\.gate\.state$|\.pointer$/],
  [/gates\/bravo/, ANY, /\.bias\.rbias$|\.pointer$/],
  [/gates\/refcount/, ANY, /\.gate\.(active_users|dying)$|\.pointer$/],
  [/gates\/srcu/, ANY, /\.gate\.unplugged$|\.pointer$/],
  [/gates\/seqlock/, ANY, /\.gate\.sequence$|\.pointer$/],
  [/gates\/seat/, ANY, /\.gate\.flags$/],
  [/gates\//, ANY, /\.pointer$/],
  [/scenarios\/guarded/, /^guarded_lock_is_free$/, /\.(sem|lock)\.|\.(osq|lock)$/],
  [/scenarios\/guarded/, ANY, /\.pair\.[ab]$/],
  [/scenarios\/tally/, ANY, /\.(updates|completed|taken|given|queued|run|uses)\[cpu\d\]$/],
  [/scenarios\/mortal/, /^mortal_(kill|revive)$/, /^mortal#\d+\.alive$/],
  [/scenarios\/mortal/, /^mortal_look$/, /^mortal#\d+\.alive$|\.object$/],
  [/scenarios\/mortal/, /^mortal_(owner|alloc)$/, /^mortal#\d+\.(owner|alive)$/],
  [/scenarios\/mortal/, /^mortal_use$/, /\.(pointer|kref|object)$/],
  [/scenarios\/completion/, /publish|see_payload/, /^completion#1\.payload$|\.object$/],
  [/scenarios\/kref/, ANY, /^check_kref#1\.(kref|object|refs|released)$/],
  [/scenarios\/ida/, ANY, /^check_ida#1\.holders\[\d+\]$/],
  [/controls\/revocable/, /^revocable_touch$/, /^revocable_resource#\d+\.value$/],
  [/controls\/revocable/, /^revocable_\w+_revoke$/, /\.(res|rp)$|^revocable_resource#\d+\.value$/],
  [/controls\/revocable_v1/, ANY, /^revocable_v1_handle#1\.rp$|\.res$/],
];
/** Functions of rows above that the compiler may put into others: they need not be seen. */
const seen = new Set<Rule>();

function ruleOf({ where: { fn, at } }: Access): Rule | undefined {
  return RULES.find(([file, name]) => file.test(at ?? "") && name.test(fn));
}

for (const entry of all) {
  test(`${nameOf(entry)}: every access has a name, and by who should make it`, () => {
    const wrong = new Set<string>();
    const told = new Set<string>();
    for (const seed of SEEDS) {
      walk(scene(entry), seed, (access) => {
        const { name } = access.place;
        const { fn, at } = access.where;
        told.add(name);
        const rule = ruleOf(access);
        if (rule) seen.add(rule);
        // What the allocator writes to a free block is nobody's.
        const isNamed = !UNNAMED.test(name) || /^mm\/percpu/.test(at ?? "");
        if (!isNamed || rule?.[2].test(name) === false) wrong.add(`${name} in ${fn} ${at}`);
      });
    }
    assert.equal([...wrong], []);
    assert.ok(told.size > 0);
  });
}

test("what a gate keeps in a device, and of it on each CPU, has a name with every driver", () => {
  const wrong = new Set<string>();
  for (const entry of drivers) {
    walk(sceneOf(image, entry), 1, ({ place: { name }, where: { fn, at } }) => {
      const isNamed = !/^cxl_memdev#\d+\+|^cpu\d\.percpu|#0/.test(name);
      if (!isNamed && !/^mm\/percpu/.test(at ?? ""))
        wrong.add(`${nameOf(entry)}: ${name} in ${fn}`);
    });
  }
  assert.equal([...wrong], []);
});

test("each rule of who accesses what was tried", () => {
  const untried = RULES.filter((rule) => !seen.has(rule)).map(([file, fn]) => `${file} ${fn}`);
  assert.equal(untried, []);
});

for (const entry of primitives) {
  test(`${nameOf(entry)}: its objects are as large as what names them`, () => {
    const { on, names } = scene(entry);
    const { kinds = [] } = on.program;
    const sizes = new Map(
      kinds.map(({ name, row }) => [name, endOf(names.layouts, inARow(names.layouts, 0, row))]),
    );
    const record = kinds.find(({ at }) => at !== undefined);
    assert.is(on.machine.heap.objectAt(record?.at ?? 0)?.base, record?.at);
    for (const { base, size, thread } of on.machine.heap.live()) {
      const kind = names.target(base).replace(/#\d+$/, "");
      if (thread === on.threads) assert.is(sizes.get(kind) ?? size, size, kind);
    }
  });
}

/** Words beside others of their kind, each by the only threads that write it. */
const WRITTEN_BY: readonly (readonly [entry: string, name: string, threads: readonly number[]])[] =
  [
    ["litmus/sb", "litmus#1.x", [0]],
    ["litmus/sb", "litmus#1.y", [1]],
    ["completion/completer-waiter", "check_completion#1.completed[cpu0]", [0]],
    ["completion/completer-waiter", "check_completion#1.taken[cpu0]", []],
    ["completion/completer-waiter", "check_completion#1.taken[cpu1]", [1]],
    ["wait/taker-taker-giver", "check_wait#1.taken[cpu1]", [1]],
    ["wait/taker-taker-giver", "check_wait#1.given[cpu1]", []],
    ["rcu/reader-caller", "check_qsbr#1.queued[cpu1]", [1]],
    ["rcu/reader-caller", "check_qsbr#1.run[cpu1]", [1]],
    ["percpu_ref/user-killer", "check_percpu_ref#1.confirm.done", []],
    ["percpu_ref/user-confirming_killer", "check_percpu_ref#1.confirm.done", [1]],
    ["ldsem/release", "check_ldsem#1.met[1].done", [0, 1]],
  ];

for (const [entryName, name, threads] of WRITTEN_BY) {
  test(`${entryName}: ${name} is written by who should`, () => {
    const entry = primitives.find((one) => nameOf(one) === entryName);
    assert.ok(entry);
    const { on } = scene(entry as SuiteEntry);
    const by = new Set<number>();
    for (const seed of SEEDS) {
      walk(scene(entry as SuiteEntry), seed, ({ thread, writes, place }) => {
        if (writes && place.name === name && thread < on.threads) by.add(thread);
      });
    }
    assert.equal([...by].sort(), threads);
  });
}

/** What some words hold once the set-up has made them: what leads on, and what is not 0. */
const AT_START: readonly (readonly [name: RegExp, value: RegExp])[] = [
  [/^check_(kref|percpu_ref)#1\.object$/, /^&mortal#1$/],
  [/^check_(srcu|srcu_fast|qsbr)#1\.pointer$/, /^&mortal#1$/],
  [/^mortal#1\.owner$/, /^&check_(kref|percpu_ref|srcu|srcu_fast|qsbr)#1$/],
  [/^mortal#1\.alive$/, /^0x600d600d$/],
  [/^check_percpu_ref#1\.ref\.percpu_count_ptr$/, /^0x2[0-9a-f]{3}$/],
  [/^check_percpu_ref#1\.ref\.data$/, /^&percpu_ref#1$/],
  [/^check_srcu#1\.srcu\.sda$/, /^0x2[0-9a-f]{3}$/],
  [/^check_srcu_fast#1\.(counters|srcu\.srcu_ctrp)$/, /^0x2[0-9a-f]{3}$/],
  [/^check_percpu_rwsem#1\.sem\.read_count$/, /^0x2[0-9a-f]{3}$/],
  [/^check_kref#1\.(kref|refs)$/, /^[12]$/],
  [/^check_completion#1\.object$/, /^&completion#1$/],
  [/^check_ida#1\.ida\.bitmap$/, /^&ida_bitmap#1$/],
  [/^check_ida#1\.ida\.(max_ids|owned)$/, /^[12]$/],
  [/^revocable(_v1|_v2)?_handle#1\.rp$/, /^&revocable_provider#1$/],
  [/^revocable_provider#1\.res$/, /^&revocable_resource#1$/],
  [/^revocable_provider#1\.kref$/, /^[12]$/],
  [/^revocable_provider#1\.srcu\.sda$/, /^0x2[0-9a-f]{3}$/],
  [/^revocable_resource#1\.value$/, /^0x11fe$/],
  [/^yardstick#1\.pointer$/, /^1$/],
  [/^check_wait#1\.(tokens|given\[cpu0\])$/, /^[01]$/],
];

test("what the set-up has made holds what its names say, and all else in it is 0", () => {
  const tried = new Set<RegExp>();
  for (const entry of primitives) {
    const on = prepare(image, { ...DEFAULT_SEARCH, variant: entry.variant, memory: "sc" });
    const words = on.machine.words.slice();
    const objects = on.machine.heap.live().filter(({ thread }) => thread === on.threads);
    const names = new Names(on);
    names.restart();
    for (const { base, size } of objects) {
      if (names.target(base).startsWith("percpu_ref#")) continue; // the driver's tests have it
      for (let at = base; at < base + size; at += 4) {
        const value = names.format(words[at >>> 2] as number);
        const known = AT_START.find(([name]) => name.test(names.name(at)));
        if (known) tried.add(known[0]);
        const is = `${nameOf(entry)}: ${names.name(at)} = ${value}`;
        if (known) assert.match(value, known[1], is);
        else assert.is(value, "0", is);
      }
    }
  }
  assert.equal(
    AT_START.map(([name]) => name).filter((name) => !tried.has(name)),
    [],
  );
});

test.run();
