import { expect, test } from "vitest";
import type { HeldLock } from "../src/recipes/lock.ts";
import {
  below,
  breakStreams,
  clientOf,
  expireOwner,
  hears,
  recipeScene,
  type RecipeScene,
} from "./recipe-scene.ts";
import { codeOf, isGlobal } from "./scene.ts";

/** The lock of a client, acquired. */
function acquired(scene: RecipeScene, client: number): Promise<HeldLock> {
  return scene.fleet.runtime.until(clientOf(scene, client).lock(scene.path).acquire());
}

test.each(["/locks", "/regions/us-west"] as const)(
  "one holder at a time below %s, in the order of arrival, with growing tokens",
  async (prefix) => {
    const { fleet, clients, path } = await recipeScene(5, prefix);
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
  const { fleet, clients, path, wakeups } = await recipeScene(20);
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
  for (let round = 0; round < 10; round += 1) {
    for (const server of fleet.servers.values()) server.seen.length = 0;
    for (const woken of wakeups) woken.count = 0;
    await fleet.runtime.until(held[round]?.release() ?? Promise.resolve());
    await fleet.runtime.run(500);
    expect(held).toHaveLength(round + 2);
    const lists = fleet
      .select(isGlobal)
      .flatMap(({ seen }) => seen.filter(({ children }) => children));
    expect(lists).toHaveLength(1);
    const counts = wakeups.map(({ count }) => count).toSorted((a, b) => a - b);
    expect(counts).toEqual([...Array(19).fill(0), 1]);
  }
  await fleet.runtime.until(Promise.all(fleet.clients.map((client) => client.close())));
  const ends = await fleet.runtime.until(Promise.all(waiting));
  expect(ends.filter((end) => end === "SESSION_EXPIRED")).toHaveLength(9);
});

test("who loses the one before it, and not the holder, goes on waiting for the next", async () => {
  const scene = await recipeScene(3);
  const { fleet, path } = scene;
  const lock = await acquired(scene, 0);
  const second = codeOf(clientOf(scene, 1).lock(path).acquire());
  await fleet.runtime.run(100);
  const third = clientOf(scene, 2).lock(path).acquire();
  await fleet.runtime.run(100);
  const [middle] = await fleet.runtime.until(clientOf(scene, 0).lock(path).waiters());
  expireOwner(scene, middle?.path ?? "");
  await fleet.runtime.run(1_000);
  expect(lock.isHeld).toBe(true);
  expect(await fleet.runtime.until(clientOf(scene, 0).lock(path).waiters())).toHaveLength(1);
  await fleet.runtime.until(lock.release());
  expect((await fleet.runtime.until(third)).isHeld).toBe(true);
  expect(await fleet.runtime.until(second)).toBe("SESSION_EXPIRED");
});

test("a create whose answer was lost is found again and not made twice", async () => {
  const scene = await recipeScene(1);
  const { fleet, path } = scene;
  await fleet.runtime.until(clientOf(scene, 0).create("/locks/warm", ""));
  const acquiring = clientOf(scene, 0).lock(path).acquire();
  await fleet.runtime.run(2); // created, not answered
  expect(below(scene, path)).toHaveLength(1);
  breakStreams(scene);
  const lock = await fleet.runtime.until(acquiring);
  expect(below(scene, path)).toEqual([lock.path]);
});

/** Global servers do what they are asked to create, and answer nothing, until told otherwise. */
function swallowAnswers({ fleet }: RecipeScene): () => void {
  for (const server of fleet.select(isGlobal)) {
    server.script = (request) => {
      if (request.create === undefined) return undefined;
      const outcome = fleet.cluster("global").apply(server.lastSession, request.sequence, request);
      return outcome.error === undefined ? "drop" : outcome;
    };
  }
  return () => {
    for (const server of fleet.select(isGlobal)) server.script = undefined;
  };
}

test("a create of unknown fate is looked for by its mark", async () => {
  const scene = await recipeScene(1);
  const { fleet, path } = scene;
  await fleet.runtime.until(clientOf(scene, 0).create("/locks/warm", ""));
  const answerAgain = swallowAnswers(scene);
  const acquiring = clientOf(scene, 0).lock(path).acquire();
  await fleet.runtime.run(16_000); // past the deadline of the create: its answer never came
  answerAgain();
  breakStreams(scene);
  const lock = await fleet.runtime.until(acquiring);
  expect(below(scene, path)).toEqual([lock.path]);
  expect(lock.isHeld).toBe(true);
});

test("a create of unknown fate that never happened is made anew, also as the first", async () => {
  const scene = await recipeScene(1);
  const { fleet, path } = scene;
  await fleet.runtime.until(clientOf(scene, 0).create("/locks/warm", ""));
  for (const server of fleet.select(isGlobal)) {
    server.script = () => "drop";
  }
  const acquiring = clientOf(scene, 0).lock(path).acquire();
  await fleet.runtime.run(16_000);
  for (const server of fleet.select(isGlobal)) server.script = undefined;
  breakStreams(scene);
  const lock = await fleet.runtime.until(acquiring);
  expect(below(scene, path)).toEqual([lock.path]);
});

