import { expect, test } from "vitest";
import { SessionOrder } from "../src/session-order.ts";

test("a read waits for every write before it, and for none after it", () => {
  const order = new SessionOrder();
  const ran: string[] = [];
  const [first, second] = [order.begin(), order.begin()];
  order.afterWrites(() => ran.push("behind two"));
  const third = order.begin();
  order.afterWrites(() => ran.push("behind three"));
  order.end(second);
  expect(ran).toEqual([]);
  order.end(first);
  expect(ran).toEqual(["behind two"]);
  order.end(third);
  expect(ran).toEqual(["behind two", "behind three"]);
  order.afterWrites(() => ran.push("behind none"));
  expect(ran).toHaveLength(3);
});

test("a write ends once, and what was forgotten does not run", () => {
  const order = new SessionOrder();
  let ran = 0;
  const [first, second] = [order.begin(), order.begin()];
  order.afterWrites(() => (ran += 1));
  order.end(first);
  order.end(first);
  expect(ran).toBe(0);
  order.clear();
  order.end(second);
  expect(ran).toBe(0);
});
