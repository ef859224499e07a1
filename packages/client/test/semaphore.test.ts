import { expect, test } from "vitest";
import { type Permit, PermitsConflict } from "../src/recipes/semaphore.ts";
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

/** Slots that are taken. */
function slots(scene: RecipeScene): readonly string[] {
  return below(scene, `${scene.path}/slots`);
}

function queued(scene: RecipeScene): readonly string[] {
  return below(scene, `${scene.path}/queue`);
}

/** A permit of each client, asked for in order. */
async function asked(scene: RecipeScene, permits: number): Promise<(Permit | undefined)[]> {
  const got: (Permit | undefined)[] = scene.clients.map(() => undefined);
  for (const [n, client] of scene.clients.entries()) {
    client
      .semaphore(scene.path, permits)
      .acquire({ data: `worker-${n}` })
      .then(
        (permit) => {
          got[n] = permit;
        },
        () => undefined, // The client was closed: nobody waits for it any more.
      );
    await scene.fleet.runtime.run(60);
  }
  return got;
}

test.each(["/locks", "/regions/us-west"] as const)(
  "below %s never more than all permits are held, each with a slot and a token of its own",
  async (prefix) => {
    const scene = await recipeScene(8, prefix);
    const { fleet, clients, path } = scene;
    const order: number[] = [];
    const tokens: number[] = [];
    const inUse = new Set<number>();
    const work = clients.map(async (client, n) => {
      await fleet.runtime.pause(n * 60);
      await using permit = await client.semaphore(path, 3).acquire();
      expect(inUse).not.toContain(permit.slot);
      inUse.add(permit.slot);
      expect(inUse.size).toBeLessThanOrEqual(3);
      order.push(n);
      tokens.push(permit.fencingToken);
      await fleet.runtime.pause(700);
      inUse.delete(permit.slot);
    });
    await fleet.runtime.until(Promise.all(work));
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(tokens).toEqual([...new Set(tokens)].toSorted((a, b) => a - b));
    expect([...slots(scene), ...queued(scene)]).toEqual([]);
  },
);

test("a release wakes the first who waits, and that one the next, and nobody else", async () => {
  const scene = await recipeScene(12);
  const { fleet, wakeups } = scene;
  const got = await asked(scene, 2);
  expect(got.filter((permit) => permit !== undefined)).toHaveLength(2);
  for (let round = 0; round < 5; round += 1) {
    for (const woken of wakeups) woken.count = 0;
    await fleet.runtime.until(got[round]?.release() ?? Promise.resolve());
    await fleet.runtime.run(500);
    expect(got[round + 2]?.isHeld).toBe(true);
    const woken = wakeups.map(({ count }) => count);
    // The one behind takes the lead in the queue, and finds no slot free.
    expect(woken.slice(round + 4)).toEqual(Array(8 - round).fill(0));
    expect(woken.reduce((sum, count) => sum + count)).toBeLessThanOrEqual(3);
  }
});

test("the first to come decides how many permits there are", async () => {
  const scene = await recipeScene(2);
  const { fleet, path } = scene;
  await fleet.runtime.until(clientOf(scene, 0).semaphore(path, 3).acquire());
  const other = clientOf(scene, 1).semaphore(path, 4);
  const error: unknown = await fleet.runtime.until(
    other.acquire().catch((reason: unknown) => reason),
  );
  expect(error).toBeInstanceOf(PermitsConflict);
  expect(error).toMatchObject({ code: "BAD_ARGUMENTS", agreed: 3 });
  expect(await fleet.runtime.until(codeOf(other.tryAcquire()))).toBe("BAD_ARGUMENTS");
  expect(queued(scene)).toEqual([]);
});

test("a number that is changed meanwhile is noticed before a permit is given", async () => {
  const scene = await recipeScene(2);
  const { fleet, path } = scene;
  const permit = await fleet.runtime.until(clientOf(scene, 0).semaphore(path, 1).acquire());
  const waiting = codeOf(clientOf(scene, 1).semaphore(path, 1).acquire());
  await fleet.runtime.run(200);
  await fleet.runtime.until(clientOf(scene, 0).set(path, "2"));
  await fleet.runtime.until(permit.release());
  expect(await fleet.runtime.until(waiting)).toBe("BAD_ARGUMENTS");
  await fleet.runtime.run(500);
  expect([...slots(scene), ...queued(scene)]).toEqual([]);
});

test("numbers that make no sense are refused", async () => {
  const scene = await recipeScene(1);
  for (const permits of [0, -1, 1.5, 1_001, Number.NaN]) {
    expect(() => clientOf(scene, 0).semaphore(scene.path, permits)).toThrow("1 to 1000 permits");
  }
});

test("a permit of unknown fate is found again, and not taken twice", async () => {
  const scene = await recipeScene(1);
  const { fleet, path } = scene;
  const semaphore = clientOf(scene, 0).semaphore(path, 3);
  await fleet.runtime.until(semaphore.acquire().then((permit) => permit.release()));
  for (const server of fleet.select(isGlobal)) {
    server.script = (request) => {
      if (request.multi === undefined) return undefined;
      const outcome = fleet.cluster("global").apply(server.lastSession, request.sequence, request);
      return outcome.error === undefined ? "drop" : outcome;
    };
  }
  const acquiring = semaphore.acquire();
  await fleet.runtime.run(16_000); // past the deadline of the multi: its answer never came
  for (const server of fleet.select(isGlobal)) server.script = undefined;
  breakStreams(scene);
  const permit = await fleet.runtime.until(acquiring);
  expect(slots(scene)).toEqual([permit.path]);
  expect(queued(scene)).toEqual([]);
  expect(permit.isHeld).toBe(true);
});

