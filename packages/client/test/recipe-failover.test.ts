import { expect, test } from "vitest";
import type { Meridian } from "../src/client.ts";
import type { WaitOptions } from "../src/recipes/wait-limit.ts";
import {
  below,
  breakStreams,
  clientOf,
  expireOwner,
  hears,
  recipeScene,
  type RecipeScene,
} from "./recipe-scene.ts";

/** What all recipes have that give something to hold. */
interface Held {
  readonly path: string;
  readonly fencingToken: number;
  readonly lost: AbortSignal;
  isHeld(): boolean;
  giveBack(): Promise<void>;
}

type Take = (client: Meridian, path: string, options?: WaitOptions) => Promise<Held>;

interface Lockable {
  readonly path: string;
  readonly fencingToken: number;
  readonly lost: AbortSignal;
  readonly isHeld: boolean;
  release(): Promise<void>;
}

function ofLock(lock: Lockable): Held {
  const { path, fencingToken, lost } = lock;
  return { path, fencingToken, lost, isHeld: () => lock.isHeld, giveBack: () => lock.release() };
}

/** Recipes that one at a time holds, as far as they are used here. */
const recipes: readonly (readonly [string, Take])[] = [
  ["a lock", async (client, path, options) => ofLock(await client.lock(path).acquire(options))],
  [
    "a write lock",
    async (client, path, options) => ofLock(await client.readWriteLock(path).write(options)),
  ],
  [
    "the only permit",
    async (client, path, options) => ofLock(await client.semaphore(path, 1).acquire(options)),
  ],
  [
    "leadership",
    async (client, path, options) => {
      const leadership = await client.election(path).elect(options);
      const { fencingToken, lost } = leadership;
      return {
        path: leadership.path,
        fencingToken,
        lost,
        isHeld: () => leadership.isLeader,
        giveBack: () => leadership.resign(),
      };
    },
  ],
];

/** Nodes of sessions below the path. */
function ephemerals(scene: RecipeScene): readonly string[] {
  const { nodes } = scene.fleet.cluster(scene.cluster);
  return below(scene, scene.path).filter((path) => nodes.get(path)?.stat.ephemeralOwner !== 0);
}

test.each(recipes)("%s goes on through the loss of the leader", async (_, take) => {
  const scene = await recipeScene(2);
  const { fleet, path } = scene;
  const held = await fleet.runtime.until(take(clientOf(scene, 0), path));
  const waiting = take(clientOf(scene, 1), path);
  await fleet.runtime.run(200);
  fleet.cluster("global").leader = "global-eu-central-1";
  fleet.server("global-us-east-1").kill();
  await fleet.runtime.run(3_000);
  expect(held.isHeld()).toBe(true);
  await fleet.runtime.until(held.giveBack());
  const next = await fleet.runtime.until(waiting);
  expect([held.isHeld(), next.isHeld()]).toEqual([false, true]);
  expect(next.fencingToken).toBeGreaterThan(held.fencingToken);
});

test.each(recipes)("%s goes on through the failover of the global tier", async (_, take) => {
  const scene = await recipeScene(2);
  const { fleet, path } = scene;
  const held = await fleet.runtime.until(take(clientOf(scene, 0), path));
  const waiting = take(clientOf(scene, 1), path);
  await fleet.runtime.run(200);
  fleet.cluster("global").isStuck = true;
  for (const server of fleet.select(({ place }) => place.region === "us-east")) server.kill();
  const releasing = held.giveBack();
  await fleet.runtime.run(4_000);
  fleet.cluster("global").leader = "global-eu-central-1";
  fleet.cluster("global").isStuck = false;
  await fleet.runtime.until(releasing);
  const next = await fleet.runtime.until(waiting);
  expect(next.fencingToken).toBeGreaterThan(held.fencingToken);
  await fleet.runtime.until(next.giveBack());
  expect(ephemerals(scene)).toEqual([]);
});

test.each(recipes)("%s is taken once, whatever connection breaks when", async (_, take) => {
  for (let afterMs = 0; afterMs < 16; afterMs += 1) {
    const scene = await recipeScene(1);
    const { fleet, path } = scene;
    const client = clientOf(scene, 0);
    await fleet.runtime.until(client.create("/locks/warm", ""));
    const taking = take(client, path);
    await fleet.runtime.run(afterMs);
    breakStreams(scene);
    const held = await fleet.runtime.until(taking);
    expect(ephemerals(scene), `after ${afterMs} ms`).toEqual([held.path]);
    const releasing = held.giveBack();
    await fleet.runtime.run(afterMs % 3);
    breakStreams(scene);
    await fleet.runtime.until(releasing);
    expect(ephemerals(scene), `after ${afterMs} ms`).toEqual([]);
  }
});

test.each(recipes)("%s leaves nothing behind, whenever it is given up", async (_, take) => {
  for (let afterMs = 0; afterMs < 16; afterMs += 1) {
    const scene = await recipeScene(1);
    const { fleet, path } = scene;
    const client = clientOf(scene, 0);
    await fleet.runtime.until(client.create("/locks/warm", ""));
    const given = new AbortController();
    const taking = take(client, path, { signal: given.signal });
    taking.catch(() => undefined); // It may have been taken before; both are fine.
    await fleet.runtime.run(afterMs);
    given.abort(new Error("no patience"));
    const ended = await fleet.runtime.until(taking.then((held) => held.giveBack()).catch(String));
    await fleet.runtime.run(500);
    expect([undefined, "Error: no patience"]).toContain(ended);
    expect(ephemerals(scene), `after ${afterMs} ms`).toEqual([]);
  }
});

test.each(recipes)("%s that was lost is somebody else's, and never comes back", async (_, take) => {
  const scene = await recipeScene(2);
  const { fleet, path } = scene;
  const held = await fleet.runtime.until(take(clientOf(scene, 0), path));
  const waiting = take(clientOf(scene, 1), path);
  await fleet.runtime.run(200);
  expireOwner(scene, held.path);
  const next = await fleet.runtime.until(waiting);
  await fleet.runtime.until(hears(scene));
  expect([held.lost.aborted, held.isHeld(), next.isHeld()]).toEqual([true, false, true]);
  clientOf(scene, 0).renew();
  const again = take(clientOf(scene, 0), path);
  await fleet.runtime.run(500);
  await fleet.runtime.until(held.giveBack());
  expect([held.isHeld(), next.isHeld()]).toEqual([false, true]);
  expect(next.fencingToken).toBeGreaterThan(held.fencingToken);
  await fleet.runtime.until(next.giveBack());
  const last = await fleet.runtime.until(again);
  expect(last.fencingToken).toBeGreaterThan(next.fencingToken);
});
