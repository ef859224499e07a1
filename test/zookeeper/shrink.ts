import type { Operation, Step } from "./operation.ts";

/**
 * Makes a script that fails smaller, as long as it fails: takes steps out, then operations, in ever
 * smaller pieces. `fails` is asked at most `triesMax` times.
 */
export async function shrink(
  script: readonly Step[],
  fails: (script: readonly Step[]) => Promise<boolean>,
  triesMax: number,
): Promise<readonly Step[]> {
  let tries = 0;
  let smallest = script;
  const attempt = async (smaller: readonly Step[]): Promise<boolean> => {
    if (tries >= triesMax) return false;
    tries += 1;
    const sound = sane(smaller);
    if (!(await fails(sound))) return false;
    smallest = sound;
    return true;
  };
  for (let piece = script.length >> 1; piece >= 1; piece >>= 1) {
    for (let from = smallest.length - piece; from > -piece; from -= piece) {
      const to = Math.max(0, from);
      await attempt([...smallest.slice(0, to), ...smallest.slice(from + piece)]);
    }
  }
  for (const id of smallest.flatMap(idsOf).toReversed()) {
    await attempt(without(smallest, id));
  }
  return smallest;
}

/** A script up to the step with an operation; the whole when there is none. */
export function prefix(script: readonly Step[], id: number): readonly Step[] {
  const place = script.findIndex((step) => idsOf(step).includes(id));
  return place < 0 ? script : script.slice(0, place + 1);
}

function idsOf(step: Step): readonly number[] {
  return step.kind === "burst" ? step.operations.map(({ id }) => id) : [];
}

function without(script: readonly Step[], id: number): readonly Step[] {
  return script.map((step) => {
    if (step.kind !== "burst") return step;
    return { ...step, operations: step.operations.filter((operation) => operation.id !== id) };
  });
}

/** Takes out what has lost its session or its watch. */
function sane(script: readonly Step[]): readonly Step[] {
  const open = new Set<string>();
  const ids = new Set(script.flatMap(idsOf));
  const isSound = (operation: Operation): boolean =>
    operation.kind !== "unwatch" || ids.has(operation.watch);
  return script.flatMap((step): readonly Step[] => {
    if (step.kind === "open") open.add(step.session);
    if (!open.has(step.session)) return [];
    if (step.kind === "close" || step.kind === "abandon") open.delete(step.session);
    if (step.kind !== "burst") return [step];
    const operations = step.operations.filter(isSound);
    return operations.length === 0 ? [] : [{ ...step, operations }];
  });
}
