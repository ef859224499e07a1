import { expect, test } from "vitest";
import { NodeStore } from "../src/node-store.ts";
import { type NodeView, ViewLostError } from "../src/node-view.ts";
import { comparePaths } from "../src/path.ts";
import { Znode } from "../src/znode.ts";
import { seeded } from "./support/random.ts";

const all = (): boolean => true;

function storeOf(count: number, keptMax: number): NodeStore {
  const store = new NodeStore(keptMax);
  store.insert(Znode.blank("/"));
  for (let at = 0; at < count; at += 1) store.insert(new Znode(`/${1_000 + at}`, 1, 1));
  return store;
}

function read(view: NodeView, recordsMax: number): string[] {
  const { records } = view.read({ recordsMax, bytesMax: 1e9, scannedMax: 1e9 }, all);
  return records.map(({ change }) => change.path);
}

function touchAll(store: NodeStore): void {
  for (const node of store.values()) store.touch(node);
}

test("a view that nobody reads is given up before it makes the store hold too much", () => {
  const store = storeOf(20, 50);
  const forgotten = Array.from({ length: 5 }, () => store.view());
  const used = store.view();
  expect(read(used, 1)).toEqual(["/"]);
  for (let round = 0; round < 20; round += 1) {
    touchAll(store);
    store.view().end();
    expect(read(used, 1)).toEqual([`/${1_000 + round}`]);
    forgotten.push(store.view());
  }
  const kept = forgotten.reduce((sum, view) => sum + view.keptCount, 0);
  expect(kept).toBeLessThan(200);
  expect(read(used, 1)).toEqual([]);
  expect(used.ended).toBe(true);
  expect(() => read(forgotten[0]!, 1)).toThrow(ViewLostError);
});

test("a view that is read, or was given up by its reader, holds nothing", () => {
  const store = storeOf(20, 1e9);
  const [done, given, open] = [store.view(), store.view(), store.view()];
  read(done, 1_000);
  given.end();
  touchAll(store);
  expect([done, given, open].map(({ keptCount }) => keptCount)).toEqual([0, 0, 21]);
  touchAll(store);
  expect(open.keptCount).toBe(21);
  expect(read(open, 1_000)).toHaveLength(21);
  expect(open.keptCount).toBe(0);
});

test("a slice looks at a bounded number of nodes, whether they pass or not", () => {
  const store = storeOf(100, 1e9);
  const view = store.view();
  const bounds = { recordsMax: 10, bytesMax: 1e9, scannedMax: 30 };
  const upTo = [];
  while (!view.ended) upTo.push(view.read(bounds, () => false).upTo);
  expect(upTo).toEqual(["/1028", "/1058", "/1088", undefined]);
});

test("each node is read in the slice that covers its path, changed or not", () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const random = seeded(seed);
    const store = storeOf(40, 1e9);
    const view = store.view();
    const found: string[] = [];
    let after = "";
    while (!view.ended) {
      for (const node of store.values()) if (random() < 0.1) store.touch(node);
      const bounds = { recordsMax: 3, bytesMax: 1e9, scannedMax: 1 + Math.floor(random() * 4) };
      const { records, upTo = "~" } = view.read(bounds, all);
      for (const { change } of records) {
        expect(comparePaths(change.path, after)).toBeGreaterThan(0);
        expect(comparePaths(change.path, upTo)).toBeLessThanOrEqual(0);
        found.push(change.path);
      }
      after = upTo;
    }
    expect(found).toEqual([...store.values()].map(({ path }) => path).toSorted(comparePaths));
  }
});
