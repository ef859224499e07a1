import type { Operation } from "../history.ts";
import { type Machine, illegal } from "../model.ts";

/**
 * The definition, tried out: whether any order of the operations is one in which each has its
 * result and none stands before another that ended before it began. For small histories only.
 */
export function hasOrder(operations: readonly Operation[], machine: Machine): boolean {
  const left = new Set(operations.keys());
  const tryAll = (state: number): boolean => {
    const rest = [...left].map((place) => operations[place]).filter((one) => one !== undefined);
    if (rest.every(({ returned }) => !Number.isFinite(returned))) return true;
    const firstEnd = Math.min(...rest.map(({ returned }) => returned));
    const places = Array.from(left); // the set changes on the way
    for (const place of places) {
      if ((operations[place]?.invoked ?? firstEnd) > firstEnd) continue;
      const next = machine.step(state, place);
      if (next === illegal) continue;
      left.delete(place);
      const isFound = tryAll(next);
      left.add(place);
      if (isFound) return true;
    }
    return false;
  };
  return tryAll(machine.initial);
}
