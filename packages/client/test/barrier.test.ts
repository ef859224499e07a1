import { expect, test } from "vitest";
import type { Visit } from "../src/recipes/double-barrier.ts";
import { below, breakStreams, clientOf, expireOwner, hears, recipeScene } from "./recipe-scene.ts";
import { codeOf, isGlobal } from "./scene.ts";

test("a barrier holds up whoever comes until it is lifted, and then nobody", async () => {
  const scene = await recipeScene(5);
  const { fleet, clients, path } = scene;
  const barrier = clientOf(scene, 0).barrier(path);
  await fleet.runtime.until(barrier.wait()); // it was never raised
  await fleet.runtime.until(barrier.raise());
  await fleet.runtime.until(clientOf(scene, 1).barrier(path).raise());
  expect(await fleet.runtime.until(barrier.isRaised())).toBe(true);
  let through = 0;
  const waiting = clients.map(async (client) => {
    await client.barrier(path).wait();
    through += 1;
  });
  await fleet.runtime.run(30_000);
  expect(through).toBe(0);
  await fleet.runtime.until(clientOf(scene, 1).barrier(path).lift());
  await fleet.runtime.until(Promise.all(waiting));
  await fleet.runtime.until(barrier.lift());
  expect(await fleet.runtime.until(barrier.isRaised())).toBe(false);
});

test("who waits at a barrier lives through lost connections and leaders", async () => {
  const scene = await recipeScene(2);
  const { fleet, path } = scene;
  await fleet.runtime.until(clientOf(scene, 0).barrier(path).raise());
  const waiting = clientOf(scene, 1).barrier(path).wait();
  await fleet.runtime.run(300);
  breakStreams(scene);
  await fleet.runtime.run(1_000);
  fleet.cluster("global").leader = "global-eu-central-1";
  fleet.server("global-us-east-1").kill();
  await fleet.runtime.run(3_000);
  await fleet.runtime.until(clientOf(scene, 0).barrier(path).lift());
  await expect(fleet.runtime.until(waiting)).resolves.toBeUndefined();
});

test("a barrier whose answer was lost is up all the same, and comes down", async () => {
  const scene = await recipeScene(1);
  const { fleet, path } = scene;
  const barrier = clientOf(scene, 0).barrier(path);
  await fleet.runtime.until(barrier.lift());
  const raising = barrier.raise();
  await fleet.runtime.run(2);
  breakStreams(scene);
  await fleet.runtime.until(raising);
  expect(await fleet.runtime.until(barrier.isRaised())).toBe(true);
  const lifting = barrier.lift();
  await fleet.runtime.run(2);
  breakStreams(scene);
  await fleet.runtime.until(lifting);
  expect(await fleet.runtime.until(barrier.isRaised())).toBe(false);
});

test("a wait at a barrier is over after its time, or with its signal", async () => {
  const scene = await recipeScene(1);
  const { fleet, path } = scene;
  const barrier = clientOf(scene, 0).barrier(path);
  await fleet.runtime.until(barrier.raise());
  expect(await fleet.runtime.until(codeOf(barrier.wait({ deadlineMs: 500 })))).toBe("DEADLINE");
  const given = new AbortController();
  const waiting = barrier.wait({ signal: given.signal });
  await fleet.runtime.run(100);
  given.abort(new Error("no patience"));
  await expect(fleet.runtime.until(waiting)).rejects.toThrow("no patience");
});

test.each(["/locks", "/regions/us-west"] as const)(
  "below %s a double barrier opens when all have come, and closes when all have left",
  async (prefix) => {
    const scene = await recipeScene(4, prefix);
    const { fleet, clients, path } = scene;
    for (let round = 0; round < 3; round += 1) {
      const visits: Visit[] = [];
      const entering = clients.map(async (client, n) => {
        await fleet.runtime.pause(n * 200);
        visits.push(await client.doubleBarrier(path, 4).enter());
      });
      await fleet.runtime.run(590); // three have come, the fourth has not
      expect(visits).toEqual([]);
      await fleet.runtime.until(Promise.all(entering));
      let left = 0;
      const leaving = visits.map(async (visit, n) => {
        await fleet.runtime.pause(n * 200);
        await visit.leave();
        left += 1;
      });
      await fleet.runtime.run(590);
      expect(left).toBe(0);
      await fleet.runtime.until(Promise.all(leaving));
      expect(below(scene, path)).toEqual([`${path}/open`]);
    }
  },
);