test("a permit is not given to who may have lost its session while it was on its way", async () => {
  const scene = await recipeScene(1);
  const { fleet, path } = scene;
  const semaphore = clientOf(scene, 0).semaphore(path, 1);
  await fleet.runtime.until(semaphore.acquire().then((permit) => permit.release()));
  const acquiring = codeOf(semaphore.acquire());
  for (let step = 0; slots(scene).length === 0 && step < 100; step += 1) await fleet.runtime.run(1);
  expect(slots(scene)).toHaveLength(1);
  fleet.runtime.stall(60_000); // the answer waits while this process does nothing
  expect(await fleet.runtime.until(acquiring)).toBe("SESSION_EXPIRED");
});

test("who gives up while a permit is on its way leaves neither slot nor place behind", async () => {
  const scene = await recipeScene(1);
  const { fleet, path } = scene;
  const semaphore = clientOf(scene, 0).semaphore(path, 1);
  await fleet.runtime.until(semaphore.acquire().then((permit) => permit.release()));
  for (const server of fleet.select(isGlobal)) {
    server.script = (request) => {
      if (request.multi === undefined) return undefined;
      const outcome = fleet.cluster("global").apply(server.lastSession, request.sequence, request);
      return outcome.error === undefined ? "drop" : outcome;
    };
  }
  const acquiring = codeOf(semaphore.acquire({ deadlineMs: 500 }));
  expect(await fleet.runtime.until(acquiring)).toBe("DEADLINE");
  expect(slots(scene)).toHaveLength(1);
  for (const server of fleet.select(isGlobal)) server.script = undefined;
  breakStreams(scene);
  await fleet.runtime.run(1_000);
  expect([...slots(scene), ...queued(scene)]).toEqual([]);
});

test("the end of a holder's session frees its slot, and the holder hears of it", async () => {
  const scene = await recipeScene(2);
  const { fleet } = scene;
  const got = await asked(scene, 1);
  expireOwner(scene, got[0]?.path ?? "");
  await fleet.runtime.run(500);
  expect(got[1]?.isHeld).toBe(true);
  expect(got[1]?.slot).toBe(got[0]?.slot);
  expect(got[1]?.fencingToken).toBeGreaterThan(got[0]?.fencingToken ?? Infinity);
  await fleet.runtime.until(hears(scene));
  expect(got[0]?.lost.aborted).toBe(true);
  await fleet.runtime.until(got[0]?.release() ?? Promise.resolve());
  expect(slots(scene)).toEqual([got[1]?.path]);
});

test("a waiter whose session ends in the lead of the queue holds nobody up", async () => {
  const scene = await recipeScene(3);
  const { fleet } = scene;
  const got = await asked(scene, 1);
  const [first] = queued(scene);
  expireOwner(scene, first ?? "");
  await fleet.runtime.until(got[0]?.release() ?? Promise.resolve());
  await fleet.runtime.run(1_000);
  expect(got[2]?.isHeld).toBe(true);
});

test("an attempt neither waits, nor overtakes who does, nor leaves anything behind", async () => {
  const scene = await recipeScene(3);
  const { fleet, path } = scene;
  const { runtime } = fleet;
  const first = await runtime.until(clientOf(scene, 0).semaphore(path, 1).tryAcquire());
  expect(first?.isHeld).toBe(true);
  expect(await runtime.until(clientOf(scene, 1).semaphore(path, 1).tryAcquire())).toBeUndefined();
  const waiting = clientOf(scene, 2).semaphore(path, 1).acquire();
  await runtime.run(200);
  const late = clientOf(scene, 1).semaphore(path, 1).tryAcquire({ deadlineMs: 400 });
  expect(await runtime.until(late)).toBeUndefined();
  await runtime.run(200);
  expect(queued(scene)).toHaveLength(1);
  await runtime.until(first?.release() ?? Promise.resolve());
  expect((await runtime.until(waiting)).isHeld).toBe(true);
  await runtime.run(200);
  expect([slots(scene).length, queued(scene).length]).toEqual([1, 0]);
});

test("holders and waiters can be looked at", async () => {
  const scene = await recipeScene(4);
  const { fleet, path } = scene;
  const got = await asked(scene, 2);
  const semaphore = clientOf(scene, 3).semaphore(path, 2);
  expect(await fleet.runtime.until(semaphore.holders())).toMatchObject([
    { slot: 0, text: "worker-0", fencingToken: got[0]?.fencingToken },
    { slot: 1, text: "worker-1", fencingToken: got[1]?.fencingToken },
  ]);
  const waiters = await fleet.runtime.until(semaphore.waiters());
  expect(waiters.map(({ text }) => text)).toEqual(["worker-2", "worker-3"]);
});

test("there are no semaphores in eventual zones", async () => {
  const scene = await recipeScene(1);
  const semaphore = clientOf(scene, 0).semaphore("/shared/pool", 2);
  expect(await scene.fleet.runtime.until(codeOf(semaphore.acquire()))).toBe("UNSUPPORTED");
});
