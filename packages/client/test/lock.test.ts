import { expect, test } from "vitest";
import type { Meridian } from "../src/client.ts";
import type { HeldLock } from "../src/recipes/lock.ts";
import { FakeFleet } from "./fake-fleet.ts";
import { codeOf, isGlobal } from "./scene.ts";

async function scene(
  count: number,
  prefix: string = "/locks",
): Promise<{ fleet: FakeFleet; clients: readonly Meridian[]; path: string }> {
  const fleet = new FakeFleet();
  const cluster = prefix === "/locks" ? "global" : "us-west";
  fleet.cluster(cluster).seed(prefix);
  const clients: Meridian[] = [];
  for (let n = 0; n < count; n += 1) clients.push(await fleet.client());
  return { fleet, clients, path: `${prefix}/billing` };
}

function contenders(fleet: FakeFleet, path: string, cluster: string = "global"): string[] {
  return [...fleet.cluster(cluster).nodes.keys()].filter((each) => each.startsWith(`${path}/`));
}

test.each(["/locks", "/regions/us-west"])(
  "one holder at a time below %s, in the order of arrival, with growing tokens",
  async (prefix) => {
    const { fleet, clients, path } = await scene(5, prefix);
    const order: number[] = [];
    const tokens: number[] = [];
    let holders = 0;
    const work = clients.map(async (client, n) => {
      await fleet.runtime.pause(n * 50);
      await using lock = await client.lock(path).acquire();
      holders += 1;
      expect(holders).toBe(1);
      expect(lock.isHeld).toBe(true);
      order.push(n);
      tokens.push(lock.fencingToken);
      await fleet.runtime.pause(400);
      holders -= 1;
    });
    await fleet.runtime.until(Promise.all(work));
    expect(order).toEqual([0, 1, 2, 3, 4]);
    expect(tokens).toEqual(tokens.toSorted((a, b) => a - b));
    expect(new Set(tokens).size).toBe(5);
  },
);

test("a release wakes only the next in the queue", async () => {
  const { fleet, clients, path } = await scene(6);
  const held: HeldLock[] = [];
  const waiting = clients.map((client) =>
    codeOf(
      client
        .lock(path)
        .acquire()
        .then((lock) => held.push(lock)),
    ),
  );
  await fleet.runtime.run(500);
  expect(held).toHaveLength(1);
  for (const server of fleet.servers.values()) server.seen.length = 0;
  await fleet.runtime.until(held[0]?.release() ?? Promise.resolve());
  await fleet.runtime.run(500);
  expect(held).toHaveLength(2);
  const lists = fleet.select(isGlobal).flatMap(({ seen }) => seen.filter((each) => each.children));
  expect(lists).toHaveLength(1);
  await fleet.runtime.until(Promise.all(fleet.clients.map((client) => client.close())));
  const ends = await fleet.runtime.until(Promise.all(waiting));
  expect(ends.slice(2)).toEqual(Array(4).fill("SESSION_EXPIRED"));
});

test("a create whose answer was lost is found again and not made twice", async () => {
  const { fleet, clients, path } = await scene(1);
  const [client] = clients;
  if (client === undefined) throw new Error("one client");
  await fleet.runtime.until(client.create("/locks/warm", ""));
  const acquiring = client.lock(path).acquire();
  await fleet.runtime.run(2); // created, not answered
  expect(contenders(fleet, path)).toHaveLength(1);
  for (const server of fleet.select(isGlobal)) {
    for (const stream of server.streams) stream.sink.break();
  }
  const lock = await fleet.runtime.until(acquiring);
  expect(contenders(fleet, path)).toEqual([lock.path]);
});

test("a create of unknown fate is looked for by its mark", async () => {
  const { fleet, clients, path } = await scene(1);
  const [client] = clients;
  if (client === undefined) throw new Error("one client");
  await fleet.runtime.until(client.create("/locks/warm", ""));
  let isHeldBack = true;
  for (const server of fleet.select(isGlobal)) {
    server.script = (request) => {
      if (request.create === undefined || !isHeldBack) return undefined;
      const outcome = fleet.cluster("global").apply(server.lastSession, request.sequence, request);
      return outcome.error === undefined ? "drop" : outcome;
    };
  }
  const acquiring = client.lock(path).acquire();
  await fleet.runtime.run(16_000); // past the deadline of the create: its answer never came
  isHeldBack = false;
  for (const server of fleet.select(isGlobal)) {
    for (const stream of server.streams) stream.sink.break();
  }
  const lock = await fleet.runtime.until(acquiring);
  expect(contenders(fleet, path)).toEqual([lock.path]);
  expect(lock.isHeld).toBe(true);
});