test("who gives up while the create is under way leaves no node behind", async () => {
  const scene = await recipeScene(1);
  const { fleet, path } = scene;
  await fleet.runtime.until(clientOf(scene, 0).create("/locks/warm", ""));
  const answerAgain = swallowAnswers(scene);
  const given = new AbortController();
  const acquiring = clientOf(scene, 0).lock(path).acquire({ signal: given.signal });
  await fleet.runtime.run(100);
  expect(below(scene, path)).toHaveLength(1);
  given.abort(new Error("no patience"));
  await expect(fleet.runtime.until(acquiring)).rejects.toThrow("no patience");
  answerAgain();
  breakStreams(scene);
  await fleet.runtime.run(1_000);
  expect(below(scene, path)).toEqual([]);
  expect((await acquired(scene, 0)).isHeld).toBe(true);
});

test("who gives up waiting leaves no place in the queue behind", async () => {
  const scene = await recipeScene(2);
  const { fleet, path } = scene;
  const lock = await acquired(scene, 0);
  const given = new AbortController();
  const waiting = clientOf(scene, 1).lock(path).acquire({ signal: given.signal });
  await fleet.runtime.run(200);
  given.abort(new Error("no patience"));
  await expect(fleet.runtime.until(waiting)).rejects.toThrow("no patience");
  await fleet.runtime.run(200);
  expect(below(scene, path)).toEqual([lock.path]);
});

test("who gives up before it begins makes nothing at all", async () => {
  const scene = await recipeScene(1);
  const given = AbortSignal.abort(new Error("too late"));
  const acquiring = clientOf(scene, 0).lock(scene.path).acquire({ signal: given });
  await expect(scene.fleet.runtime.until(acquiring)).rejects.toThrow("too late");
  expect(below(scene, "/locks")).toEqual([]);
});

test("a wait is over after its time, and leaves no place in the queue behind", async () => {
  const scene = await recipeScene(2);
  const { fleet, path } = scene;
  const lock = await acquired(scene, 0);
  const startMs = fleet.runtime.nowMs();
  const waiting = codeOf(clientOf(scene, 1).lock(path).acquire({ deadlineMs: 700 }));
  expect(await fleet.runtime.until(waiting)).toBe("DEADLINE");
  expect(fleet.runtime.nowMs() - startMs).toBeLessThanOrEqual(700);
  await fleet.runtime.run(200);
  expect(below(scene, path)).toEqual([lock.path]);
});

test("an attempt takes a free lock, and of one that is taken leaves no node", async () => {
  const scene = await recipeScene(3);
  const { fleet, path } = scene;
  const { runtime } = fleet;
  const lock = await runtime.until(clientOf(scene, 0).lock(path).tryAcquire());
  expect(lock?.isHeld).toBe(true);
  expect(await runtime.until(clientOf(scene, 1).lock(path).tryAcquire())).toBeUndefined();
  const startMs = runtime.nowMs();
  const late = clientOf(scene, 1).lock(path).tryAcquire({ deadlineMs: 500 });
  expect(await runtime.until(late)).toBeUndefined();
  expect(runtime.nowMs() - startMs).toBeLessThanOrEqual(500);
  await runtime.run(200);
  expect(below(scene, path)).toEqual([lock?.path]);
  const patient = clientOf(scene, 2).lock(path).tryAcquire({ deadlineMs: 5_000 });
  await runtime.run(200);
  await runtime.until(lock?.release() ?? Promise.resolve());
  expect((await runtime.until(patient))?.isHeld).toBe(true);
});

test("the queue can be looked at: who holds, who waits, and what they say", async () => {
  const scene = await recipeScene(3);
  const { fleet, clients, path } = scene;
  expect(await fleet.runtime.until(clientOf(scene, 0).lock(path).holders())).toEqual([]);
  const [acquiring] = clients.map((client, n) =>
    client.lock(path).acquire({ data: `worker-${n}` }),
  );
  const lock = await fleet.runtime.until(acquiring ?? Promise.reject(new Error("no client")));
  await fleet.runtime.run(200);
  const holders = await fleet.runtime.until(clientOf(scene, 2).lock(path).holders());
  expect(holders).toMatchObject([{ text: "worker-0", fencingToken: lock.fencingToken }]);
  const waiters = await fleet.runtime.until(clientOf(scene, 2).lock(path).waiters());
  expect(waiters.map(({ text }) => text)).toEqual(["worker-1", "worker-2"]);
});

test("the end of the session is the end of the lock, and the holder hears of it", async () => {
  const scene = await recipeScene(2);
  const { fleet, path } = scene;
  const lock = await acquired(scene, 0);
  const next = clientOf(scene, 1).lock(path).acquire();
  await fleet.runtime.run(100);
  expireOwner(scene, lock.path);
  const other = await fleet.runtime.until(next);
  expect(other.fencingToken).toBeGreaterThan(lock.fencingToken);
  await fleet.runtime.until(hears(scene));
  expect(lock.lost.aborted).toBe(true);
  expect(lock.isHeld).toBe(false);
  await fleet.runtime.until(lock.release());
  expect(below(scene, path)).toEqual([other.path]);
});

