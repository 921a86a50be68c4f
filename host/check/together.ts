// SPDX-License-Identifier: GPL-2.0-only
/** Does one job with several threads of the host: `--workers N` for one configuration. */
import { TIERING } from "../machine/engine.ts";
import { kernelImage } from "../machine/image.ts";
import { prepare, searchesCycles } from "./configuration.ts";
import { configurationOf, endOfSearch, outcomeOf, variantOf } from "./find.ts";
import { type Figures, type Job, type Named, NO_FIGURES, type Outcome } from "./job.ts";
import { Crew } from "./parallel/crew.ts";
import { exploreInParallel } from "./parallel/explore.ts";
import type { Variant } from "./scenario.ts";
import { imageOf, type Woven } from "./workbench.ts";

/** For the threads, which find the variant by its names. */
export function variantByName(job: Named): Variant {
  return variantOf(kernelImage(TIERING).abi, job);
}

/** As findOut(), the search being done by job.options.workers threads. */
export async function findTogether(
  weave: () => Woven,
  job: Job,
  onFigures: (figures: Figures) => void,
  signal: AbortSignal,
): Promise<Outcome> {
  const startedMs = performance.now();
  let figures = NO_FIGURES;
  const note = (now: Figures) => {
    figures = now;
    onFigures(now);
    return false;
  };
  const source = { moduleUrl: import.meta.url, exportName: "variantByName", args: [job] };
  const crew = new Crew(job.options.workers, source);
  try {
    const image = imageOf(weave());
    const configuration = configurationOf(job, variantOf(image.abi, job));
    const end = await outcomeOf(async () => {
      const on = prepare(image, configuration);
      const explored = await exploreInParallel(
        on,
        { image, configuration, crew },
        (counts, waiting) => note({ ...counts, waiting }),
        signal,
      );
      const { found, counts, leftOut, worth } = explored;
      note({ ...counts, waiting: found.kind === "stopped" ? figures.waiting : 0 });
      const gaps = { leftOut, worth, cycles: searchesCycles(configuration) };
      return { gaps, ...endOfSearch(on, configuration, explored) };
    });
    return { ...end, figures, seconds: (performance.now() - startedMs) / 1000 };
  } finally {
    await crew.end();
  }
}
