// SPDX-License-Identifier: GPL-2.0-only
/**
 * The roles workload of a run: each gate once a round, in an order drawn anew, first without removals
 * and then with them, so that what removals do to the rate of a reader is told within the round.
 */
import type { RoleName, RoleRow, RolesAsked } from "../result/roles.ts";
import { serviceTable } from "../stats/distribution.ts";
import { type Random, shuffled } from "../stats/random.ts";
import type { Gate } from "./contenders.ts";
import { oversubscribed } from "./fleet.ts";
import type { Part } from "./part.ts";
import type { RoleCpu, RoleReport, RoleRequest, RoleRunner } from "./role-job.ts";
import { type RoleRound, roleRow } from "./role-rows.ts";

const ROLE_NAMES: readonly RoleName[] = ["readers", "others", "removers", "adders"];

/** Two jobs a cell. */
const WEIGHT = 2;

export interface RolesBenchOptions {
  readonly gates: readonly Gate[];
  readonly roles: RolesAsked;
  readonly windowNs: number;
}

/** Where the machine with that many CPUs comes from. */
export interface RoleMachines {
  of(cpus: number): Promise<RoleRunner>;
}

interface RoleCell {
  readonly gate: Gate;
  /** Reports of each round, CPU by CPU, and of its calm. */
  readonly rounds: { readonly calm: readonly RoleReport[]; readonly busy: readonly RoleReport[] }[];
}

export class RolesBench implements Part {
  readonly weight = WEIGHT;
  readonly #machines: RoleMachines;
  readonly #options: RolesBenchOptions;
  readonly #cpus: readonly RoleCpu[];
  readonly #services: readonly number[];
  readonly #cells: readonly RoleCell[];

  constructor(machines: RoleMachines, options: RolesBenchOptions) {
    this.#machines = machines;
    this.#options = options;
    this.#cpus = cpusOf(options.roles);
    this.#services = serviceTable(options.roles.service);
    this.#cells = options.gates.map((gate) => ({ gate, rounds: [] }));
  }

  get cells(): number {
    return this.#cells.length;
  }

  async round(random: Random, onCell: (label: string) => void, signal: AbortSignal): Promise<void> {
    for (const cell of shuffled(this.#cells, random)) {
      if (signal.aborted) return;
      onCell(`roles on ${cell.gate.name}`);
      const runner = await this.#machines.of(this.#cpus.length);
      const request = this.#request(cell.gate, signal);
      const calm = await runner.run({ ...request, dry: true });
      const busy = calm && (await runner.run(request));
      if (busy) cell.rounds.push({ calm, busy }); // a round counts whole or not at all
    }
  }

  #request(contender: Gate, signal: AbortSignal): RoleRequest {
    const { roles, windowNs } = this.#options;
    const { targets, body, every, overdueMs } = roles;
    return {
      contender,
      cpus: this.#cpus,
      targets,
      slots: targets + (roles.roles.others.cpus > 0 ? 1 : 0),
      windowNs,
      overdueNs: overdueMs * 1e6,
      every,
      body,
      services: this.#services,
      signal,
    };
  }

  rows(seed: number): RoleRow[] {
    const { roles } = this.#options;
    const setting = { oversubscribed: oversubscribed(this.#cpus.length), ...roles };
    return this.#cells
      .filter(({ rounds }) => rounds.length > 0)
      .flatMap(({ gate, rounds }) =>
        ROLE_NAMES.filter((role) => roles.roles[role].cpus > 0).map((role) => {
          const mine = (reports: readonly RoleReport[]) =>
            reports.filter((_, cpu) => this.#cpus[cpu]?.role === role);
          const ofRole = rounds.map(
            ({ calm, busy }): RoleRound => ({ calm: mine(calm), busy: mine(busy) }),
          );
          const { pace } = roles.roles[role];
          const what = { contender: gate.name, role, pace, ...setting };
          return roleRow(what, ofRole, seed);
        }),
      );
  }

  notes(): string[] {
    return []; // a role is measured whatever the others do
  }
}

/** Readers are dealt out to the devices in turn, removers and adders begin at different ones. */
export function cpusOf({ roles, targets }: Pick<RolesAsked, "roles" | "targets">): RoleCpu[] {
  return ROLE_NAMES.flatMap((role) => {
    const { cpus, pace } = roles[role];
    return Array.from({ length: cpus }, (_, i) => {
      return { role, pace, slot: role === "others" ? targets : i % targets };
    });
  });
}
