// SPDX-License-Identifier: GPL-2.0-only
/** The roles workload: what each role got done, and how long it waited, a row a gate. */

import { formatPlural } from "../result/counts.ts";
import type { Result } from "../result/result.ts";
import type { Pace, RoleName, RoleRow } from "../result/roles.ts";
import type { Tail } from "../stats/tail.ts";
import { distinct, OPERATION } from "./rows.ts";
import { type Canvas, wrap } from "./style.ts";
import { type Cell, type Column, drawTable, type Group, NOT_MEASURED } from "./table.ts";
import { formatChangePct, formatNs, formatNumber, formatRate } from "./units.ts";

const NOTHING: Cell = { text: NOT_MEASURED, look: "dim" };

const SINGULAR: Readonly<Record<RoleName, string>> = {
  readers: "reader",
  others: "other",
  removers: "remover",
  adders: "adder",
};

/** @returns lines; none for a result without the workload */
export function drawRoles(result: Result, canvas: Canvas): string[] {
  const rows = result.roles ?? [];
  if (rows.length === 0) return [];
  const gates = distinct(rows.map((row) => row.contender));
  const first: Column = { title: "gate", align: "left", cells: gates };
  const groupsOf = (of: (row: Rows) => Group[]) =>
    distinct(rows.map((row) => row.role)).flatMap((role) => {
      const mine = rows.filter((row) => row.role === role);
      return of({ role, byGate: gates.map((gate) => mine.find((r) => r.contender === gate)) });
    });
  const { bold, dim } = canvas.style;
  return [
    ...wrap(settingOf(rows), canvas.width, "", "  ").map(bold),
    ...drawTable(first, groupsOf(scores), canvas),
    "",
    ...drawTable(first, groupsOf(tails), canvas),
    "",
    ...notesOf(result, rows).flatMap((note) => wrap(note, canvas.width).map(dim)),
  ];
}

/** The rows of one role, a gate after the other. */
interface Rows {
  readonly role: RoleName;
  readonly byGate: readonly (RoleRow | undefined)[];
}

/** @returns "2 readers, unlimited; 1 remover, 1000/s*" */
function settingOf(rows: readonly RoleRow[]): string {
  const ofFirst = rows.filter((row) => row.contender === rows[0]?.contender);
  const who = ofFirst.map(
    ({ role, cpus, pace }) => `${formatPlural(cpus, SINGULAR[role])}, ${formatPace(pace)}`,
  );
  return `Roles: ${who.join("; ")}${rows.some((row) => row.oversubscribed) ? " *" : ""}`;
}

function formatPace(pace: Pace): string {
  if (pace.kind === "unlimited") return "unlimited";
  return pace.kind === "rate"
    ? `${pace.perSecond}/s each`
    : `${formatNs(pace.ns)} after each operation`;
}

function columnOf(
  { byGate }: Rows,
  title: string,
  text: (row: RoleRow) => string | Cell | null,
): Column {
  const cells = byGate.map((row) => (row && text(row)) || NOTHING);
  return { title, align: "right", cells };
}

/** What a role got done. */
function scores(rows: Rows): Group[] {
  const column = (title: string, text: (row: RoleRow) => string | Cell | null) =>
    columnOf(rows, title, text);
  const rate = column("ops/s", (row) => formatRate(row.rate.median));
  const columns: Column[] = [rate];
  if (rows.role === "readers" || rows.role === "others") {
    columns.push(
      column("change", ({ effectPct }) => effectPct && formatChangePct(effectPct.median)),
    );
    if (rows.byGate.some((row) => row?.fairness)) {
      const most = (row: RoleRow) => row.fairness?.maxOverMin?.median;
      columns.push(
        column("Jain", ({ fairness }) => fairness && formatNumber(fairness.jain.median)),
        column("max/min", (row) => (most(row) === undefined ? null : formatNumber(most(row) ?? 0))),
      );
    }
  }
  if (rows.role === "removers") {
    columns.push(
      column("longest", ({ waits }) => waits && formatNs(waits.longestNs)),
      column("overdue", overdueCell),
    );
  }
  return [{ title: rows.role, columns }];
}

function overdueCell({ waits }: RoleRow): Cell | null {
  if (!waits) return null;
  if (waits.overdue === 0) return { text: "none" };
  return { text: `${waits.overdue} of ${waits.removals}`, look: "bad" };
}

/** How long its operation took. */
function tails(rows: Rows): Group[] {
  const group = (title: string, of: (row: RoleRow) => Tail | null): Group[] => {
    if (!rows.byGate.some((row) => row && of(row))) return [];
    const column = (name: "p50" | "p99" | "p999" | "max", head: string) =>
      columnOf(rows, head, (row) => {
        const value = of(row)?.[name] ?? null;
        return value === null ? null : formatNs(value);
      });
    const columns = [
      column("p50", "p50"),
      column("p99", "p99"),
      column("p999", "p99.9"),
      column("max", "max"),
    ];
    return [{ title, columns }];
  };
  const name = `${rows.role}, ${OPERATION[rows.role]}`;
  return [
    ...group(name, (row) => row.latency),
    ...group(`${rows.role}, during a removal`, (row) => row.during),
  ];
}

function notesOf(result: Result, rows: readonly RoleRow[]): string[] {
  const clocks = rows.map((row) => row.clockNs);
  const deadline = rows.find((row) => row.waits)?.waits?.deadlineNs ?? 0;
  const asked = "roles" in result.asked ? result.asked.roles : undefined;
  const every = asked ? `one entry in ${asked.every} while nobody removes the device, and` : "";
  const notes = [
    `ops/s: of all CPUs of a role. change: in the readers' rate while there is a device, next to a run without removals in the same round. Times: ${every} each one that meets a removal, which slows it a little; the clock's own ${formatNs(Math.min(...clocks))} or more is taken off. -: under 1000 samples for a p99.9, or none.`,
  ];
  if (rows.some((row) => row.fairness)) {
    notes.push("Jain: 1 where all readers got on alike, 1/n where one did.");
  }
  if (rows.some((row) => row.role === "others")) {
    notes.push(
      "others: readers of a device that nobody removes; during a removal: of any, and no more entries are timed then.",
    );
  }
  if (deadline > 0) {
    notes.push(
      `overdue: removals that waited over ${formatNs(deadline)}, after which the readers kept out.`,
    );
  }
  if (rows.some((row) => row.oversubscribed)) {
    const cores = result.environment["cores"];
    const count = typeof cores === "number" ? ` (${cores})` : "";
    notes.push(
      `* oversubscribed, more CPUs than cores${count}: the figures are the scheduler's too.`,
    );
  }
  return notes;
}
