import { expect, test } from "vitest";
import type { Meridian } from "../src/client.ts";
import type { QueueItem } from "../src/recipes/queue-item.ts";
import { below, clientOf, expireOwner, recipeScene } from "./recipe-scene.ts";
import { codeOf, isGlobal } from "./scene.ts";

type Scene = Awaited<ReturnType<typeof recipeScene>>;

async function offerAll({ fleet }: Scene, client: Meridian, path: string, texts: string[]) {
  for (const text of texts) await fleet.runtime.until(client.queue(path).offer(text));
}

function letters(count: number): string[] {
  return Array.from({ length: count }, (_, n) => String.fromCharCode(97 + n));
}

test.each(["/locks", "/regions/us-west"] as const)(
  "below %s items come in the order of their offers, each once",
  async (prefix) => {
    const scene = await recipeScene(2, prefix);
    const { fleet, path } = scene;
    await offerAll(scene, clientOf(scene, 0), path, letters(5));
    const queue = clientOf(scene, 1).queue(path);
    expect(await fleet.runtime.until(queue.size())).toBe(5);
    const texts: string[] = [];
    for (let n = 0; n < 5; n += 1) {
      const item = await fleet.runtime.until(queue.take());
      texts.push(item.text);
      await fleet.runtime.until(item.ack());
    }
    expect(texts).toEqual(letters(5));
    expect(await fleet.runtime.until(queue.tryTake())).toBeUndefined();
    expect(await fleet.runtime.until(queue.size())).toBe(0);
  },
);

test("what is taken is nobody else's, and what is given back comes first again", async () => {
  const scene = await recipeScene(3);
  const { fleet, path } = scene;
  await offerAll(scene, clientOf(scene, 0), path, letters(3));
  const first = await fleet.runtime.until(clientOf(scene, 1).queue(path).take());
  const second = await fleet.runtime.until(clientOf(scene, 2).queue(path).take());
  expect([first.text, second.text]).toEqual(["a", "b"]);
  await fleet.runtime.until(first.release());
  expect(first.isHeld).toBe(false);
  const again = await fleet.runtime.until(clientOf(scene, 2).queue(path).take());
  expect(again.text).toBe("a");
  expect(again.fencingToken).toBeGreaterThan(first.fencingToken);
  expect(await fleet.runtime.until(codeOf(first.ack()))).toBe("SESSION_EXPIRED");
});

test("who waits gets what comes, and of many who wait one wakes for each item", async () => {
  const scene = await recipeScene(6);
  const { fleet, path, wakeups } = scene;
  const got: string[] = [];
  const waiting = scene.clients.slice(1).map(async (client) => {
    const item = await client.queue(path).take();
    got.push(item.text);
    await item.ack();
  });
  await fleet.runtime.run(1_000);
  for (const woken of wakeups) woken.count = 0;
  await offerAll(scene, clientOf(scene, 0), path, ["a"]);
  await fleet.runtime.run(500);
  expect(got).toEqual(["a"]);
  // The first in line hears of the item, its own claim and the end of both; the next of its going.
  expect(wakeups.filter(({ count }) => count > 0).length).toBeLessThanOrEqual(2);
  await offerAll(scene, clientOf(scene, 0), path, ["b", "c", "d", "e"]);
  await fleet.runtime.until(Promise.all(waiting));
  expect(got.toSorted()).toEqual(letters(5));
  await fleet.runtime.run(1_000);
  expect(below(scene, path).filter((each) => /\/(items|line)\/./.test(each))).toEqual([]);
});

test("many are taken at once, and given out in their order", async () => {
  const scene = await recipeScene(2);
  const { fleet, path } = scene;
  await offerAll(scene, clientOf(scene, 0), path, letters(10));
  const items = await fleet.runtime.until(clientOf(scene, 1).queue(path).takeMany(4));
  expect(items.map(({ text }) => text)).toEqual(["a", "b", "c", "d"]);
  const rest = await fleet.runtime.until(clientOf(scene, 0).queue(path).takeMany(100));
  expect(rest.map(({ text }) => text)).toEqual(letters(10).slice(4));
});

test("what a consumer had whose session ends is given out again, and it hears so", async () => {
  const scene = await recipeScene(2);
  const { fleet, path } = scene;
  await offerAll(scene, clientOf(scene, 0), path, ["a"]);
  const queue = clientOf(scene, 1).queue(path);
  const item = await fleet.runtime.until(queue.take());
  expireOwner(scene, `${item.path}/claim`);
  await fleet.runtime.run(5_000);
  expect(item.lost.aborted).toBe(true);
  expect(await fleet.runtime.until(codeOf(item.ack()))).toBe("SESSION_EXPIRED");
  const again = await fleet.runtime.until(queue.take());
  expect(again.text).toBe("a");
  await fleet.runtime.until(again.ack());
  expect(await fleet.runtime.until(queue.size())).toBe(0);
});

