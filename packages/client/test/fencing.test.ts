import { expect, test } from "vitest";
import { FencedNode } from "../src/recipes/fenced-node.ts";
import { FencingGuard, StaleTokenError, type TokenStore } from "../src/recipes/fencing-guard.ts";
import { fencingToken } from "../src/recipes/fencing-token.ts";
import { clientOf, expireOwner, recipeScene } from "./recipe-scene.ts";
import { codeOf } from "./scene.ts";

test("tokens grow with the index, and with the incarnation whatever the index", () => {
  expect(fencingToken(1, 1)).toBe(1);
  expect(fencingToken(1, 7)).toBeLessThan(fencingToken(1, 8));
  expect(fencingToken(1, 2 ** 43 - 1)).toBeLessThan(fencingToken(2, 1));
  expect(fencingToken(2, 2 ** 43 - 1)).toBeLessThan(fencingToken(3, 1));
  expect(Number.isSafeInteger(fencingToken(2 ** 10, 2 ** 43 - 1))).toBe(true);
});

test.each([
  [0, 1],
  [1, 0],
  [1, 2 ** 43],
  [2 ** 10 + 1, 1],
  [1.5, 1],
  [1, Number.NaN],
])("no token is made of %d:%d, which no node can have", (incarnation, czxid) => {
  expect(() => fencingToken(incarnation, czxid)).toThrow("CORRUPT");
});

test("a guard admits a token again and again, a higher one, and never a lower one", async () => {
  const guard = new FencingGuard();
  await guard.admit("a", 5);
  await guard.admit("a", 5);
  await guard.admit("a", 8);
  const error: unknown = await guard.admit("a", 5).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(StaleTokenError);
  expect(error).toMatchObject({ code: "BAD_VERSION", resource: "a", token: 5, seen: 8 });
  await guard.admit("b", 1);
  expect(await codeOf(guard.admit("b", 0))).toBe("BAD_ARGUMENTS");
});

test("between the look at a token and the end of its use nobody else comes in", async () => {
  const guard = new FencingGuard();
  const happened: string[] = [];
  let finish = (): void => undefined;
  const first = guard.run("a", 1, async () => {
    happened.push("first begins");
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    happened.push("first ends");
  });
  const second = guard.run("a", 2, () => happened.push("second"));
  const other = guard.run("b", 1, () => happened.push("other"));
  await other;
  expect(happened).toEqual(["first begins", "other"]);
  finish();
  await Promise.all([first, second]);
  expect(happened).toEqual(["first begins", "other", "first ends", "second"]);
  expect(await codeOf(guard.run("a", 1, () => happened.push("late")))).toBe("BAD_VERSION");
  expect(happened).not.toContain("late");
});

test("a use that fails lets the next one in, and its token counts", async () => {
  const guard = new FencingGuard();
  const failing = guard.run("a", 3, () => {
    throw new Error("disk full");
  });
  await expect(failing).rejects.toThrow("disk full");
  expect(await guard.run("a", 3, () => "done")).toBe("done");
  expect(await codeOf(guard.admit("a", 2))).toBe("BAD_VERSION");
});

test("with a store that lasts a new guard refuses what the one before refused", async () => {
  const kept = new Map<string, number>();
  const store: TokenStore = {
    read: (resource) => Promise.resolve(kept.get(resource)),
    write: (resource, token) => {
      kept.set(resource, token);
      return Promise.resolve();
    },
  };
  await new FencingGuard(store).admit("a", 9);
  expect(await codeOf(new FencingGuard(store).admit("a", 8))).toBe("BAD_VERSION");
});

test("what a store could not keep is not used", async () => {
  const store: TokenStore = {
    read: () => Promise.resolve(undefined),
    write: () => Promise.reject(new Error("disk full")),
  };
  let uses = 0;
  const guard = new FencingGuard(store);
  await expect(guard.run("a", 1, () => (uses += 1))).rejects.toThrow("disk full");
  expect(uses).toBe(0);
});

test("a fenced node loses no update of two who both believe to hold its lock", async () => {
  const scene = await recipeScene(2);
  const { fleet, path } = scene;
  const { runtime } = fleet;
  const [old, young] = [clientOf(scene, 0), clientOf(scene, 1)];
  await runtime.until(old.create("/locks/balance", "0"));
  const oldNode = new FencedNode(old, "/locks/balance");
  const youngNode = new FencedNode(young, "/locks/balance");
  const oldLock = await runtime.until(old.lock(path).acquire());
  const oldRead = await runtime.until(oldNode.read(oldLock.fencingToken));
  expireOwner(scene, oldLock.path); // the old holder is paused, and does not know
  const youngLock = await runtime.until(young.lock(path).acquire());
  const youngRead = await runtime.until(youngNode.read(youngLock.fencingToken));
  await runtime.until(codeOf(old.set("/locks/x", ""))); // it wakes up
  old.renew();
  const late = oldNode.write(oldLock.fencingToken, `${Number(oldRead.text) + 1}`);
  expect(await runtime.until(late.catch((reason: unknown) => reason))).toBeInstanceOf(
    StaleTokenError,
  );
  await runtime.until(youngNode.write(youngLock.fencingToken, `${Number(youngRead.text) + 1}`));
  const again = await runtime.until(youngNode.read(youngLock.fencingToken));
  expect(again.text).toBe("1");
  expect(await runtime.until(codeOf(oldNode.read(oldLock.fencingToken)))).toBe("BAD_VERSION");
});

test("of many who use a fenced node at the same time the highest token wins", async () => {
  const scene = await recipeScene(6);
  const { fleet, clients } = scene;
  await fleet.runtime.until(clientOf(scene, 0).create("/locks/balance", ""));
  const tokens = [3, 6, 1, 5, 2, 4];
  const writing = clients.map((client, n) => {
    const token = tokens[n] ?? 0;
    return codeOf(new FencedNode(client, "/locks/balance").write(token, `${token}`));
  });
  const ends = await fleet.runtime.until(Promise.all(writing));
  expect(ends[1]).toBe("none");
  for (const end of ends) expect(["none", "BAD_VERSION"]).toContain(end);
  expect((await fleet.runtime.until(clientOf(scene, 0).get("/locks/balance"))).text).toBe("6");
});

test("what is in a transaction with the check of a lock happens only under it", async () => {
  const scene = await recipeScene(2);
  const { fleet, path } = scene;
  const { runtime } = fleet;
  await runtime.until(clientOf(scene, 0).create("/locks/balance", "0"));
  const lock = await runtime.until(clientOf(scene, 0).lock(path).acquire());
  const set = { kind: "set", path: "/locks/balance", data: "1" } as const;
  await runtime.until(clientOf(scene, 0).multi([lock.check, set]));
  expireOwner(scene, lock.path);
  await runtime.until(codeOf(clientOf(scene, 0).set("/locks/x", "")));
  clientOf(scene, 0).renew();
  const late = { ...set, data: "2" };
  const end = await runtime.until(codeOf(clientOf(scene, 0).multi([lock.check, late])));
  expect(end).toBe("NO_NODE");
  expect((await runtime.until(clientOf(scene, 1).get("/locks/balance"))).text).toBe("1");
});
