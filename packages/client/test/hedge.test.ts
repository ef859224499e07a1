import { expect, test } from "vitest";
import type { Meridian } from "../src/client.ts";
import type { ConnectOptions } from "../src/options.ts";
import { FakeFleet } from "./fake-fleet.ts";
import type { FakeServer } from "./fake-server.ts";
import { codeOf } from "./scene.ts";

const path = "/global/a";

interface Stage {
  readonly fleet: FakeFleet;
  readonly client: Meridian;
  readonly edge: FakeServer;
}

/** A client that has read at the edge before, so that it is connected. */
async function stage(options: Partial<ConnectOptions> = {}): Promise<Stage> {
  const fleet = new FakeFleet();
  fleet.cluster("global").seed(path, "text");
  const client = await fleet.client(options);
  const edge = fleet.server("edge-us-west");
  await fleet.runtime.until(client.get(path, { consistency: "eventual" }));
  await fleet.runtime.until(client.get(path, { consistency: "regional" }));
  return { fleet, client, edge };
}

/** How often nodes other than the edges were asked to read. */
function others(fleet: FakeFleet): number {
  const regional = fleet.select(({ place }) => place.role === "regional-voter");
  return regional.reduce((sum, { seen }) => sum + seen.filter(({ get }) => get).length, 0);
}

test("an eventual read that takes long is answered by the next place, soon", async () => {
  const { fleet, client, edge } = await stage();
  edge.script = () => "drop";
  const startedMs = fleet.runtime.nowMs();
  const hedged = { consistency: "eventual", hedgeMs: 20 } as const;
  const { text, receipt } = await fleet.runtime.until(client.get(path, hedged));
  expect({ text, tier: receipt.servedBy.tier }).toEqual({ text: "text", tier: "regional" });
  expect(fleet.runtime.nowMs() - startedMs).toBeLessThan(30);
  const plain = client.get(path, { consistency: "eventual" });
  await fleet.runtime.until(plain);
  expect(fleet.runtime.nowMs() - startedMs).toBeGreaterThan(1_000);
});

test("where the first place is quick, nobody else is asked", async () => {
  const { fleet, client } = await stage({ hedgeMs: 20 });
  const before = others(fleet);
  for (let n = 0; n < 50; n += 1) {
    const read = await fleet.runtime.until(client.get(path, { consistency: "eventual" }));
    expect(read.receipt.servedBy.tier).toBe("edge");
  }
  expect(others(fleet)).toBe(before);
});

test("at most one read in ten is asked twice, however slow the first place is", async () => {
  const { fleet, client, edge } = await stage({ hedgeMs: 5 });
  edge.script = () => "drop";
  const before = others(fleet);
  const deadlineMs = 100;
  const reads = Array.from({ length: 200 }, () => {
    return codeOf(client.get(path, { consistency: "eventual", deadlineMs }));
  });
  await fleet.runtime.run(10);
  // Ten may be saved up, and each of the two hundred earns a tenth.
  expect(others(fleet) - before).toBeLessThanOrEqual(30);
  expect(others(fleet) - before).toBeGreaterThanOrEqual(10);
  await fleet.runtime.until(Promise.all(reads));
});

test("strict and regional reads are not asked twice", async () => {
  const { fleet, client } = await stage({ hedgeMs: 1 });
  const before = fleet.select(({ seen }) => seen.length > 0).length;
  await fleet.runtime.until(client.get(path, { consistency: "regional" }));
  expect(fleet.select(({ seen }) => seen.length > 0)).toHaveLength(before);
});

test("that there is no such node is an answer, and no reason to ask elsewhere", async () => {
  const { fleet, client } = await stage({ hedgeMs: 20 });
  const before = others(fleet);
  const read = client.get("/global/none", { consistency: "eventual" });
  expect(await codeOf(fleet.runtime.until(read))).toBe("NO_NODE");
  expect(others(fleet)).toBe(before);
});

test("a place that refuses is passed over at once, and costs no second try", async () => {
  const { fleet, client, edge } = await stage({ hedgeMs: 1_000 });
  edge.stalenessMs = 10_000;
  for (let n = 0; n < 30; n += 1) {
    const startedMs = fleet.runtime.nowMs();
    const fresh = { consistency: "eventual", maxStalenessMs: 100 } as const;
    const { receipt } = await fleet.runtime.until(client.get(path, fresh));
    expect(receipt.servedBy.tier).toBe("regional");
    expect(fleet.runtime.nowMs() - startedMs).toBeLessThan(20);
  }
});

test("the slower one is given up, and answers of it change nothing", async () => {
  const { fleet, client, edge } = await stage();
  let late = 0;
  edge.script = () => {
    late += 1;
    return "drop";
  };
  const hedged = { consistency: "eventual", hedgeMs: 5 } as const;
  await fleet.runtime.until(client.get(path, hedged));
  edge.script = undefined;
  const pending = fleet.runtime.pending;
  await fleet.runtime.run(5_000);
  expect(late).toBe(1);
  expect(fleet.runtime.pending).toBeLessThanOrEqual(pending);
  const { receipt } = await fleet.runtime.until(client.get(path, { consistency: "eventual" }));
  expect(receipt.servedBy.tier).toBe("edge");
});

test("by itself it waits longer than reads usually take", async () => {
  const { fleet, client, edge } = await stage({ hedgeMs: "auto" });
  edge.script = () => "drop";
  // Nothing is known yet: there is no second try, and the read goes on as it would anyway.
  const startedMs = fleet.runtime.nowMs();
  await fleet.runtime.until(client.get(path, { consistency: "eventual" }));
  expect(fleet.runtime.nowMs() - startedMs).toBeGreaterThan(1_000);
  edge.script = undefined;
  for (let n = 0; n < 127; n += 1) {
    await fleet.runtime.until(client.get(path, { consistency: "eventual" }));
  }
  edge.script = () => "drop";
  const againMs = fleet.runtime.nowMs();
  await fleet.runtime.until(client.get(path, { consistency: "eventual" }));
  expect(fleet.runtime.nowMs() - againMs).toBeLessThan(20);
});

test("when all fail, or the caller gives up, it is said as without a second try", async () => {
  const { fleet, client } = await stage({ hedgeMs: 5 });
  for (const server of fleet.servers.values()) server.script = () => "drop";
  const read = client.get(path, { consistency: "eventual", deadlineMs: 500 });
  const startedMs = fleet.runtime.nowMs();
  expect(await codeOf(fleet.runtime.until(read))).toBe("GLOBAL_UNAVAILABLE");
  expect(fleet.runtime.nowMs() - startedMs).toBeLessThanOrEqual(510);
  const controller = new AbortController();
  const given = client.get(path, { consistency: "eventual", signal: controller.signal });
  await fleet.runtime.run(20);
  const why = new Error("enough");
  controller.abort(why);
  await expect(fleet.runtime.until(given)).rejects.toBe(why);
  const wrong = client.get(path, { consistency: "eventual", hedgeMs: -1 });
  expect(await codeOf(fleet.runtime.until(wrong))).toBe("BAD_ARGUMENTS");
});
