import type { Verdict } from "./comparison.ts";
import { operationsOf, type Step } from "./operation.ts";

/** Mismatches that are told; the first one usually brings the others about. */
const toldMax = 10;
const textMax = 600;

/** What came of a script, for whoever reads along. */
export function report(script: readonly Step[], verdict: Verdict, elapsedMs: number): string {
  const { answers, events, mismatches, used } = verdict;
  const seconds = (elapsedMs / 1000).toFixed(1);
  const differences = [...used].map(([name, times]) => `  ${times || "never"} × ${name}`);
  const operations = new Map(operationsOf(script).map((operation) => [operation.id, operation]));
  const told = mismatches.slice(0, toldMax).map(({ id, session, what }) => {
    const operation = JSON.stringify(operations.get(id)) ?? "the end";
    return `  ${session}: ${cut(what)}\n    ${cut(operation)}`;
  });
  return [
    `${answers} answers and ${events} events in ${seconds} s, ${mismatches.length} mismatches`,
    ...differences,
    ...told,
  ].join("\n");
}

function cut(text: string): string {
  return text.length > textMax ? `${text.slice(0, textMax)}…` : text;
}
