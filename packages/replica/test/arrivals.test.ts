import type { IHello } from "@meridian/wire";
import { expect, test } from "vitest";
import { Arrivals } from "../src/arrivals.ts";
import type { Refusal } from "../src/refusal.ts";
import { randomOf, VirtualClock } from "./harness/index.ts";

const hello: IHello = {
  sessionId: 1,
  secret: new Uint8Array(16),
  timeoutMs: 6_000,
  create: false,
  region: "r",
  attachment: 1,
};
const refusal: Refusal = { code: "NOT_LEADER", message: "nobody leads" };

class Client {
  closed = false;
  opened = false;
  refusal: Refusal | undefined;

  held = 0;

  hold(): void {
    this.held += 1;
  }

  farewell(given: Refusal): void {
    this.refusal = given;
    this.closed = true;
  }
}

/** A node with or without a leader, and how often it looked at a client. */
class Node {
  readonly time = new VirtualClock();
  hasLeader = true;
  looks = 0;
  readonly arrivals: Arrivals<Client>;

  constructor() {
    const { time } = this;
    const clock = {
      nowMs: () => time.nowMs(),
      wallMs: () => time.nowMs(),
      after: (ms: number, run: () => void) => time.after(ms, run),
      defer: (run: () => void) => void time.after(1, run),
    };
    this.arrivals = new Arrivals(clock, randomOf(1), (client) => {
      this.looks += 1;
      if (this.hasLeader) client.opened = true;
      else this.arrivals.refuse(client, refusal);
    });
  }

  come(count: number): readonly Client[] {
    const clients = Array.from({ length: count }, () => new Client());
    for (const client of clients) this.arrivals.add(client, hello);
    return clients;
  }
}

test("clients that come at once are opened a part at a time, in their order", async () => {
  const node = new Node();
  const clients = node.come(3_000);
  await node.time.run(1);
  const opened = clients.filter((client) => client.opened).length;
  expect(opened).toBeGreaterThan(0);
  expect(opened).toBeLessThan(300);
  expect(clients.slice(0, opened).every((client) => client.opened)).toBe(true);
  await node.time.run(100);
  expect(clients.every((client) => client.opened)).toBe(true);
  node.arrivals.stop();
});

test("a few are sent elsewhere at once; of a crowd most wait, and come back late", async () => {
  const node = new Node();
  node.hasLeader = false;
  const [single] = node.come(1);
  await node.time.run(2);
  expect(single?.refusal).toEqual(refusal);
  const crowd = node.come(3_000);
  await node.time.run(200);
  expect(crowd.filter(({ closed }) => closed).length).toBeLessThan(200);
  await node.time.run(1_500);
  // Those who wait are told so before they give the node up.
  expect(crowd.every(({ closed, held }) => closed || held > 0)).toBe(true);
  await node.time.run(3_000);
  expect(crowd.every(({ closed }) => closed)).toBe(true);
  const delaysMs = crowd.map((client) => client.refusal?.retryAfterMs ?? 0);
  const inFirstSecond = delaysMs.filter((delayMs) => delayMs < 1_000).length;
  expect(inFirstSecond).toBeLessThan(1_500);
  expect(Math.max(...delaysMs)).toBeGreaterThan(3_000);
  node.arrivals.stop();
});

test("who waits is opened as soon as somebody leads", async () => {
  const node = new Node();
  node.hasLeader = false;
  const crowd = node.come(1_000);
  await node.time.run(500);
  node.hasLeader = true;
  await node.time.run(1_500);
  const opened = crowd.filter((client) => client.opened).length;
  const refused = crowd.filter((client) => client.refusal !== undefined).length;
  expect(opened + refused).toBe(1_000);
  expect(opened).toBeGreaterThan(800);
  node.arrivals.stop();
});

test("beyond what may wait, clients are told to come back, not at the same time", async () => {
  const node = new Node();
  const clients = node.come(6_000);
  const refused = clients.filter((client) => client.refusal?.code === "OVERLOADED");
  expect(refused).toHaveLength(1_000);
  expect(new Set(refused.map((client) => client.refusal?.retryAfterMs)).size).toBeGreaterThan(500);
  await node.time.run(200);
  expect(clients.filter((client) => client.opened)).toHaveLength(5_000);
  node.arrivals.stop();
});

test("a client that has left is not opened, and nothing is left after the end", async () => {
  const node = new Node();
  const [client] = node.come(1);
  if (client !== undefined) client.closed = true;
  await node.time.run(50);
  expect(node.looks).toBe(0);
  node.come(10);
  node.arrivals.stop();
  await node.time.run(50);
  expect(node.looks).toBe(0);
  expect(node.arrivals.size).toBe(0);
});