test("who waits gets the item that another one's session leaves behind", async () => {
  const scene = await recipeScene(3);
  const { fleet, path } = scene;
  await offerAll(scene, clientOf(scene, 0), path, ["a"]);
  const item = await fleet.runtime.until(clientOf(scene, 1).queue(path).take());
  const next = clientOf(scene, 2).queue(path).take();
  await fleet.runtime.run(1_000);
  expireOwner(scene, `${item.path}/claim`);
  expect((await fleet.runtime.until(next)).text).toBe("a");
});

test("a waiter outlives the end of its session", async () => {
  const scene = await recipeScene(2);
  const { fleet, path } = scene;
  const next = clientOf(scene, 1).queue(path).take();
  await fleet.runtime.run(1_000);
  const [place = ""] = below(scene, `${path}/line`);
  expireOwner(scene, place);
  await fleet.runtime.run(10_000);
  await offerAll(scene, clientOf(scene, 0), path, ["a"]);
  expect((await fleet.runtime.until(next)).text).toBe("a");
});

test("who gives up waiting leaves nothing behind", async () => {
  const scene = await recipeScene(2);
  const { fleet, path } = scene;
  const given = new AbortController();
  const waiting = clientOf(scene, 0).queue(path).take({ signal: given.signal });
  const late = codeOf(clientOf(scene, 1).queue(path).take({ deadlineMs: 2_000 }));
  await fleet.runtime.run(1_000);
  given.abort(new Error("no patience"));
  await expect(fleet.runtime.until(waiting)).rejects.toThrow("no patience");
  expect(await fleet.runtime.until(late)).toBe("DEADLINE");
  await fleet.runtime.run(1_000);
  expect(below(scene, `${path}/line`)).toEqual([]);
});

test("a full queue refuses, however many offer, until something was acknowledged", async () => {
  const scene = await recipeScene(4);
  const { fleet, path } = scene;
  const offers = scene.clients.flatMap((client) => {
    const queue = client.queue(path, { max: 3 });
    return [codeOf(queue.offer("x")), codeOf(queue.offer("x"))];
  });
  const codes = await fleet.runtime.until(Promise.all(offers));
  expect(codes.toSorted()).toEqual([
    ...Array.from({ length: 5 }, () => "QUOTA_EXCEEDED"),
    "none",
    "none",
    "none",
  ]);
  const queue = clientOf(scene, 0).queue(path, { max: 3 });
  const item = await fleet.runtime.until(queue.take());
  expect(await fleet.runtime.until(codeOf(queue.offer("y")))).toBe("QUOTA_EXCEEDED");
  await fleet.runtime.until(item.ack());
  expect(await fleet.runtime.until(codeOf(queue.offer("y")))).toBe("none");
});

test("offers of one client that come together go together, in their order", async () => {
  const scene = await recipeScene(1);
  const { fleet, path } = scene;
  const queue = clientOf(scene, 0).queue(path);
  const offers = Array.from({ length: 500 }, (_, n) => queue.offer(String(n)));
  await fleet.runtime.until(Promise.all(offers));
  expect(fleet.cluster("global").applied.length).toBeLessThan(15);
  const items = await fleet.runtime.until(queue.takeMany(500));
  expect(items.map(({ text }) => Number(text))).toEqual(Array.from({ length: 500 }, (_, n) => n));
});

test("lower priorities go first, and equals in their order", async () => {
  const scene = await recipeScene(1);
  const { fleet, path } = scene;
  const queue = clientOf(scene, 0).priorityQueue(path);
  const offers: [string, number][] = [
    ["d", 7],
    ["c", 0],
    ["a", -(2 ** 31)],
    ["e", 7],
    ["b", -1],
  ];
  for (const [text, priority] of offers) await fleet.runtime.until(queue.offer(text, { priority }));
  await fleet.runtime.until(queue.offer("f", { priority: 2 ** 31 - 1 }));
  const items = await fleet.runtime.until(queue.takeMany(6));
  expect(items.map(({ text }) => text).join("")).toBe("abcdef");
  expect(await fleet.runtime.until(codeOf(queue.offer("g", { priority: 2 ** 31 })))).toBe(
    "BAD_ARGUMENTS",
  );
});

test("delayed items come when they are due by the servers' clock, earliest first", async () => {
  const scene = await recipeScene(2);
  const { fleet, path } = scene;
  const queue = clientOf(scene, 0).delayQueue(path);
  for (const [text, delayMs] of [
    ["late", 60_000],
    ["soon", 5_000],
  ] as const) {
    await fleet.runtime.until(queue.offer(text, { delayMs }));
  }
  const startMs = fleet.runtime.nowMs();
  expect(await fleet.runtime.until(queue.tryTake())).toBeUndefined();
  const took: [string, number][] = [];
  const taking = (async () => {
    for (let n = 0; n < 3; n += 1) {
      const item = await clientOf(scene, 1).delayQueue(path).take();
      took.push([item.text, Math.round((fleet.runtime.nowMs() - startMs) / 1_000)]);
    }
  })();
  await fleet.runtime.run(1_000);
  await fleet.runtime.until(queue.offer("sooner", { delayMs: 1_000 }));
  await fleet.runtime.until(taking);
  expect(took).toEqual([
    ["sooner", 2],
    ["soon", 5],
    ["late", 60],
  ]);
});