test("a lock that was lost is not held again, whatever session follows", async () => {
  const scene = await recipeScene(1);
  const { fleet, path } = scene;
  const lock = await acquired(scene, 0);
  expireOwner(scene, lock.path);
  await fleet.runtime.until(codeOf(clientOf(scene, 0).set("/locks/x", "")));
  clientOf(scene, 0).renew();
  const again = await acquired(scene, 0);
  expect([lock.isHeld, again.isHeld]).toEqual([false, true]);
  await fleet.runtime.until(lock.release());
  expect(below(scene, path)).toEqual([again.path]);
});

test("a holder whose node somebody takes away hears of it, and takes none itself", async () => {
  const scene = await recipeScene(2);
  const { fleet, path } = scene;
  const lock = await acquired(scene, 0);
  await fleet.runtime.run(3_000);
  await fleet.runtime.until(clientOf(scene, 1).delete(lock.path));
  await fleet.runtime.run(100);
  expect(lock.lost.aborted).toBe(true);
  expect(lock.isHeld).toBe(false);
  const other = await acquired(scene, 1);
  await fleet.runtime.until(lock.release());
  expect(below(scene, path)).toEqual([other.path]);
});

test("after a long pause a holder knows at once that it may hold no more", async () => {
  const scene = await recipeScene(1);
  const lock = await acquired(scene, 0);
  expect(lock.isHeld).toBe(true);
  scene.fleet.runtime.stall(60_000);
  expect(lock.isHeld).toBe(false);
});

test("a release just after a pause frees the lock also if the session lives on", async () => {
  let livedOn = 0;
  for (let phase = 0; phase < 40; phase += 1) {
    const scene = await recipeScene(1);
    const { fleet, path } = scene;
    fleet.latencyMs = 200;
    const lock = await acquired(scene, 0);
    await fleet.runtime.run(3_000 + phase * 100);
    // A sign of life may be on its way, of which the client has not heard yet.
    fleet.runtime.stall(17_000);
    const wasInDoubt = !lock.isHeld;
    await fleet.runtime.until(lock.release());
    const isAlive =
      (await fleet.runtime.until(codeOf(clientOf(scene, 0).set("/locks", "")))) === "none";
    if (wasInDoubt && isAlive) livedOn += 1;
    expect(isAlive ? below(scene, path) : [], `phase ${phase}`).toEqual([]);
  }
  expect(livedOn).toBeGreaterThan(0);
});

test("a waiter lives through the loss of the leader", async () => {
  const scene = await recipeScene(2);
  const { fleet, path } = scene;
  const lock = await acquired(scene, 0);
  const waiting = clientOf(scene, 1).lock(path).acquire();
  await fleet.runtime.run(200);
  fleet.cluster("global").leader = "global-eu-central-1";
  fleet.server("global-us-east-1").kill();
  await fleet.runtime.run(3_000);
  expect(lock.isHeld).toBe(true);
  await fleet.runtime.until(lock.release());
  expect((await fleet.runtime.until(waiting)).isHeld).toBe(true);
});

test("tokens grow through the failover of the global tier to another region", async () => {
  const scene = await recipeScene(2);
  const { fleet, path } = scene;
  const lock = await acquired(scene, 0);
  const waiting = clientOf(scene, 1).lock(path).acquire();
  await fleet.runtime.run(200);
  fleet.cluster("global").isStuck = true;
  for (const server of fleet.select(({ place }) => place.region === "us-east")) server.kill();
  await fleet.runtime.run(4_000);
  fleet.cluster("global").leader = "global-eu-central-1";
  fleet.cluster("global").isStuck = false;
  await fleet.runtime.until(lock.release());
  const next = await fleet.runtime.until(waiting);
  expect(next.fencingToken).toBeGreaterThan(lock.fencingToken);
  expect(below(scene, path)).toEqual([next.path]);
});

test("a forced promotion ends what was held, and tokens grow while indexes fall", async () => {
  const scene = await recipeScene(2);
  const { fleet } = scene;
  const global = fleet.cluster("global");
  const startIndex = global.index;
  const lock = await acquired(scene, 0);
  global.incarnation = 2;
  global.index = startIndex; // what came after it was abandoned
  global.nodes.delete(lock.path);
  breakStreams(scene);
  await fleet.runtime.run(500);
  expect(lock.lost.aborted).toBe(true);
  expect(lock.isHeld).toBe(false);
  const next = await acquired(scene, 1);
  expect(next.fencingToken).toBeGreaterThan(lock.fencingToken);
});

test("there are no locks in eventual zones", async () => {
  const { fleet, clients } = await recipeScene(1);
  const acquiring = clients[0]?.lock("/shared/lock").acquire() ?? Promise.resolve();
  expect(await fleet.runtime.until(codeOf(acquiring))).toBe("UNSUPPORTED");
});
