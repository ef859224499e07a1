import { expect, test } from "vitest";
import type { Meridian } from "../src/client.ts";
import type { Watch } from "../src/watch.ts";
import { FakeFleet } from "./fake-fleet.ts";

/** What every method that waits for others takes. */
interface GivingUp {
  readonly signal?: AbortSignal;
  readonly deadlineMs?: number;
}

type Begin = (client: Meridian, options: GivingUp) => Promise<unknown>;

const path = "/global/a";
const eventual = { consistency: "eventual" } as const;

/** Every method that waits for somebody else. */
const methods: Readonly<Record<string, Begin>> = {
  create: (client, options) => client.create("/global/new", "", options),
  "create an ephemeral": (client, options) => {
    return client.create("/global/new", "", { ...options, ephemeral: true, parents: true });
  },
  set: (client, options) => client.set(path, "x", options),
  delete: (client, options) => client.delete(path, options),
  multi: (client, options) => client.multi([{ kind: "check", path }], options),
  get: (client, options) => client.get(path, options),
  "get strict": (client, options) => client.get(path, { ...options, consistency: "strict" }),
  "get regional": (client, options) => client.get(path, { ...options, consistency: "regional" }),
  "get eventual": (client, options) => client.get(path, { ...options, ...eventual }),
  "get hedged": (client, options) => client.get(path, { ...options, ...eventual, hedgeMs: 10 }),
  "get of a majority": (client, options) => {
    return client.get(path, { ...options, consistency: "quorum" });
  },
  exists: (client, options) => client.exists(path, options),
  children: (client, options) => client.children("/global", options),
  sync: (client, options) => client.sync(path, options),
  nearCache: (client, options) => client.nearCache("/global", options),
  "lock.acquire": (client, options) => client.lock("/locks/a").acquire(options),
  "lock.tryAcquire": (client, options) => client.lock("/locks/a").tryAcquire(options),
  "readWriteLock.read": (client, options) => client.readWriteLock("/locks/a").read(options),
  "readWriteLock.write": (client, options) => client.readWriteLock("/locks/a").write(options),
  "semaphore.acquire": (client, options) => client.semaphore("/locks/s", 2).acquire(options),
  "lock.holders": (client, options) => client.lock("/locks/a").holders(options),
  "lock.waiters": (client, options) => client.lock("/locks/a").waiters(options),
  "readWriteLock.holders": (client, options) => client.readWriteLock("/locks/a").holders(options),
  "semaphore.holders": (client, options) => client.semaphore("/locks/s", 2).holders(options),
  "semaphore.waiters": (client, options) => client.semaphore("/locks/s", 2).waiters(options),
  "election.leader": (client, options) => client.election("/locks/e").leader(options),
  "election.candidates": (client, options) => client.election("/locks/e").candidates(options),
  "barrier.raise": (client, options) => client.barrier("/locks/b").raise(options),
  "barrier.lift": (client, options) => client.barrier("/locks/b").lift(options),
  "barrier.isRaised": (client, options) => client.barrier("/locks/b").isRaised(options),
  "barrier.wait": (client, options) => client.barrier("/locks/b").wait(options),
  "doubleBarrier.enter": (client, options) => client.doubleBarrier("/locks/d", 2).enter(options),
  "election.elect": (client, options) => client.election("/locks/e").elect(options),
  "counter.get": (client, options) => client.counter("/global/count").get(options),
  "counter.increment": (client, options) => client.counter("/global/count").increment(options),
  "queue.take": (client, options) => client.queue("/global/queue").take(options),
  "queue.tryTake": (client, options) => client.queue("/global/queue").tryTake(options),
  "queue.offer": (client, options) => client.queue("/global/queue").offer("", options),
  "membership.join": (client, options) => client.membership("/global/group").join(options),
  "discovery.find": (client, options) => client.discovery("/global/group").find("s", options),
  "membership.members": (client, options) => client.membership("/global/group").members(options),
};

interface Stage {
  readonly fleet: FakeFleet;
  readonly client: Meridian;
}

