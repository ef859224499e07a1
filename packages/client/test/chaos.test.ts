import { expect, test } from "vitest";
import type { Meridian } from "../src/client.ts";
import { FakeFleet } from "./fake-fleet.ts";
import { codeOf, isGlobal } from "./scene.ts";

/** How many writes ended how, over all seeds. */
const exercised = new Map<string, number>();

/** One disturbance, chosen by the fleet's own chance. */
function disturb(fleet: FakeFleet): void {
  const { runtime } = fleet;
  const servers = fleet.select(isGlobal);
  const server = servers[Math.floor(runtime.random() * servers.length)];
  if (server === undefined) return;
  const cluster = fleet.cluster("global");
  switch (Math.floor(runtime.random() * 8)) {
    case 0:
      server.isSilent = !server.isSilent;
      break;
    case 1:
      server.kill();
      break;
    case 2:
    case 3:
      server.isDown = false;
      server.isSilent = false;
      break;
    case 4:
      for (const stream of server.streams) stream.sink.break();
      break;
    case 5:
      cluster.leader = runtime.random() < 0.3 ? "" : server.place.node;
      break;
    case 6:
      cluster.isStuck = !cluster.isStuck;
      break;
    default: {
      const [session = 0] = cluster.sessions.keys();
      if (runtime.random() < 0.1) cluster.expire(session);
    }
  }
}

function heal(fleet: FakeFleet): void {
  for (const server of fleet.servers.values()) {
    server.isDown = false;
    server.isSilent = false;
  }
  fleet.cluster("global").leader = "global-eu-central-2";
  fleet.cluster("global").isStuck = false;
}

/** Writes a node a time for a while, and tells what each write was said to have come to. */
async function work(fleet: FakeFleet, client: Meridian): Promise<ReadonlyMap<string, string>> {
  const ends = new Map<string, string>();
  const open: Promise<unknown>[] = [];
  for (let n = 0; n < 300; n += 1) {
    const path = `/global/n${n}`;
    const deadlineMs = 200 + Math.floor(fleet.runtime.random() * 8_000);
    const write = codeOf(client.create(path, "", { deadlineMs }));
    open.push(write.then((code) => ends.set(path, code)));
    if (n % 6 === 0) disturb(fleet);
    await fleet.runtime.run(Math.floor(fleet.runtime.random() * 150));
  }
  heal(fleet);
  await fleet.runtime.until(Promise.all(open));
  await fleet.runtime.run(60_000);
  return ends;
}

test.each(Array.from({ length: 40 }, (_, n) => n + 1))(
  "under faults of seed %i every write happens as it was reported, once and in order",
  async (seed) => {
    const fleet = new FakeFleet(seed);
    fleet.cluster("global").seed("/global");
    const client = await fleet.client();
    const ends = await work(fleet, client);
    const { nodes, applied, overtaken } = fleet.cluster("global");
    expect(overtaken, `seed ${seed}`).toBe(0);
    const wrong = [...ends].filter(([path, code]) => {
      if (code === "none") return !nodes.has(path);
      return code !== "UNKNOWN" && nodes.has(path);
    });
    expect(wrong, `seed ${seed}`).toEqual([]);
    const paths = applied.map((each) => each.split(" ")[1] ?? "").filter((each) => nodes.has(each));
    expect(new Set(paths).size, `seed ${seed}`).toBe(paths.length);
    const order = [...ends.keys()]
      .filter((path) => ends.get(path) === "none")
      .sort((a, b) => Number(a.slice(9)) - Number(b.slice(9)))
      .map((path) => nodes.get(path)?.stat.czxid ?? 0);
    expect(order, `seed ${seed}`).toEqual(order.toSorted((a, b) => a - b));
    for (const code of ends.values()) exercised.set(code, (exercised.get(code) ?? 0) + 1);
    const done = await fleet.runtime.until(client.create("/global/last", ""));
    expect(done.path).toBe("/global/last");
  },
);

test("the faults were worth the name", () => {
  const rare = ["none", "UNKNOWN", "GLOBAL_UNAVAILABLE"].filter(
    (code) => (exercised.get(code) ?? 0) < 200,
  );
  expect(rare).toEqual([]);
});
