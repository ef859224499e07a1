import { expect, test } from "vitest";

import { type Episode, type Fault, requiredKinds, schedule } from "./schedule.ts";

test("the same seed gives the same faults, another seed others", () => {
  expect(first(7, 40)).toEqual(first(7, 40));
  expect(first(7, 40)).not.toEqual(first(8, 40));
});

test("the first three faults are those that every run must have, in any order", () => {
  const orders = new Set<string>();
  for (let seed = 0; seed < 60; seed += 1) {
    const kinds = first(seed, 3).map(({ fault }) => fault.kind);
    expect(kinds.toSorted(), `seed ${seed}`).toEqual(requiredKinds.toSorted());
    orders.add(kinds.join());
  }
  expect(orders.size).toBe(6);
});

test("every kind of fault comes up, each long enough for an election", () => {
  const episodes = first(1, 400);
  const kinds = new Set(episodes.map(({ fault }) => fault.kind));
  const all: Record<Fault["kind"], true> = {
    "kill-leader": true,
    "stop-leader": true,
    "lose-region": true,
    "kill-node": true,
    "stop-node": true,
    partition: true,
    delay: true,
    transfer: true,
  };
  expect([...kinds].toSorted()).toEqual(Object.keys(all).toSorted());
  expect(Math.min(...episodes.map(({ holdMs }) => holdMs))).toBeGreaterThan(3_000);
});

function first(seed: number, count: number): Episode[] {
  const episodes: Episode[] = [];
  for (const episode of schedule(seed, false)) {
    episodes.push(episode);
    if (episodes.length === count) break;
  }
  return episodes;
}