test("an absolute time is that of the servers", async () => {
  const scene = await recipeScene(1);
  const { fleet, path } = scene;
  const queue = clientOf(scene, 0).delayQueue(path);
  const dueAtMs = fleet.cluster("global").wallMs() + 3_000;
  await fleet.runtime.until(queue.offer("a", { dueAtMs }));
  await fleet.runtime.run(2_000);
  expect(await fleet.runtime.until(queue.tryTake())).toBeUndefined();
  await fleet.runtime.run(1_000);
  expect((await fleet.runtime.until(queue.tryTake()))?.text).toBe("a");
});

test("consuming gives back what was not acknowledged, and ends with its signal", async () => {
  const scene = await recipeScene(1);
  const { fleet, path } = scene;
  const client = clientOf(scene, 0);
  await offerAll(scene, client, path, ["a", "b"]);
  const given = new AbortController();
  const texts: string[] = [];
  let kept: QueueItem | undefined;
  const consuming = (async () => {
    for await (const item of client.queue(path).consume({ signal: given.signal })) {
      texts.push(item.text);
      kept = item;
      if (texts.length > 1) await item.ack();
    }
  })();
  await fleet.runtime.run(5_000);
  expect(texts).toEqual(["a", "a", "b"]);
  expect(kept?.isHeld).toBe(false);
  given.abort();
  await fleet.runtime.until(consuming);
});

test("there are no queues in eventual zones", async () => {
  const scene = await recipeScene(1);
  expect(() => clientOf(scene, 0).queue("/shared/q")).toThrow("UNSUPPORTED");
});

/** Does the next write of a kind, and loses its answer for as long as the client waits for it. */
function loseAnswer({ fleet }: Scene, kind: "create" | "multi"): void {
  let isDone = false;
  for (const server of fleet.select(isGlobal)) {
    server.script = (request) => {
      if (request[kind] === undefined || isDone) return undefined;
      isDone = true;
      fleet.cluster("global").apply(server.lastSession, request.sequence, request);
      return "drop";
    };
  }
}

test("an acknowledgement of which no answer came is found to be done", async () => {
  const scene = await recipeScene(1);
  const { fleet, path } = scene;
  const client = await fleet.client({ strictDeadlineMs: 1_000 });
  await offerAll(scene, client, path, ["a"]);
  const item = await fleet.runtime.until(client.queue(path).take());
  loseAnswer(scene, "multi");
  await fleet.runtime.until(item.ack());
  expect(await fleet.runtime.until(client.queue(path).size())).toBe(0);
});

test("an offer of which no answer came is made once", async () => {
  const scene = await recipeScene(1);
  const { fleet, path } = scene;
  const client = await fleet.client({ strictDeadlineMs: 1_000 });
  await offerAll(scene, client, path, ["a"]);
  loseAnswer(scene, "multi");
  await offerAll(scene, client, path, ["b"]);
  expect(await fleet.runtime.until(client.queue(path).size())).toBe(2);
});

test("an item that was taken when nobody waited for it any more is given back", async () => {
  const scene = await recipeScene(2);
  const { fleet, path } = scene;
  const client = await fleet.client({ strictDeadlineMs: 1_000 });
  await offerAll(scene, client, path, ["a"]);
  loseAnswer(scene, "create");
  const given = new AbortController();
  const taking = client.queue(path).take({ signal: given.signal });
  await fleet.runtime.run(500);
  expect(below(scene, path).filter((each) => each.endsWith("/claim"))).toHaveLength(1);
  given.abort(new Error("no patience"));
  await expect(fleet.runtime.until(taking)).rejects.toThrow("no patience");
  await fleet.runtime.run(3_000);
  expect((await fleet.runtime.until(clientOf(scene, 1).queue(path).take())).text).toBe("a");
});

test("the end of the client ends its waiting", async () => {
  const scene = await recipeScene(1);
  const { fleet, path } = scene;
  const waiting = codeOf(clientOf(scene, 0).queue(path).take());
  await fleet.runtime.run(1_000);
  await fleet.runtime.until(clientOf(scene, 0).close());
  expect(await fleet.runtime.until(waiting)).toBe("SESSION_EXPIRED");
  await fleet.runtime.run(60_000);
  expect(fleet.runtime.pending).toBe(0);
});
