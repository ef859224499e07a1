import { expect, test } from "vitest";
import type { OpenChannel } from "../src/channel.ts";
import type { Meridian } from "../src/client.ts";
import { FakeFleet } from "./fake-fleet.ts";
import { codeOf } from "./scene.ts";

interface Stage {
  readonly fleet: FakeFleet;
  readonly client: Meridian;
  /** Addresses, once for every channel that was opened and not closed. */
  readonly channels: string[];
}

async function stage(): Promise<Stage> {
  const fleet = new FakeFleet();
  fleet.cluster("global").seed("/global/a");
  const channels: string[] = [];
  const openChannel: OpenChannel = (address) => {
    const channel = fleet.channel(address);
    channels.push(address);
    return {
      session: (handler) => channel.session(handler),
      follow: (handler) => channel.follow(handler),
      topology: (options) => channel.topology(options),
      status: (options) => channel.status(options),
      close: () => {
        channels.splice(channels.indexOf(address), 1);
        return channel.close();
      },
    };
  };
  return { fleet, client: await fleet.client({ openChannel }), channels };
}

/** Uses every kind of stream. */
async function use({ fleet }: Stage, client: Meridian): Promise<void> {
  await fleet.runtime.until(client.set("/global/a", "x"));
  for (const consistency of ["strict", "regional", "eventual"] as const) {
    await fleet.runtime.until(client.get("/global/a", { consistency }));
  }
  await fleet.runtime.until(client.watch("/global").ready);
  await fleet.runtime.until(client.changes().ready);
}

test("all that a client and its siblings do to a node goes over one channel", async () => {
  const scene = await stage();
  await use(scene, scene.client);
  expect(new Set(scene.channels).size).toBe(scene.channels.length);
  const before = scene.channels.toSorted();
  const siblings = Array.from({ length: 10 }, () => scene.client.sibling());
  for (const sibling of siblings) await use(scene, sibling);
  expect(scene.channels.toSorted()).toEqual(before);
  expect(scene.fleet.cluster("global").sessions.size).toBe(11);
});

test("siblings hold their own locks, and see what the first has seen", async () => {
  const { fleet, client } = await stage();
  const written = await fleet.runtime.until(client.set("/global/a", "x"));
  const states: string[] = [];
  const sibling = client.sibling({ onSession: ({ state }) => states.push(state) });
  expect(sibling.token).toBe(client.token);
  expect(client.sibling({ token: "" }).token).toBe("");
  const held = await fleet.runtime.until(client.lock("/locks/a").acquire());
  const tried = await fleet.runtime.until(sibling.lock("/locks/a").tryAcquire());
  expect(tried).toBeUndefined();
  const other = await fleet.runtime.until(sibling.lock("/locks/b").acquire());
  expect(states).toEqual(["opened"]);
  await fleet.runtime.until(other.release());
  const read = await fleet.runtime.until(sibling.get("/global/a", { consistency: "eventual" }));
  expect(read.stat.mzxid).toBe(written.stat.mzxid);
  await fleet.runtime.until(held.release());
});

test("the connections live as long as one of them is open", async () => {
  const scene = await stage();
  const { fleet, client, channels } = scene;
  const sibling = client.sibling();
  await use(scene, client);
  await use(scene, sibling);
  await fleet.runtime.until(client.close());
  await fleet.runtime.until(sibling.set("/global/a", "y"));
  expect(channels.length).toBeGreaterThan(0);
  expect(() => client.sibling()).toThrow(/SESSION_EXPIRED/);
  await fleet.runtime.until(sibling.close());
  expect(channels).toEqual([]);
  expect(fleet.cluster("global").sessions.size).toBe(0);
  await fleet.runtime.run(120_000);
  expect(fleet.runtime.pending).toBe(0);
});

test("connecting ends with its signal and leaves nothing behind", async () => {
  const fleet = new FakeFleet();
  for (const server of fleet.servers.values()) server.isSilent = true;
  const reason = new Error("enough");
  await expect(fleet.client({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  const controller = new AbortController();
  const connecting = fleet.client({ signal: controller.signal });
  fleet.runtime.after(100, () => controller.abort(reason));
  const startedMs = fleet.runtime.nowMs();
  await expect(connecting).rejects.toBe(reason);
  expect(fleet.runtime.nowMs() - startedMs).toBe(100);
  await fleet.runtime.run(60_000);
  expect(fleet.runtime.pending).toBe(0);
  expect(await codeOf(fleet.client({ connectDeadlineMs: 300 }))).toBe("REGION_UNAVAILABLE");
});
