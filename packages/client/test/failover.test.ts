import { expect, test } from "vitest";
import { refused } from "./fake-cluster.ts";
import { FakeFleet } from "./fake-fleet.ts";
import { attached, isGlobal } from "./scene.ts";

test("writes whose answers were lost are sent again in order and applied once", async () => {
  const { fleet, client } = await attached();
  const writes = Array.from({ length: 20 }, (_, n) => client.set("/global/a", `${n}`));
  await fleet.runtime.run(2); // they have arrived, their answers have not
  expect(fleet.cluster("global").applied).toHaveLength(20);
  fleet.cluster("global").leader = "global-us-east-2";
  fleet.server("global-us-east-1").kill();
  const more = Array.from({ length: 5 }, (_, n) => client.set("/global/a", `${20 + n}`));
  const results = await fleet.runtime.until(Promise.all([...writes, ...more]));
  expect(results.map(({ stat }) => stat.version)).toEqual(results.map((_, n) => n + 2));
  const sequences = fleet.cluster("global").applied.map((each) => Number(each.split(" ")[0]));
  expect(sequences).toEqual(sequences.toSorted((a, b) => a - b));
  expect(new Set(sequences).size).toBe(25);
});

test("a connection that breaks again and again loses and doubles nothing", async () => {
  const { fleet, client } = await attached();
  const writes: Promise<unknown>[] = [];
  for (let round = 0; round < 30; round += 1) {
    for (let n = 0; n < 10; n += 1) writes.push(client.set("/global/a", `${round}-${n}`));
    await fleet.runtime.run(1 + Math.floor(fleet.runtime.random() * 4));
    for (const server of fleet.select(isGlobal)) {
      for (const stream of server.streams) if (round % 3 === 0) stream.sink.break();
    }
  }
  await fleet.runtime.until(Promise.all(writes));
  const { applied } = fleet.cluster("global");
  expect(applied).toHaveLength(300);
  expect(new Set(applied).size).toBe(300);
  expect(fleet.cluster("global").nodes.get("/global/a")?.stat.version).toBe(301);
});

test("a write that fails amid others fails alone and keeps its place, whoever leads", async () => {
  const { fleet, client } = await attached();
  await fleet.runtime.until(client.set("/global/a", "begun"));
  const outcomes: string[] = [];
  const note = async (what: string, write: Promise<unknown>): Promise<void> => {
    const code = await write.then(
      () => "done",
      (error: { readonly code: string }) => error.code,
    );
    outcomes.push(`${what} ${code}`);
  };
  const all: Promise<void>[] = [];
  for (const leader of [2, 3]) {
    const before = [1, 2, 3].map((n) => note(`${leader}-${n}`, client.set("/global/a", `${n}`)));
    const failing = note(`${leader}-4`, client.set("/global/a", "never", { version: 77 }));
    const missing = { kind: "delete", path: "/global/none" } as const;
    const failed = note(
      `${leader}-5`,
      client.multi([{ kind: "set", path: "/global/a", data: "never" }, missing]),
    );
    const behind = [6, 7].map((n) => note(`${leader}-${n}`, client.set("/global/a", `${n}`)));
    all.push(...before, failing, failed, ...behind);
    await fleet.runtime.run(leader); // some have arrived, no answer has
    const old = fleet.cluster("global").leader;
    fleet.cluster("global").leader = `global-us-east-${leader}`;
    fleet.server(old).kill();
  }
  await fleet.runtime.until(Promise.all(all));
  const wanted = [2, 3].flatMap((leader) => [
    ...[1, 2, 3].map((n) => `${leader}-${n} done`),
    `${leader}-4 BAD_VERSION`,
    `${leader}-5 NO_NODE`,
    ...[6, 7].map((n) => `${leader}-${n} done`),
  ]);
  expect(outcomes).toEqual(wanted);
  expect(fleet.cluster("global").nodes.get("/global/a")?.stat.version).toBe(2 + 10);
});

