// SPDX-License-Identifier: GPL-2.0-only
import { type Examination, examine } from "./examination.ts";
import type { Finding } from "./finding.ts";
import { findings } from "./findings.ts";

export interface Diagnosis {
  readonly examination: Examination;
  readonly findings: readonly Finding[];
}

/** Looks at the computer and judges what it saw. @throws MachineError when there is no kernel.wasm */
export async function runDoctor(): Promise<Diagnosis> {
  const examination = await examine();
  return { examination, findings: findings(examination) };
}