test("the end of the session is the end of the lock, and the holder hears of it", async () => {
  const { fleet, clients, path } = await scene(2);
  const [first, second] = clients;
  if (first === undefined || second === undefined) throw new Error("two clients");
  const lock = await fleet.runtime.until(first.lock(path).acquire());
  const next = second.lock(path).acquire();
  await fleet.runtime.run(100);
  const [session = 0] = fleet.cluster("global").sessions.keys();
  fleet.cluster("global").expire(session);
  const other = await fleet.runtime.until(next);
  expect(other.fencingToken).toBeGreaterThan(lock.fencingToken);
  await fleet.runtime.until(codeOf(first.set("/locks/x", ""))); // hears SESSION_EXPIRED
  expect(lock.lost.aborted).toBe(true);
  expect(lock.isHeld).toBe(false);
  await fleet.runtime.until(lock.release());
  expect(contenders(fleet, path)).toEqual([other.path]);
});

test("after a long pause a holder knows at once that it may hold no more", async () => {
  const { fleet, clients, path } = await scene(1);
  const [client] = clients;
  if (client === undefined) throw new Error("one client");
  const lock = await fleet.runtime.until(client.lock(path).acquire());
  expect(lock.isHeld).toBe(true);
  fleet.runtime.stall(60_000);
  expect(lock.isHeld).toBe(false);
});

test("who gives up waiting leaves no place in the queue behind", async () => {
  const { fleet, clients, path } = await scene(2);
  const [first, second] = clients;
  if (first === undefined || second === undefined) throw new Error("two clients");
  const lock = await fleet.runtime.until(first.lock(path).acquire());
  const given = new AbortController();
  const waiting = second.lock(path).acquire({ signal: given.signal });
  await fleet.runtime.run(200);
  given.abort(new Error("no patience"));
  await expect(fleet.runtime.until(waiting)).rejects.toThrow("no patience");
  await fleet.runtime.run(200);
  expect(contenders(fleet, path)).toEqual([lock.path]);
});

test("a waiter lives through the loss of the leader", async () => {
  const { fleet, clients, path } = await scene(2);
  const [first, second] = clients;
  if (first === undefined || second === undefined) throw new Error("two clients");
  const lock = await fleet.runtime.until(first.lock(path).acquire());
  const waiting = second.lock(path).acquire();
  await fleet.runtime.run(200);
  fleet.cluster("global").leader = "global-eu-central-1";
  fleet.server("global-us-east-1").kill();
  await fleet.runtime.run(3_000);
  expect(lock.isHeld).toBe(true);
  await fleet.runtime.until(lock.release());
  expect((await fleet.runtime.until(waiting)).isHeld).toBe(true);
});

test("there are no locks in eventual zones", async () => {
  const { fleet, clients } = await scene(1);
  const acquiring = clients[0]?.lock("/shared/lock").acquire() ?? Promise.resolve();
  expect(await fleet.runtime.until(codeOf(acquiring))).toBe("UNSUPPORTED");
});

test("an election has one leader, whom others can see, and then the next", async () => {
  const { fleet, clients } = await scene(2);
  const [first, second] = clients;
  if (first === undefined || second === undefined) throw new Error("two clients");
  const path = "/locks/boss";
  expect(await fleet.runtime.until(first.election(path).leader())).toBeUndefined();
  const leading = await fleet.runtime.until(first.election(path).elect({ data: "one" }));
  const next = second.election(path).elect({ data: "two" });
  await fleet.runtime.run(100);
  expect((await fleet.runtime.until(second.election(path).leader()))?.text).toBe("one");
  await fleet.runtime.until(leading.resign());
  const led = await fleet.runtime.until(next);
  expect(led.fencingToken).toBeGreaterThan(leading.fencingToken);
  expect((await fleet.runtime.until(first.election(path).leader()))?.text).toBe("two");
  expect([leading.isLeader, led.isLeader]).toEqual([false, true]);
});
