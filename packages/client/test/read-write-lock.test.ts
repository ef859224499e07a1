import { expect, test } from "vitest";
import type { HeldLock } from "../src/recipes/lock.ts";
import { below, clientOf, expireOwner, recipeScene, type RecipeScene } from "./recipe-scene.ts";
import { codeOf } from "./scene.ts";

/** Has clients of a scene queue up one after the other, and notes who holds what. */
class Visitors {
  readonly held = new Map<string, HeldLock>();
  readonly order: string[] = [];
  readonly #scene: RecipeScene;

  constructor(scene: RecipeScene) {
    this.#scene = scene;
  }

  /** Letters say who wants what, in the order of arrival: r reads, w writes. */
  async arrive(letters: string): Promise<void> {
    for (const [place, letter] of letters.split("").entries()) {
      const lock = clientOf(this.#scene, place).readWriteLock(this.#scene.path);
      const acquiring = letter === "r" ? lock.read() : lock.write();
      const name = `${letter}${place}`;
      acquiring.then(
        (held) => {
          this.held.set(name, held);
          this.order.push(name);
        },
        () => undefined, // The client was closed: nobody waits for it any more.
      );
      await this.#scene.fleet.runtime.run(30);
    }
  }

  async leave(name: string): Promise<void> {
    const held = this.held.get(name);
    this.held.delete(name);
    await this.#scene.fleet.runtime.until(held?.release() ?? Promise.reject(new Error(name)));
    await this.#scene.fleet.runtime.run(100);
  }

  get names(): string {
    return [...this.held.keys()].join(" ");
  }
}

test.each(["/locks", "/regions/us-west"] as const)(
  "below %s readers share, writers do not, and all come in their turn",
  async (prefix) => {
    const scene = await recipeScene(7, prefix);
    const visitors = new Visitors(scene);
    await visitors.arrive("rrwrrwr");
    expect(visitors.names).toBe("r0 r1");
    await visitors.leave("r0");
    expect(visitors.names).toBe("r1");
    await visitors.leave("r1");
    expect(visitors.names).toBe("w2");
    await visitors.leave("w2");
    expect(visitors.names).toBe("r3 r4");
    await visitors.leave("r4");
    await visitors.leave("r3");
    expect(visitors.names).toBe("w5");
    await visitors.leave("w5");
    expect(visitors.names).toBe("r6");
  },
);

test("a writer's token is above all before it, a reader's above all writers' before", async () => {
  const scene = await recipeScene(5);
  const visitors = new Visitors(scene);
  await visitors.arrive("rwrwr");
  const tokens: number[] = [];
  for (const name of ["r0", "w1", "r2", "w3", "r4"]) {
    tokens.push(visitors.held.get(name)?.fencingToken ?? 0);
    await visitors.leave(name);
  }
  expect(tokens).toEqual([...new Set(tokens)].toSorted((a, b) => a - b));
});

test("a reader that leaves wakes nobody, the last one only the writer behind it", async () => {
  const scene = await recipeScene(9);
  const visitors = new Visitors(scene);
  await visitors.arrive("rrrwrrrwr");
  const woken = (): number[] => {
    const counts = scene.wakeups.map(({ count }) => count);
    for (const each of scene.wakeups) each.count = 0;
    return counts;
  };
  woken();
  await visitors.leave("r0");
  await visitors.leave("r1");
  expect(woken()).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0]);
  await visitors.leave("r2");
  expect(woken()).toEqual([0, 0, 0, 1, 0, 0, 0, 0, 0]);
  await visitors.leave("w3");
  expect(woken()).toEqual([0, 0, 0, 0, 1, 1, 1, 0, 0]);
});

test("the end of a waiting writer's session lets the readers behind it begin", async () => {
  const scene = await recipeScene(3);
  const visitors = new Visitors(scene);
  await visitors.arrive("rwr");
  expect(visitors.names).toBe("r0");
  const writer = below(scene, scene.path).find((path) => path.includes("write-"));
  expireOwner(scene, writer ?? "");
  await scene.fleet.runtime.run(500);
  expect(visitors.names).toBe("r0 r2");
});

test("a writer that steps down lets readers begin, keeps writers out, and its data", async () => {
  const scene = await recipeScene(4);
  const { fleet, path } = scene;
  const lock = clientOf(scene, 0).readWriteLock(path);
  const writing = await fleet.runtime.until(lock.write({ data: "loader" }));
  const reading = clientOf(scene, 1).readWriteLock(path).read();
  await fleet.runtime.run(50);
  const later = clientOf(scene, 2).readWriteLock(path).write();
  await fleet.runtime.run(50);
  await fleet.runtime.until(writing.downgrade());
  const reader = await fleet.runtime.until(reading);
  await fleet.runtime.run(500);
  expect([writing.isHeld, reader.isHeld]).toEqual([true, true]);
  const holders = await fleet.runtime.until(lock.holders());
  expect(holders.map(({ text }) => text)).toEqual(["loader", ""]);
  expect(await fleet.runtime.until(lock.waiters())).toHaveLength(1);
  await fleet.runtime.until(Promise.all([writing.release(), reader.release()]));
  expect((await fleet.runtime.until(later)).isHeld).toBe(true);
});

test("attempts to read or write do not wait, and leave nothing behind", async () => {
  const scene = await recipeScene(3);
  const { fleet, path } = scene;
  const { runtime } = fleet;
  const reader = await runtime.until(clientOf(scene, 0).readWriteLock(path).tryRead());
  const second = await runtime.until(clientOf(scene, 1).readWriteLock(path).tryRead());
  expect([reader?.isHeld, second?.isHeld]).toEqual([true, true]);
  expect(await runtime.until(clientOf(scene, 2).readWriteLock(path).tryWrite())).toBeUndefined();
  const late = clientOf(scene, 2).readWriteLock(path).tryWrite({ deadlineMs: 300 });
  expect(await runtime.until(late)).toBeUndefined();
  await runtime.run(200);
  expect(below(scene, path)).toHaveLength(2);
  await runtime.until(Promise.all([reader?.release(), second?.release()]));
  const writer = await runtime.until(clientOf(scene, 2).readWriteLock(path).tryWrite());
  expect(writer?.isHeld).toBe(true);
  expect(await runtime.until(clientOf(scene, 0).readWriteLock(path).tryRead())).toBeUndefined();
});

test("there are no read/write locks in eventual zones", async () => {
  const scene = await recipeScene(1);
  const lock = clientOf(scene, 0).readWriteLock("/shared/lock");
  expect(await scene.fleet.runtime.until(codeOf(lock.read()))).toBe("UNSUPPORTED");
  expect(await scene.fleet.runtime.until(codeOf(lock.write()))).toBe("UNSUPPORTED");
});