test("what let one round in lets nobody in alone afterwards", async () => {
  const scene = await recipeScene(3);
  const { fleet, path } = scene;
  const barriers = scene.clients.map((client) => client.doubleBarrier(path, 2));
  const enter = (n: number): Promise<Visit> => barriers[n]?.enter() ?? Promise.reject(new Error());
  const round = await fleet.runtime.until(Promise.all([enter(0), enter(1)]));
  let isIn = false;
  const alone = enter(2).then((visit) => {
    isIn = true;
    return visit;
  });
  await fleet.runtime.run(1_000);
  expect(isIn).toBe(false);
  await fleet.runtime.until(Promise.all(round.map((visit) => visit.leave())));
  await fleet.runtime.run(1_000);
  expect(isIn).toBe(false);
  const visits = await fleet.runtime.until(Promise.all([alone, enter(0)]));
  await fleet.runtime.until(Promise.all(visits.map((visit) => visit.leave())));
});

test("who comes wakes nobody, and the opening wakes each once", async () => {
  const scene = await recipeScene(8);
  const { fleet, clients, path, wakeups } = scene;
  const visits: Promise<Visit>[] = [];
  for (const client of clients.slice(0, 7)) {
    visits.push(client.doubleBarrier(path, 8).enter());
    await fleet.runtime.run(100);
  }
  expect(wakeups.map(({ count }) => count)).toEqual(Array(8).fill(0));
  visits.push(clientOf(scene, 7).doubleBarrier(path, 8).enter());
  const inside = await fleet.runtime.until(Promise.all(visits));
  await fleet.runtime.run(100);
  for (const { count } of wakeups) expect(count).toBeLessThanOrEqual(1);
  for (const woken of wakeups) woken.count = 0;
  await fleet.runtime.until(Promise.all(inside.map((visit) => visit.leave())));
  const total = wakeups.reduce((sum, { count }) => sum + count, 0);
  // The first to have come waits for the others one by one; those wait for the first.
  expect(total).toBeLessThanOrEqual(2 * 8);
});

test("who loses its session has left, whether the others wait to enter or to leave", async () => {
  const scene = await recipeScene(3);
  const { fleet, path } = scene;
  const enter = (n: number): Promise<Visit> => clientOf(scene, n).doubleBarrier(path, 2).enter();
  const given = codeOf(enter(0));
  await fleet.runtime.run(200);
  expireOwner(scene, below(scene, path)[0] ?? "");
  let isIn = false;
  const second = enter(1).then((visit) => {
    isIn = true;
    return visit;
  });
  await fleet.runtime.run(1_000);
  expect(isIn).toBe(false);
  await fleet.runtime.until(hears(scene));
  expect(await fleet.runtime.until(given)).toBe("SESSION_EXPIRED");
  const [visit, other] = await fleet.runtime.until(Promise.all([second, enter(2)]));
  const leaving = visit.leave();
  await fleet.runtime.run(300);
  expireOwner(scene, other.path);
  await fleet.runtime.until(leaving);
});

test("who gives up entering, also while its node is under way, has not come", async () => {
  const scene = await recipeScene(2);
  const { fleet, path } = scene;
  await fleet.runtime.until(clientOf(scene, 0).create("/locks/warm", ""));
  for (const server of fleet.select(isGlobal)) {
    server.script = (request) => {
      if (request.create === undefined) return undefined;
      const outcome = fleet.cluster("global").apply(server.lastSession, request.sequence, request);
      return outcome.error === undefined ? "drop" : outcome;
    };
  }
  const entering = clientOf(scene, 0).doubleBarrier(path, 2).enter({ deadlineMs: 400 });
  expect(await fleet.runtime.until(codeOf(entering))).toBe("DEADLINE");
  for (const server of fleet.select(isGlobal)) server.script = undefined;
  breakStreams(scene);
  await fleet.runtime.run(1_000);
  expect(below(scene, path)).toEqual([]);
});

test("there are no barriers in eventual zones, nor for numbers without sense", async () => {
  const scene = await recipeScene(1);
  const client = clientOf(scene, 0);
  const { runtime } = scene.fleet;
  expect(await runtime.until(codeOf(client.barrier("/shared/gate").raise()))).toBe("UNSUPPORTED");
  expect(await runtime.until(codeOf(client.barrier("/shared/gate").wait()))).toBe("UNSUPPORTED");
  const double = client.doubleBarrier("/shared/gate", 2);
  expect(await runtime.until(codeOf(double.enter()))).toBe("UNSUPPORTED");
  for (const count of [0, -1, 1.5, 1_001, Number.NaN]) {
    expect(() => client.doubleBarrier(scene.path, count)).toThrow("for 1 to 1000");
  }
});
