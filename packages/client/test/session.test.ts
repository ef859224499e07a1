import { ErrorCode } from "@meridian/wire";
import { expect, test } from "vitest";
import { FakeFleet } from "./fake-fleet.ts";
import { attached, codeOf, isGlobal } from "./scene.ts";

test("a client calls its session expired before the servers may, and tells", async () => {
  const { fleet, client } = await attached();
  const { runtime } = fleet;
  const states: string[] = [];
  await runtime.until(client.create("/global/e", "", { ephemeral: true }));
  client.onSession(({ cluster, state }) => states.push(`${cluster} ${state}`));
  for (const server of fleet.select(isGlobal)) server.kill();
  const sentAtMs = runtime.nowMs();
  const waiting = codeOf(client.set("/global/a", "x", { deadlineMs: 60_000 }));
  expect(await runtime.until(waiting)).toBe("SESSION_EXPIRED");
  expect(runtime.nowMs() - sentAtMs).toBeLessThanOrEqual(18_000);
  expect(runtime.nowMs() - sentAtMs).toBeGreaterThan(15_000);
  expect(states).toEqual(["global detached", "global expired"]);
});

test("after an expiry with ephemerals writes need a word of the caller, reads do not", async () => {
  const { fleet, client } = await attached();
  const { runtime } = fleet;
  await runtime.until(client.create("/global/e", "", { ephemeral: true }));
  const [session = 0] = fleet.cluster("global").sessions.keys();
  fleet.cluster("global").expire(session);
  expect(await runtime.until(codeOf(client.set("/global/a", "x")))).toBe("SESSION_EXPIRED");
  expect(await runtime.until(codeOf(client.set("/global/a", "x")))).toBe("SESSION_EXPIRED");
  expect((await runtime.until(client.exists("/global/e"))).exists).toBe(false);
  client.renew();
  await runtime.until(client.set("/global/a", "y"));
  expect([...fleet.cluster("global").sessions.keys()]).not.toContain(session);
});

test("who asks again while the end of the session is told is told of it at once", async () => {
  const { fleet, client } = await attached();
  const { runtime } = fleet;
  await runtime.until(client.create("/global/e", "", { ephemeral: true }));
  const [session = 0] = fleet.cluster("global").sessions.keys();
  fleet.cluster("global").expire(session);
  const startedMs = runtime.nowMs();
  const raw = client.session("global");
  const data = new Uint8Array(1);
  const codes = await runtime.until(
    new Promise<unknown[]>((resolve) => {
      raw.set("/global/a", data, (first) => {
        raw.set("/global/a", data, (second) => resolve([first?.code, second?.code]));
      });
    }),
  );
  expect(codes).toEqual(["SESSION_EXPIRED", "SESSION_EXPIRED"]);
  expect(runtime.nowMs() - startedMs).toBeLessThan(1_000);
});

test("a session that somebody else holds is told as ended; its streams are counted", async () => {
  const { fleet, client } = await attached();
  const { runtime } = fleet;
  await runtime.until(client.create("/global/e", "", { ephemeral: true }));
  const { hellos, streams } = fleet.server("global-us-east-1");
  const counted = hellos.filter(({ sessionId }) => sessionId > 0).map((hello) => hello.attachment);
  expect(counted.length).toBeGreaterThan(0);
  expect(counted).toEqual(counted.toSorted((a, b) => a - b));
  expect(new Set(counted).size).toBe(counted.length);
  for (const { sink } of streams) {
    sink.send({ farewell: { code: ErrorCode.SESSION_MOVED, message: "it moved" } });
  }
  await runtime.run(5);
  const refused = client.set("/global/a", "x");
  await expect(runtime.until(refused)).rejects.toMatchObject({ code: "SESSION_EXPIRED" });
  client.renew();
  await runtime.until(client.set("/global/a", "y"));
});

test("a session without ephemerals is replaced, and no write is lost or doubled", async () => {
  const { fleet, client } = await attached();
  const { runtime } = fleet;
  const states: string[] = [];
  client.onSession(({ state }) => states.push(state));
  const [session = 0] = fleet.cluster("global").sessions.keys();
  fleet.cluster("global").expire(session);
  const writes = Array.from({ length: 10 }, (_, n) => client.set("/global/a", `${n}`));
  const results = await runtime.until(Promise.all(writes));
  expect(results.map(({ stat }) => stat.version)).toEqual(results.map((_, n) => n + 2));
  expect(states.slice(0, 2)).toEqual(["expired", "renewed"]);
});

