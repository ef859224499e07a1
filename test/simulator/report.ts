import type { Request } from "./arguments.ts";
import type { Exercised, FailedSeed, Tally } from "./tally.ts";

/** Failures that are shown whole; of the rest only the seeds. */
const shownMax = 3;
/** Runs of so many seeds list the hash of each. */
const hashedMax = 100;

/** What a run came to. */
export interface RunResult {
  readonly request: Request;
  readonly tally: Tally;
  readonly elapsedMs: number;
  /** It was ended before all seeds were run. */
  readonly interrupted: boolean;
}

/** For people. */
export function textReport({ request, tally, elapsedMs, interrupted }: RunResult): string {
  const { seeds, failures, hash, exercised, missing, seedHashes } = tally;
  const lines: string[] = [];
  for (const failure of failures.slice(0, shownMax)) lines.push(...failureLines(request, failure));
  if (failures.length > shownMax) {
    const others = failures.slice(shownMax).map(({ seed }) => seed);
    lines.push(`More seeds that failed: ${others.join(", ")}`, "");
  }
  lines.push(...exercised.map(exercisedLine));
  if (seeds <= hashedMax)
    lines.push("", ...seedHashes.map(({ seed, hash: of }) => `${seed} ${of}`));
  const rate = (seeds / Math.max(elapsedMs, 1)) * 1000;
  const seconds = (elapsedMs / 1000).toFixed(1);
  const ended = interrupted ? " (interrupted)" : "";
  lines.push(
    "",
    `${request.scenario}: ${seeds} seeds in ${seconds} s, ${rate.toFixed(1)} a second${ended}`,
    `hash ${hash}`,
    ...missing.map(missingLine),
    failures.length === 0 ? "no seed failed" : `${failures.length} seeds FAILED`,
  );
  return `${lines.join("\n")}\n`;
}

/** For programs. */
export function jsonReport({ request, tally, elapsedMs, interrupted }: RunResult): string {
  const { seeds, failures, hash, exercised, missing, seedHashes } = tally;
  const { scenario, from, to, plant } = request;
  const document = {
    scenario,
    from,
    to,
    plant,
    seeds,
    elapsedMs: Math.round(elapsedMs),
    interrupted,
    hash,
    seedHashes: seeds <= hashedMax ? seedHashes : undefined,
    exercised,
    missing: missing.map(({ kind }) => kind),
    failures: failures.map((failure) => {
      return { ...failure, reproduce: reproduction(request, failure.seed) };
    }),
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

/** The command that shows a failure again. */
function reproduction({ scenario, plant }: Request, seed: number): string {
  const planted = plant === undefined ? "" : ` --plant ${plant}`;
  return `npm run simulate -- --seeds ${seed} --scenario ${scenario}${planted} --events`;
}

function failureLines(request: Request, failure: FailedSeed): readonly string[] {
  const { seed, error, setup, lastEvents } = failure;
  return [
    `seed ${seed} FAILED: ${error}`,
    ...(setup.length === 0 ? [] : ["", "drawn from the seed:", ...setup.map(indented)]),
    ...(lastEvents.length === 0 ? [] : ["", "last events:", ...lastEvents.map(indented)]),
    "",
    `again: ${reproduction(request, seed)}`,
    "",
  ];
}

function exercisedLine({ kind, total, share, required }: Exercised): string {
  const percent = `${(share * 100).toFixed(1)} %`;
  const bound = required === undefined ? "" : `  (at least ${required * 100} %)`;
  return `${kind.padEnd(28)}${String(total).padStart(10)}${percent.padStart(10)} of seeds${bound}`;
}

function missingLine({ kind, share, required = 0 }: Exercised): string {
  const found = (share * 100).toFixed(1);
  return `TOO RARE: ${kind} in ${found} % of seeds instead of ${required * 100} %`;
}

function indented(line: string): string {
  return `  ${line}`;
}