/** A client with a session and streams to all places; from now on nobody answers. */
async function stage(): Promise<Stage> {
  const fleet = new FakeFleet();
  for (const each of [path, "/locks", "/global/queue", "/global/group"]) {
    fleet.cluster("global").seed(each);
  }
  const client = await fleet.client();
  await fleet.runtime.until(client.set(path, "warm"));
  for (const consistency of ["strict", "regional", "eventual"] as const) {
    await fleet.runtime.until(client.get(path, { consistency }));
  }
  await fleet.runtime.run(100);
  for (const server of fleet.servers.values()) server.isSilent = true;
  return { fleet, client };
}

/** What a promise came to, and after how much time. */
async function outcome(
  { fleet }: Stage,
  promise: Promise<unknown>,
): Promise<{ readonly error: unknown; readonly tookMs: number }> {
  const startedMs = fleet.runtime.nowMs();
  let error: unknown = "nothing";
  await fleet.runtime.until(promise).catch((reason: unknown) => {
    error = reason;
  });
  return { error, tookMs: fleet.runtime.nowMs() - startedMs };
}

test.for(Object.entries(methods))("%s: given up before, nothing is asked", async ([, begin]) => {
  const scene = await stage();
  const reason = new Error("enough");
  const before = scene.fleet.select(() => true).flatMap(({ seen }) => seen).length;
  const { error, tookMs } = await outcome(
    scene,
    begin(scene.client, { signal: AbortSignal.abort(reason) }),
  );
  expect({ error, tookMs }).toEqual({ error: reason, tookMs: 0 });
  for (const server of scene.fleet.servers.values()) server.isSilent = false;
  await scene.fleet.runtime.run(1_000);
  expect(scene.fleet.select(() => true).flatMap(({ seen }) => seen)).toHaveLength(before);
});

test.for(Object.entries(methods))("%s: given up meanwhile, it ends at once", async ([, begin]) => {
  const scene = await stage();
  const controller = new AbortController();
  const reason = new Error("enough");
  const promise = begin(scene.client, { signal: controller.signal });
  promise.catch(() => undefined); // looked at below
  await scene.fleet.runtime.run(50);
  controller.abort(reason);
  const { error, tookMs } = await outcome(scene, promise);
  expect(tookMs).toBeLessThanOrEqual(5);
  // What may have been done says so; everything else ends with the caller's own reason.
  const isUnknown = (error as { code?: string }).code === "UNKNOWN";
  expect(isUnknown ? reason : error).toBe(reason);
});

test.for(Object.entries(methods))("%s: the deadline holds", async ([name, begin]) => {
  const scene = await stage();
  const { error, tookMs } = await outcome(scene, begin(scene.client, { deadlineMs: 200 }));
  expect(tookMs).toBeLessThanOrEqual(210);
  const codes = ["DEADLINE", "GLOBAL_UNAVAILABLE", "REGION_UNAVAILABLE", "UNKNOWN"];
  // Who only tries for a lock is told that it did not come free.
  const codesOfAll = name === "lock.tryAcquire" ? [undefined] : codes;
  expect(codesOfAll).toContain((error as { code?: string }).code);
});

test.for(["watch", "changes"] as const)("%s: ends with its signal", async (kind) => {
  const scene = await stage();
  const { fleet, client } = scene;
  const open = (signal: AbortSignal): Pick<Watch, "ready"> & { next(): Promise<unknown> } => {
    return kind === "watch" ? client.watch("/global", { signal }) : client.changes({ signal });
  };
  const before = open(AbortSignal.abort(new Error("enough")));
  expect((await outcome(scene, before.ready)).tookMs).toBe(0);
  expect(await fleet.runtime.until(before.next())).toEqual({ done: true, value: undefined });
  const controller = new AbortController();
  const meanwhile = open(controller.signal);
  const next = meanwhile.next();
  await fleet.runtime.run(50);
  controller.abort();
  expect(await fleet.runtime.until(next, 5)).toEqual({ done: true, value: undefined });
  expect((await outcome(scene, meanwhile.ready)).error).toMatchObject({ code: "DEADLINE" });
});

test("closing takes about a second at most, even when nobody answers", async () => {
  const scene = await stage();
  const { tookMs } = await outcome(scene, scene.client.close());
  expect(tookMs).toBeLessThanOrEqual(1_010);
});
