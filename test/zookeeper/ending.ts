import { type Operation, operationsOf, type Step } from "./operation.ts";
import type { Side } from "./outcome.ts";

/**
 * Lets every session read something before it closes, and at the end of the script: before the
 * answer come all events so far.
 */
export function fenced(script: readonly Step[]): readonly Step[] {
  const open = new Set<string>();
  let last = lastId(script);
  const fence = (session: string): Step => {
    last += 1;
    const read = { kind: "exists", path: "/", watch: false, id: last } as const;
    return { kind: "burst", session, operations: [read] };
  };
  const steps = script.flatMap((step): readonly Step[] => {
    const { kind, session } = step;
    if (kind === "open") open.add(session);
    if (kind !== "close" && kind !== "abandon") return [step];
    open.delete(session);
    return [fence(session), step];
  });
  return [...steps, ...[...open].map((session) => fence(session))];
}

/**
 * Reads every node that is left of a script, level by level as the first side has them. Gives the
 * steps that it took.
 */
export async function survey(
  script: readonly Step[],
  first: Side,
  second: Side,
): Promise<readonly Step[]> {
  const session = "surveyor";
  const steps: Step[] = [{ kind: "open", session, timeoutMs: 60_000 }];
  await perform(steps, first, second);
  let id = lastId(script);
  for (let paths = ["/"]; paths.length > 0;) {
    const operations = paths.flatMap((path): readonly Operation[] => {
      id += 2;
      return [
        { kind: "get", path, watch: false, id: id - 1 },
        { kind: "children", path, watch: false, id },
      ];
    });
    const step: Step = { kind: "burst", session, operations };
    await perform([step], first, second);
    steps.push(step);
    paths = operations.flatMap((operation) => childrenOf(first, session, operation));
  }
  return steps;
}

/** Does steps at each side, none waiting for the other. */
export async function perform(script: readonly Step[], ...sides: readonly Side[]): Promise<void> {
  const performances = sides.map(async (side) => {
    for (const step of script) {
      await side.perform(step).catch((cause: unknown) => {
        const what = JSON.stringify(step).slice(0, 2_000);
        throw new Error(`${side.name} does not come to an end with ${what}`, { cause });
      });
    }
  });
  await Promise.all(performances);
}

function childrenOf(side: Side, session: string, operation: Operation): string[] {
  if (operation.kind !== "children") return [];
  const told = side.transcript.told.get(session) ?? [];
  const answer = told.find((entry) => entry.kind === "answer" && entry.id === operation.id);
  const names = answer?.kind === "answer" ? (answer.outcome.names ?? []) : [];
  const { path } = operation;
  return names.map((name) => (path === "/" ? `/${name}` : `${path}/${name}`));
}

function lastId(script: readonly Step[]): number {
  return Math.max(0, ...operationsOf(script).map(({ id }) => id));
}
