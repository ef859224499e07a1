import { expect, test } from "vitest";
import type { Leader } from "../src/recipes/election.ts";
import {
  below,
  breakStreams,
  clientOf,
  expireOwner,
  hears,
  recipeScene,
  type RecipeScene,
} from "./recipe-scene.ts";
import { codeOf } from "./scene.ts";

/** Notes who leads, as a client sees it, until the signal ends it. */
function observed(scene: RecipeScene, client: number, signal: AbortSignal): string[] {
  const seen: string[] = [];
  const read = async (): Promise<void> => {
    const leaders = clientOf(scene, client).election(scene.path).observe({ signal });
    for await (const leader of leaders) seen.push(leader?.text ?? "nobody");
    seen.push("the end");
  };
  void read();
  return seen;
}

test("an election has one leader, whom others can see, and then the next", async () => {
  const scene = await recipeScene(2);
  const { fleet, path } = scene;
  const first = clientOf(scene, 0).election(path);
  const second = clientOf(scene, 1).election(path);
  expect(await fleet.runtime.until(first.leader())).toBeUndefined();
  const leading = await fleet.runtime.until(first.elect({ data: "one" }));
  const next = second.elect({ data: "two" });
  await fleet.runtime.run(100);
  const seen = await fleet.runtime.until(second.leader());
  expect(seen).toMatchObject({ text: "one", fencingToken: leading.fencingToken });
  const candidates = await fleet.runtime.until(second.candidates());
  expect(candidates.map(({ text }) => text)).toEqual(["two"]);
  await fleet.runtime.until(leading.resign());
  const led = await fleet.runtime.until(next);
  expect(led.fencingToken).toBeGreaterThan(leading.fencingToken);
  expect((await fleet.runtime.until(first.leader()))?.text).toBe("two");
  expect([leading.isLeader, led.isLeader]).toEqual([false, true]);
});

test("who looks on sees each leader, the gaps between, and what they announce", async () => {
  const scene = await recipeScene(3);
  const { fleet, path } = scene;
  const { runtime } = fleet;
  const end = new AbortController();
  const seen = observed(scene, 2, end.signal);
  await runtime.run(200);
  const first = await runtime.until(clientOf(scene, 0).election(path).elect({ data: "one" }));
  await runtime.run(200);
  const electing = clientOf(scene, 1).election(path).elect({ data: "two" });
  await runtime.run(200);
  await runtime.until(first.announce("one, at another address"));
  await runtime.run(200);
  await runtime.until(first.resign());
  const second = await runtime.until(electing);
  await runtime.run(200);
  await runtime.until(second.resign());
  await runtime.run(200);
  end.abort();
  await runtime.run(200);
  const expected = ["nobody", "one", "one, at another address", "two", "nobody", "the end"];
  expect(seen).toEqual(expected);
});

test("who looks on is not woken by who comes and goes behind the leader", async () => {
  const scene = await recipeScene(4);
  const { fleet, path, wakeups } = scene;
  const { runtime } = fleet;
  const end = new AbortController();
  await runtime.until(clientOf(scene, 0).election(path).elect({ data: "one" }));
  const seen = observed(scene, 3, end.signal);
  await runtime.run(300);
  const given = new AbortController();
  const behind = [1, 2].map((n) =>
    codeOf(clientOf(scene, n).election(path).elect({ signal: given.signal })),
  );
  await runtime.run(300);
  given.abort(new Error("no patience"));
  await runtime.until(Promise.all(behind));
  await runtime.run(300);
  expect(wakeups[3]?.count).toBe(0);
  expect(seen).toEqual(["one"]);
  end.abort();
});

test("who looks on lives through lost connections, and needs no session", async () => {
  const scene = await recipeScene(3);
  const { fleet, path } = scene;
  const { runtime } = fleet;
  const end = new AbortController();
  const leading = await runtime.until(clientOf(scene, 0).election(path).elect({ data: "one" }));
  const electing = clientOf(scene, 1).election(path).elect({ data: "two" });
  const seen = observed(scene, 2, end.signal);
  await runtime.run(300);
  breakStreams(scene);
  expireOwner(scene, leading.path);
  await runtime.until(electing);
  await runtime.run(3_000);
  expect(seen).toEqual(["one", "two"]);
  expect(fleet.cluster("global").sessions.size).toBe(1);
  end.abort();
});

test("a look at who leads ends with the iteration", async () => {
  const scene = await recipeScene(2);
  const { fleet, path } = scene;
  const leading = await fleet.runtime.until(clientOf(scene, 0).election(path).elect());
  const first = async (): Promise<Leader | undefined> => {
    for await (const leader of clientOf(scene, 1).election(path).observe()) return leader;
    return undefined;
  };
  expect((await fleet.runtime.until(first()))?.path).toBe(leading.path);
});

test("who loses its session leads no more, and hears of it", async () => {
  const scene = await recipeScene(2);
  const { fleet, path } = scene;
  const leading = await fleet.runtime.until(clientOf(scene, 0).election(path).elect());
  const electing = clientOf(scene, 1).election(path).elect();
  await fleet.runtime.run(100);
  expireOwner(scene, leading.path);
  const next = await fleet.runtime.until(electing);
  await fleet.runtime.until(hears(scene));
  expect([leading.isLeader, leading.lost.aborted, next.isLeader]).toEqual([false, true, true]);
  await fleet.runtime.until(leading.resign());
  expect(below(scene, path)).toEqual([next.path]);
});

test("who gives up standing for election stands no more", async () => {
  const scene = await recipeScene(2);
  const { fleet, path } = scene;
  const leading = await fleet.runtime.until(clientOf(scene, 0).election(path).elect());
  const late = codeOf(clientOf(scene, 1).election(path).elect({ deadlineMs: 400 }));
  expect(await fleet.runtime.until(late)).toBe("DEADLINE");
  await fleet.runtime.run(200);
  expect(below(scene, path)).toEqual([leading.path]);
});

test("there are no elections in eventual zones", async () => {
  const scene = await recipeScene(1);
  const election = clientOf(scene, 0).election("/shared/boss");
  const { runtime } = scene.fleet;
  expect(await runtime.until(codeOf(election.elect()))).toBe("UNSUPPORTED");
  expect(await runtime.until(codeOf(election.leader()))).toBe("UNSUPPORTED");
});
