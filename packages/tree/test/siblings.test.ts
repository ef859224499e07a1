import { expect, test } from "vitest";
import { Siblings } from "../src/siblings.ts";
import { Znode } from "../src/znode.ts";
import { pick, seeded } from "./support/random.ts";

function listed(siblings: Siblings, from?: string, limit = Infinity): string[] {
  const paths: string[] = [];
  siblings.visit(from, ({ path }) => paths.push(path) < limit);
  return paths;
}

test("children are in order after any comings and goings, from any place on", () => {
  for (let seed = 1; seed <= 6; seed += 1) {
    const random = seeded(seed);
    const siblings = new Siblings();
    const nodes = new Map<string, Znode>();
    const name = (): string => `/${Math.floor(random() * 3_000).toString(36)}`;
    for (let step = 0; step < 6_000; step += 1) {
      const path = name();
      const known = nodes.get(path);
      const isGrowing = step < 3_500;
      if (known === undefined && (isGrowing || random() < 0.3)) {
        const node = new Znode(path, 1, 1);
        nodes.set(path, node);
        siblings.add(node);
      } else if (known !== undefined && random() < (isGrowing ? 0.2 : 0.9)) {
        nodes.delete(path);
        siblings.remove(known);
      }
    }
    const expected = [...nodes.keys()].sort();
    expect(siblings.size).toBe(expected.length);
    expect(listed(siblings)).toEqual(expected);
    for (let look = 0; look < 50; look += 1) {
      const from = look % 2 === 0 ? name() : pick(random, expected);
      const behind = expected.filter((path) => path >= from);
      expect(listed(siblings, from)).toEqual(behind);
      expect(listed(siblings, from, 3)).toEqual(behind.slice(0, 3));
    }
    for (const path of expected) siblings.remove(nodes.get(path)!);
    expect(siblings.size).toBe(0);
    expect(listed(siblings)).toEqual([]);
  }
});

test("names in sequence and names backwards fill and empty alike", () => {
  for (const order of [1, -1]) {
    const siblings = new Siblings();
    const nodes = Array.from({ length: 2_000 }, (_, at) => {
      return new Znode(`/n-${String(at).padStart(10, "0")}`, 1, 1);
    });
    for (const node of order === 1 ? nodes : nodes.toReversed()) siblings.add(node);
    expect(listed(siblings)).toEqual(nodes.map(({ path }) => path));
    for (const node of order === 1 ? nodes : nodes.toReversed()) siblings.remove(node);
    expect(siblings.size).toBe(0);
  }
});

test("a node that is not there cannot be taken out", () => {
  const siblings = new Siblings();
  siblings.add(new Znode("/a", 1, 1));
  expect(() => siblings.remove(new Znode("/a", 1, 1))).toThrow("invariant");
  expect(() => siblings.remove(new Znode("/b", 1, 1))).toThrow("invariant");
});