test("what a member refuses for the moment goes out again before what came after it", async () => {
  const { fleet, client } = await attached();
  let refusals = 0;
  fleet.server("global-us-east-1").script = (request) => {
    if (request.sequence !== 3 || refusals === 2) return undefined;
    refusals += 1;
    return refused("OVERLOADED", { retryAfterMs: 30 });
  };
  const first = client.set("/global/a", "2");
  await fleet.runtime.until(first);
  const second = client.set("/global/a", "3");
  await fleet.runtime.run(5);
  const third = client.set("/global/a", "4");
  await fleet.runtime.until(Promise.all([second, third]));
  expect(refusals).toBe(2);
  const sequences = fleet.cluster("global").applied.map((each) => each.split(" ")[0]);
  expect(sequences).toEqual(["2", "3", "4"]);
});

test("a session moves to the leader that the welcome names", async () => {
  const { fleet, client } = await attached();
  const written = await fleet.runtime.until(client.set("/global/a", "x"));
  expect(written.receipt.servedBy.node).toBe("global-us-east-1");
  expect(fleet.server("global-us-east-1").hellos.at(-1)).toMatchObject({ create: false });
});

test("a dead node that is still called leader is tried once, not for ever", async () => {
  const { fleet, client } = await attached();
  fleet.server("global-us-east-1").kill();
  for (const server of fleet.select(isGlobal)) server.leaderSeen = "global-us-east-1";
  const startMs = fleet.runtime.nowMs();
  await fleet.runtime.until(client.set("/global/a", "x"));
  expect(fleet.runtime.nowMs() - startMs).toBeLessThan(1_000);
  await fleet.runtime.run(2_000);
  fleet.cluster("global").leader = "global-eu-central-2";
  for (const server of fleet.select(isGlobal)) server.leaderSeen = undefined;
  await fleet.runtime.run(6_000);
  const written = await fleet.runtime.until(client.set("/global/a", "y"));
  expect(written.receipt.servedBy.node).toBe("global-eu-central-2");
});

test("over a connection that just worked, requests go with the hello", async () => {
  const fleet = new FakeFleet();
  fleet.latencyMs = 100;
  const client = await fleet.client();
  const startMs = fleet.runtime.nowMs();
  fleet.cluster("us-west").seed("/regions/us-west");
  await fleet.runtime.until(client.create("/regions/us-west/a", "x"));
  // The topology came from us-west-1, which leads; or the session moved there, once.
  expect(fleet.runtime.nowMs() - startMs).toBeLessThanOrEqual(601);
});

test("a strict write survives the loss of the leader's region within its deadline", async () => {
  const { fleet, client } = await attached();
  for (const server of fleet.select((each) => each.place.region === "us-east")) {
    server.isSilent = true;
  }
  const { runtime } = fleet;
  const startMs = runtime.nowMs();
  fleet.cluster("global").isStuck = true;
  fleet.cluster("global").leader = "";
  const write = client.set("/global/a", "after");
  await runtime.run(9_000);
  fleet.cluster("global").isStuck = false;
  fleet.cluster("global").leader = "global-eu-central-1";
  for (const server of fleet.select(isGlobal)) {
    if (server.place.region === "eu-central")
      for (const stream of server.streams) stream.sink.break();
  }
  const { receipt } = await runtime.until(write);
  expect(receipt.servedBy.region).toBe("eu-central");
  expect(runtime.nowMs() - startMs).toBeLessThan(15_000);
  expect(fleet.cluster("global").applied).toHaveLength(1);
});

test("a connection that goes silent is noticed, and the work goes on elsewhere", async () => {
  const { fleet, client } = await attached();
  fleet.server("global-us-east-1").isSilent = true;
  fleet.cluster("global").leader = "global-eu-central-1";
  const startMs = fleet.runtime.nowMs();
  await fleet.runtime.until(client.set("/global/a", "x"));
  expect(fleet.runtime.nowMs() - startMs).toBeLessThan(6_500);
  expect(fleet.cluster("global").applied).toHaveLength(1);
});

test("a pause of this process is not taken for the silence of the other side", async () => {
  const { fleet } = await attached();
  const before = fleet.server("global-us-east-1").hellos.length;
  fleet.runtime.stall(15_000);
  await fleet.runtime.run(5_000);
  expect(fleet.server("global-us-east-1").hellos).toHaveLength(before);
});
