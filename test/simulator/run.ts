import { availableParallelism } from "node:os";
import type { Request } from "./arguments.ts";
import { Fleet } from "./fleet.ts";
import type { RunResult } from "./report.ts";
import { environmentOf } from "./plant.ts";
import { plantOf } from "./plants/index.ts";
import { scenarios } from "./scenarios.ts";
import { Tally } from "./tally.ts";

/** Real time that a seed may take; an honest one takes a tenth of a second. */
export const seedMsMax = 60_000;
const progressPeriodMs = 10_000;
const progressPeriodTtyMs = 500;

/** Starts the sources as they are. */
export const nodeArguments: readonly string[] = [
  "--import",
  `${import.meta.dirname}/plant-loader.mjs`,
  "--import",
  "tsx",
  "--conditions=@meridian/source",
];

/** Runs the seeds of a request; an abort ends it with what is known. Progress goes to stderr. */
export async function run(request: Request, signal: AbortSignal): Promise<RunResult> {
  const { scenario: name, from, to, workers, events, plant } = request;
  const scenario = await scenarios.get(name)?.();
  if (scenario === undefined) throw new Error(`there is no scenario ${name}`);
  const tally = new Tally(scenario.required);
  const startedMs = performance.now();
  const fleet = new Fleet({
    scenario: name,
    from,
    to,
    workers: workers ?? availableParallelism(),
    seedMsMax,
    onOutcome: (outcome) => {
      if (outcome.failure !== undefined) showFailure(outcome.seed, outcome.failure.error);
      return tally.add(outcome);
    },
    nodeArguments,
    environment: plant === undefined ? {} : environmentOf(plantOf(plant)),
    events,
  });
  const stop = (): void => fleet.stop();
  signal.addEventListener("abort", stop);
  const progress = setInterval(
    () => showProgress(tally, to - from + 1, performance.now() - startedMs),
    process.stderr.isTTY ? progressPeriodTtyMs : progressPeriodMs,
  );
  await fleet.run();
  clearInterval(progress);
  if (process.stderr.isTTY) process.stderr.write("\r\u001b[K");
  signal.removeEventListener("abort", stop);
  const interrupted = tally.seeds < to - from + 1;
  return { request, tally, elapsedMs: performance.now() - startedMs, interrupted };
}

/** At once: the report comes at the end. */
function showFailure(seed: number, error: string): void {
  if (process.stderr.isTTY) process.stderr.write("\r\u001b[K");
  process.stderr.write(`seed ${seed} failed: ${error.split("\n")[0]}\n`);
}

function showProgress({ seeds, failures }: Tally, all: number, elapsedMs: number): void {
  const leftMs = (elapsedMs / Math.max(seeds, 1)) * (all - seeds);
  const left = seeds === 0 ? "" : `, about ${Math.ceil(leftMs / 1000)} s left`;
  const line = `${seeds} of ${all} seeds, ${failures.length} failed${left}`;
  process.stderr.write(process.stderr.isTTY ? `\r${line}\u001b[K` : `${line}\n`);
}
