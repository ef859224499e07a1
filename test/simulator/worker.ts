import { outcomeOf, type Outcome } from "./scenario.ts";
import { scenarios } from "./scenarios.ts";
import { EventTrace } from "./trace.ts";

/** Asks a worker to run seeds, both included. */
export interface Assignment {
  readonly scenario: string;
  readonly from: number;
  readonly to: number;
  /** Every event is printed. */
  readonly events: boolean;
}

/** One seed is done. */
export interface Report {
  readonly outcome: Outcome;
  /** The worker can do no more: what went wrong may still go on in it. */
  readonly broken: boolean;
}

let broken = false;
const stray = new Promise<never>((_, reject) => {
  const note = (error: unknown): void => {
    broken = true;
    reject(error);
  };
  process.on("uncaughtException", note);
  process.on("unhandledRejection", note);
});
stray.catch(() => undefined);

/** Runs what it is told to, one seed after the other, and reports each. */
async function work({ scenario: name, from, to, events }: Assignment): Promise<void> {
  const scenario = await scenarios.get(name)?.();
  if (scenario === undefined) throw new Error(`there is no scenario ${name}`);
  const watch = events ? (text: string) => process.stdout.write(`${text}\n`) : undefined;
  for (let seed = from; seed <= to; seed += 1) {
    const outcome = await outcomeOf(scenario, seed, () => new EventTrace(watch), stray);
    const report: Report = { outcome, broken };
    process.send?.(report);
    if (broken) return;
  }
}

process.on("message", (assignment: Assignment) => void work(assignment));
// The parent decides what an interrupt means; without a parent there is nothing to do.
process.on("SIGINT", () => undefined);
process.on("disconnect", () => process.exit(0));
