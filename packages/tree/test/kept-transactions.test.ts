import { expect, test } from "vitest";
import type { Transaction } from "../src/index.ts";
import { KeptTransactions } from "../src/kept-transactions.ts";
import { TransactionPage, pageBytes } from "../src/transaction-page.ts";
import { someChanges } from "./support/changes.ts";
import { seeded } from "./support/random.ts";

function someTransaction(index: number, random: () => number): Transaction {
  const origin = random() < 0.5 ? "eu" : "us";
  return { index, origin, incarnation: 1, timeMs: index * 1_000, changes: someChanges(random) };
}

/** As it is, but with text for data: comparing many bytes one by one takes long. */
function textual({ changes, ...rest }: Transaction): unknown {
  const texts = changes.map(({ data, ...change }) => ({
    ...change,
    data: Buffer.from(data).toString("latin1"),
  }));
  return { ...rest, changes: texts };
}

test("what is written down comes back as it was, alone and beside the others", () => {
  for (let seed = 1; seed <= 10; seed += 1) {
    const random = seeded(seed);
    const page = new TransactionPage();
    const all: Transaction[] = [];
    for (let index = 1; ; index += 1) {
      const one = someTransaction(index, random);
      if (!page.add(one, index + 7, index * 2)) break;
      all.push(one);
    }
    expect(all.length).toBeGreaterThan(30);
    expect(page.count).toBe(all.length);
    expect(page.transactions(0).map(textual), `seed ${seed}`).toEqual(all.map(textual));
    expect(page.transactions(11).length).toBe(all.length - 11);
    expect(page.transactions(11)[0]).toEqual(all[11]);
    for (const [place, one] of all.entries()) {
      expect(textual(page.transaction(place))).toEqual(textual(one));
      expect(page.localIndex(place)).toBe(one.index + 7);
      expect(page.paths(place)).toEqual(one.changes.map(({ path }) => path));
      const { origin, incarnation, index } = one;
      const head = { origin, incarnation, index, localIndex: index + 7, bytes: index * 2 };
      expect(page.head(place)).toEqual(head);
    }
  }
});

test("what was read stays as it was when the page is used again", () => {
  const random = seeded(1);
  const page = new TransactionPage();
  const first = { ...someTransaction(1, random), changes: [changeOf("a")] };
  page.add(first, 1, 1);
  const read = [page.transaction(0), ...page.transactions(0)];
  page.clear();
  expect(page.count).toBe(0);
  page.add({ ...first, changes: [changeOf("b")] }, 1, 1);
  expect(read).toEqual([first, first]);
  expect(page.transaction(0).changes).toEqual([changeOf("b")]);
});

function changeOf(text: string): Transaction["changes"][number] {
  const [change] = someChanges(seeded(3));
  if (change === undefined) throw new Error("no change");
  return { ...change, data: new TextEncoder().encode(text) };
}

test("a transaction of any size is kept whole", () => {
  const kept = new KeptTransactions(100, () => undefined);
  const all: Transaction[] = [];
  for (const [at, bytes] of [10, pageBytes - 1, pageBytes * 3, 0, 5 * pageBytes, 7].entries()) {
    const change = { ...changeOf("x"), data: new Uint8Array(bytes).fill(at) };
    const one = { index: at, origin: "eu", incarnation: 1, timeMs: 0, changes: [change] };
    all.push(one);
    kept.add(one, at, bytes);
  }
  const read = [...kept.read(0)].map(({ transaction }) => textual(transaction));
  expect(read).toEqual(all.map(textual));
  for (const { index } of all) expect(kept.drop()?.index).toBe(index);
  expect(kept.drop()).toBeUndefined();
});

test("a stream through a bounded row is in order, and needs no more pages than it is long", () => {
  for (let seed = 1; seed <= 10; seed += 1) {
    const random = seeded(seed);
    const aged: number[] = [];
    const transactionsMax = 1 + Math.floor(random() * 400);
    const kept = new KeptTransactions(transactionsMax, ({ index }) => aged.push(index));
    const all: Transaction[] = [];
    for (let index = 0; index < 2_000; index += 1) {
      const one = someTransaction(index, random);
      all.push(one);
      kept.add(one, index * 2, 1_000);
      while (kept.end - kept.first > transactionsMax) {
        expect(kept.oldestPaths()).toEqual(all[kept.first]?.changes.map(({ path }) => path));
        expect(kept.drop()?.localIndex).toBe((kept.first - 1) * 2);
      }
      const place = kept.first + Math.floor(random() * (kept.end - kept.first));
      expect(kept.localIndex(place)).toBe(place * 2);
      if (index % 200 !== 0) continue;
      expect(kept.at(place)).toEqual(all[place]);
      const read = [...kept.read(place)].map(({ transaction }) => textual(transaction));
      expect(read, `seed ${seed}`).toEqual(all.slice(place).map(textual));
      const bytes = all.slice(kept.first).reduce((sum, each) => {
        return sum + TransactionPage.roomOf(each);
      }, 0);
      expect(kept.heldBytes).toBeLessThanOrEqual(3 * pageBytes + bytes * 1.2);
    }
    // Each is told once, in order.
    expect(aged).toEqual(aged.map((_, place) => place));
    expect(kept.at(kept.first - 1)).toBeUndefined();
    expect(kept.at(kept.end)).toBeUndefined();
    kept.clear();
    expect([...kept.read(0)]).toEqual([]);
  }
});
