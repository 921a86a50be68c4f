// SPDX-License-Identifier: GPL-2.0-only
/** Does one job with several threads of the host: `--workers N` for one configuration. */
import { prepare, searchesCycles } from "./configuration.ts";
import { configurationOf, endOfSearch, outcomeOf } from "./find.ts";
import { imageOf, type Woven } from "./image.ts";
import { type Figures, type Job, NO_FIGURES, type Outcome } from "./job.ts";
import { sourceOf, variantOf } from "./named.ts";
import { Crew } from "./parallel/crew.ts";
import { exploreInParallel } from "./parallel/explore.ts";

/** As findOut(), the search being done by job.options.workers threads. */
export async function findTogether(
  weave: () => Woven,
  job: Job,
  onFigures: (figures: Figures) => void,
  signal: AbortSignal,
): Promise<Outcome> {
  let figures = NO_FIGURES;
  const note = (now: Figures) => {
    figures = now;
    onFigures(now);
    return false;
  };
  let crew: Crew;
  try {
    crew = new Crew(job.options.workers, sourceOf(job));
  } catch (error) {
    return { ...(await outcomeOf(() => Promise.reject(error))), figures, seconds: 0 };
  }
  try {
    const image = imageOf(weave());
    const startedMs = performance.now();
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
