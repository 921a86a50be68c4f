// SPDX-License-Identifier: GPL-2.0-only
/** What the main thread and a thread that searches say to each other. One job at a time. */

import type { Woven } from "./image.ts";
import type { Figures, Job, Outcome } from "./job.ts";

/** What all threads of a run share. */
export interface Shared {
  readonly woven: Woven;
  /** Not 0: end the search. A message would not be read before that. */
  readonly stop: Int32Array<SharedArrayBuffer>;
}

export type ToSearcher =
  | { readonly type: "share"; readonly shared: Shared }
  | { readonly type: "check"; readonly job: Job };

export type FromSearcher =
  /** It has started. */
  | { readonly type: "hello" }
  | { readonly type: "progress"; readonly figures: Figures }
  | { readonly type: "done"; readonly outcome: Outcome };