test("a renewed session is one that the cluster knows, however many attempts it took", async () => {
  const { fleet, client } = await attached();
  const { runtime } = fleet;
  const events: string[] = [];
  client.onSession(({ cluster, state, sessionId }) => {
    if (cluster === "global") events.push(`${state} ${sessionId}`);
  });
  const [session = 0] = fleet.cluster("global").sessions.keys();
  fleet.cluster("global").expire(session);
  for (const server of fleet.select(isGlobal)) server.isSilent = true;
  const lost = codeOf(client.set("/global/a", "x", { deadlineMs: 120_000 }));
  await runtime.run(45_000); // what was to take its place has itself run out of time by now
  for (const server of fleet.select(isGlobal)) server.isSilent = false;
  expect(await lost).toBe("UNKNOWN");
  await runtime.until(client.set("/global/a", "y", { deadlineMs: 60_000 }));
  const [opened = 0] = fleet.cluster("global").sessions.keys();
  expect(events.filter((event) => !/tached/.test(event))).toEqual([
    `expired ${session}`,
    `renewed ${opened}`,
    `opened ${opened}`,
  ]);
});

test("a write that was on its way when the session ended is UNKNOWN", async () => {
  const { fleet, client } = await attached();
  const { runtime } = fleet;
  await runtime.until(client.create("/global/e", "", { ephemeral: true }));
  for (const server of fleet.select(isGlobal)) server.isSilent = true;
  const sent = codeOf(client.set("/global/a", "sent", { deadlineMs: 60_000 }));
  await runtime.run(10_000);
  const unsent = codeOf(client.set("/global/a", "unsent", { deadlineMs: 60_000 }));
  expect(await runtime.until(Promise.all([sent, unsent]))).toContain("UNKNOWN");
  expect(await sent).toBe("UNKNOWN");
  expect(["SESSION_EXPIRED", "GLOBAL_UNAVAILABLE"]).toContain(await unsent);
});

test("a pause longer than the timeout ends the session when the process wakes up", async () => {
  const { fleet, client } = await attached();
  await fleet.runtime.until(client.create("/global/e", "", { ephemeral: true }));
  const states: string[] = [];
  client.onSession(({ state }) => states.push(state));
  fleet.runtime.stall(30_000);
  await fleet.runtime.run(10);
  expect(states).toContain("expired");
});

test("an idle session is kept alive", async () => {
  const { fleet, client } = await attached();
  const states: string[] = [];
  client.onSession(({ state }) => states.push(state));
  await fleet.runtime.run(120_000);
  expect(states).toEqual([]);
});

test("closing the client ends its sessions, so that ephemerals go at once", async () => {
  const { fleet, client } = await attached();
  await fleet.runtime.until(client.create("/global/e", "", { ephemeral: true }));
  const last = client.set("/global/a", "last");
  await fleet.runtime.until(client.close());
  expect(fleet.cluster("global").nodes.has("/global/e")).toBe(false);
  expect((await last).stat.version).toBe(2);
  await expect(client.set("/global/a", "x")).rejects.toMatchObject({ code: "SESSION_EXPIRED" });
  await expect(client.get("/global/a")).rejects.toMatchObject({ code: "SESSION_EXPIRED" });
});

test("a client that is closed leaves nothing running", async () => {
  const { fleet, client } = await attached();
  const watch = client.watch("/global");
  await fleet.runtime.until(watch.ready);
  await fleet.runtime.until(client.close());
  await fleet.runtime.run(1_000);
  expect(fleet.runtime.pending).toBe(0);
});

test("sessions are opened only where they are needed", async () => {
  const fleet = new FakeFleet();
  fleet.cluster("global").seed("/global/a");
  fleet.cluster("us-west").seed("/regions/us-west/a");
  const client = await fleet.client();
  await fleet.runtime.until(client.get("/global/a"));
  await fleet.runtime.until(client.get("/global/a", { consistency: "eventual" }));
  await fleet.runtime.until(client.get("/regions/us-west/a"));
  expect([...fleet.clusters.values()].map(({ sessions }) => sessions.size)).toEqual([0, 0, 0, 0]);
  await fleet.runtime.until(client.set("/regions/us-west/a", "x"));
  expect(fleet.cluster("us-west").sessions.size).toBe(1);
  expect(fleet.cluster("global").sessions.size).toBe(0);
});

test("a read after a write of the same session is behind it, answered or not", async () => {
  const { fleet, client } = await attached();
  const write = client.set("/global/a", "fresh");
  const read = client.get("/global/a");
  const [, { text }] = await fleet.runtime.until(Promise.all([write, read]));
  expect(text).toBe("fresh");
});
