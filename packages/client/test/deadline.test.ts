import { expect, test } from "vitest";
import { refused } from "./fake-cluster.ts";
import { FakeFleet } from "./fake-fleet.ts";
import { attached, codeOf, isGlobal } from "./scene.ts";

test("a write sent and not answered ends with UNKNOWN, and is applied at most once", async () => {
  const { fleet, client } = await attached();
  for (const server of fleet.select(isGlobal)) server.isSilent = true;
  const { runtime } = fleet;
  const write = client.set("/global/a", "lost", { deadlineMs: 3_000 });
  const startMs = runtime.nowMs();
  expect(await runtime.until(codeOf(write))).toBe("UNKNOWN");
  expect(runtime.nowMs() - startMs).toBeLessThanOrEqual(3_010);
  for (const server of fleet.select(isGlobal)) server.isSilent = false;
  await runtime.until(client.set("/global/a", "next"));
  const sequences = fleet.cluster("global").applied.map((each) => each.split(" ")[0]);
  expect(sequences).toEqual(["2", "3"]);
});

test("a write that was never sent says so: the global tier is unavailable", async () => {
  const { fleet, client } = await attached();
  for (const server of fleet.select(isGlobal)) server.kill();
  await fleet.runtime.run(50);
  const write = client.set("/global/a", "lost", { deadlineMs: 2_000 });
  expect(await fleet.runtime.until(codeOf(write))).toBe("GLOBAL_UNAVAILABLE");
  for (const server of fleet.select(isGlobal)) server.isDown = false;
  await fleet.runtime.until(client.set("/global/a", "next"));
  expect(fleet.cluster("global").applied).toEqual(["2 /global/a"]);
});

test("a write that was refused each time it was sent was certainly not applied", async () => {
  const { fleet, client } = await attached();
  for (const server of fleet.select(isGlobal)) {
    server.script = (request) => (request.sequence > 0 ? refused("GLOBAL_UNAVAILABLE") : undefined);
  }
  const write = client.set("/global/a", "x", { deadlineMs: 2_000 });
  expect(await fleet.runtime.until(codeOf(write))).toBe("GLOBAL_UNAVAILABLE");
  for (const server of fleet.select(isGlobal)) server.script = undefined;
  await fleet.runtime.until(client.set("/global/a", "y"));
  // Its number was taken by a write that does nothing, so that none is missing.
  expect(fleet.cluster("global").applied).toEqual(["2 multi", "3 /global/a"]);
});

test("an answer of the log that nobody knows is the last word, and holds nothing up", async () => {
  const { fleet, client } = await attached();
  let asked = 0;
  for (const server of fleet.select(isGlobal)) {
    server.script = (request) => {
      if (request.set?.path !== "/global/a") return undefined;
      asked += 1;
      return { ...refused("UNKNOWN"), index: 7 };
    };
  }
  const write = client.set("/global/a", "x", { deadlineMs: 2_000 });
  expect(await fleet.runtime.until(codeOf(write))).toBe("UNKNOWN");
  expect(asked).toBe(1);
  for (const server of fleet.select(isGlobal)) server.script = undefined;
  await fleet.runtime.until(client.set("/global/a", "y"));
});

test("a refusal does not make up for an earlier sending of which nothing was heard", async () => {
  const { fleet, client } = await attached();
  fleet.server("global-us-east-1").script = () => "drop";
  const write = codeOf(client.set("/global/a", "x", { deadlineMs: 3_000 }));
  await fleet.runtime.run(10);
  for (const server of fleet.select(isGlobal)) {
    server.script = (request) => (request.sequence > 0 ? refused("GLOBAL_UNAVAILABLE") : undefined);
    for (const stream of server.streams) stream.sink.break();
  }
  expect(await fleet.runtime.until(write)).toBe("UNKNOWN");
});

test("nothing of what came with a hello that was turned away has happened", async () => {
  const { fleet, client } = await attached();
  for (const server of fleet.select(isGlobal)) {
    server.dismissal = refused("GLOBAL_UNAVAILABLE").error;
    for (const stream of server.streams) stream.sink.break();
  }
  const write = codeOf(client.set("/global/a", "x", { deadlineMs: 3_000 }));
  expect(await fleet.runtime.until(write)).toBe("GLOBAL_UNAVAILABLE");
  expect(fleet.cluster("global").applied).toEqual([]);
});

test("a regional cluster that does not answer is REGION_UNAVAILABLE", async () => {
  const fleet = new FakeFleet();
  const client = await fleet.client();
  for (const server of fleet.select((each) => each.place.region === "us-west")) server.kill();
  const write = client.set("/regions/us-west/a", "x", { deadlineMs: 1_000 });
  expect(await fleet.runtime.until(codeOf(write))).toBe("REGION_UNAVAILABLE");
});

test("a cluster that is there and does nothing in time is DEADLINE for a read", async () => {
  const { fleet, client } = await attached();
  fleet.cluster("global").isStuck = true;
  const read = client.get("/global/a", { deadlineMs: 5_000 });
  expect(await fleet.runtime.until(codeOf(read))).toBe("DEADLINE");
});

test("many deadlines cost one timer, and each is kept", async () => {
  const { fleet, client } = await attached();
  fleet.cluster("global").isStuck = true;
  const ends: number[] = [];
  const writes = [300, 100, 200].map((deadlineMs) =>
    codeOf(client.set("/global/a", "x", { deadlineMs })).then(() => ends.push(deadlineMs)),
  );
  await fleet.runtime.until(Promise.all(writes));
  expect(ends).toEqual([100, 200, 300]);
});

test("what is given up by a signal ends with its reason, or UNKNOWN once it was sent", async () => {
  const { fleet, client } = await attached();
  fleet.cluster("global").isStuck = true;
  const given = new AbortController();
  const { signal } = given;
  const write = client.set("/global/a", "x", { signal });
  const read = client.get("/global/a", { signal });
  await fleet.runtime.run(10);
  given.abort(new Error("enough"));
  const ends = await fleet.runtime.until(Promise.allSettled([write, read]));
  expect(ends).toMatchObject([{ reason: { code: "UNKNOWN" } }, { reason: { message: "enough" } }]);
  await expect(client.get("/global/a", { signal })).rejects.toThrow("enough");
  await expect(client.set("/global/a", "", { signal })).rejects.toThrow("enough");
});

test("more open requests than the bound are refused at once", async () => {
  const fleet = new FakeFleet();
  const client = await fleet.client({ limits: { outstandingMax: 3 } });
  fleet.cluster("global").isStuck = true;
  const writes = Array.from({ length: 5 }, () => codeOf(client.set("/global/a", "x")));
  await fleet.runtime.run(1);
  expect(await Promise.all(writes.slice(3))).toEqual(["OVERLOADED", "OVERLOADED"]);
});

test("a request that no server would take fails alone", async () => {
  const { fleet, client } = await attached();
  const large = client.set("/global/a", new Uint8Array(5 << 20));
  expect(await fleet.runtime.until(codeOf(large))).toBe("TOO_LARGE");
  await fleet.runtime.until(client.set("/global/a", "small"));
});
