import { expect, test } from "vitest";
import { Cluster, codeOf, madeBy, recordsWith, restored } from "./support/cluster.ts";

const mode = "persistent-sequential";

function counting(from: number): Cluster {
  const tree = new Cluster("global");
  tree.create("/global/q");
  tree.tree = restored(recordsWith(tree, "/global/q", (stat) => stat, from));
  return tree;
}

test("the counter of sequential children passes 32 bits without a break", () => {
  const tree = counting(2 ** 31 - 2);
  const made = [1, 2, 3, 4].map(() => madeBy(tree.create("/global/q/n-", "", { mode })));
  expect(made).toEqual([
    "/global/q/n-2147483646",
    "/global/q/n-2147483647",
    "/global/q/n-2147483648",
    "/global/q/n-2147483649",
  ]);
  expect(tree.tree.children("/global/q")?.names).toHaveLength(4);
});

test("past ten digits the number grows longer instead of beginning again", () => {
  const tree = counting(9_999_999_999);
  expect(madeBy(tree.create("/global/q/n-", "", { mode }))).toBe("/global/q/n-9999999999");
  expect(madeBy(tree.create("/global/q/n-", "", { mode }))).toBe("/global/q/n-10000000000");
});

test("a longer number must still fit into the path", () => {
  const tree = counting(10_000_000_000);
  const tail = `/global/q/${"x".repeat(245)}`;
  expect(codeOf(tree.create(tail, "", { mode }))).toBe("BAD_PATH");
});

test("the counter is refused before it would lose precision", () => {
  const tree = counting(2 ** 53 - 2);
  expect(madeBy(tree.create("/global/q/n-", "", { mode }))).toBe("/global/q/n-9007199254740990");
  expect(codeOf(tree.create("/global/q/n-", "", { mode }))).toBe("TOO_LARGE");
  expect(codeOf(tree.create("/global/q/plain"))).toBe("TOO_LARGE");
});
