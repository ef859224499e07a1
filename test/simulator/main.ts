import { helpText, type Request, requestOf, UsageError } from "./arguments.ts";
import { jsonReport, textReport } from "./report.ts";
import { run } from "./run.ts";

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
  const interrupt = new AbortController();
  process.on("SIGINT", () => interrupt.abort());
  const result = await run(request, interrupt.signal);
  process.stdout.write(request.json ? jsonReport(result) : textReport(result));
  const { failures, missing } = result.tally;
  if (failures.length > 0 || missing.length > 0) return 1;
  return result.interrupted ? 130 : 0;
}

process.exitCode = await main(process.argv.slice(2));
