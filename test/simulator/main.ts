import { helpText, type Request, requestOf, UsageError } from "./arguments.ts";
import { huntAll } from "./hunt.ts";
import { misfit, type Plant } from "./plant.ts";
import { plantOf, plants } from "./plants/index.ts";
import { jsonReport, textReport } from "./report.ts";
import { run } from "./run.ts";
import { huntedLine, listOf, scoreOf } from "./score.ts";

/** The command line of the simulator. @returns the status to end with. */
async function main(argv: readonly string[]): Promise<number> {
  let request: Request | undefined;
  try {
    request = requestOf(argv);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\nMore: npm run simulate -- --help\n`);
    return 2;
  }
  if (request === undefined) {
    process.stdout.write(helpText());
    return 0;
  }
  if (request.plant === "list") {
    process.stdout.write(listOf(plants, request.json));
    return 0;
  }
  const interrupt = new AbortController();
  process.on("SIGINT", () => interrupt.abort());
  const { hunted } = request;
  if (hunted !== undefined) return huntEach(hunted, request, interrupt.signal);
  const unfit = request.plant === undefined ? undefined : misfit(plantOf(request.plant));
  if (unfit !== undefined) {
    process.stderr.write(`${request.plant} ${unfit}\n`);
    return 1;
  }
  const result = await run(request, interrupt.signal);
  process.stdout.write(request.json ? jsonReport(result) : textReport(result));
  const { failures, missing } = result.tally;
  if (failures.length > 0 || missing.length > 0) return 1;
  return result.interrupted ? 130 : 0;
}

/** @returns 1 when a bug escaped. */
async function huntEach(
  wanted: readonly Plant[],
  { json, workers }: Request,
  signal: AbortSignal,
): Promise<number> {
  const startedMs = performance.now();
  const hunted = await huntAll(wanted, workers, signal, (one) => {
    if (!json) process.stdout.write(`${huntedLine(one)}\n`);
  });
  process.stdout.write(scoreOf(hunted, performance.now() - startedMs, json));
  if (hunted.some(({ seed }) => seed === undefined) && !signal.aborted) return 1;
  return signal.aborted ? 130 : 0;
}

process.exitCode = await main(process.argv.slice(2));
