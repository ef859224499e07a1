import { EventKind } from "@meridian/wire";
import { expect, test } from "vitest";
import type { Counter } from "../src/recipes/counter.ts";
import { CounterState } from "../src/recipes/counter-state.ts";
import { Disturbance } from "./disturbance.ts";
import { FakeFleet } from "./fake-fleet.ts";
import { clientOf, recipeScene } from "./recipe-scene.ts";
import { codeOf, isGlobal } from "./scene.ts";

test.each(["/locks", "/regions/us-west"] as const)(
  "below %s all that count together count exactly",
  async (prefix) => {
    const scene = await recipeScene(5, prefix);
    const { fleet, path } = scene;
    const told: number[] = [];
    const work = scene.clients.map(async (client) => {
      for (let n = 0; n < 20; n += 1) told.push(await client.counter(path).increment());
    });
    await fleet.runtime.until(Promise.all(work));
    expect(await fleet.runtime.until(clientOf(scene, 0).counter(path).get())).toBe(100);
    expect(told.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, n) => n + 1));
  },
);

test("steps of one client that come together go as one write, each with an answer", async () => {
  const scene = await recipeScene(1);
  const { fleet, path } = scene;
  const counter = clientOf(scene, 0).counter(path);
  const told = Array.from({ length: 1_000 }, () => counter.increment());
  const answers = await fleet.runtime.until(Promise.all(told));
  expect(answers).toEqual(Array.from({ length: 1_000 }, (_, n) => n + 1));
  expect(fleet.cluster("global").applied.length).toBeLessThan(5);
});

test("it can be set, compared and counted down, and counts from 0", async () => {
  const scene = await recipeScene(2);
  const { fleet, path } = scene;
  const counter = clientOf(scene, 0).counter(path);
  const other = clientOf(scene, 1).counter(path);
  expect(await fleet.runtime.until(counter.get())).toBe(0);
  expect(await fleet.runtime.until(counter.compareAndSet(1, 9))).toBe(false);
  expect(await fleet.runtime.until(counter.set(7))).toBe(0);
  expect(await fleet.runtime.until(other.decrement())).toBe(6);
  expect(await fleet.runtime.until(counter.compareAndSet(7, 9))).toBe(false);
  expect(await fleet.runtime.until(counter.compareAndSet(6, 9))).toBe(true);
  expect(await fleet.runtime.until(other.add(-20))).toBe(-11);
});

test("what would not be exact is refused, and what is no counter", async () => {
  const scene = await recipeScene(1);
  const { fleet, path } = scene;
  const counter = clientOf(scene, 0).counter(path);
  await fleet.runtime.until(counter.set(Number.MAX_SAFE_INTEGER));
  expect(await fleet.runtime.until(codeOf(counter.increment()))).toBe("TOO_LARGE");
  expect(await fleet.runtime.until(codeOf(counter.add(0.5)))).toBe("BAD_ARGUMENTS");
  fleet.cluster("global").seed("/locks/text", "12 apples");
  const text = clientOf(scene, 0).counter("/locks/text");
  expect(await fleet.runtime.until(codeOf(text.increment()))).toBe("BAD_ARGUMENTS");
  fleet.cluster("global").seed("/locks/plain", "12\n");
  expect(await fleet.runtime.until(clientOf(scene, 0).counter("/locks/plain").increment())).toBe(
    13,
  );
});

test("who gives up a step that was sent hears that it may have been taken", async () => {
  const scene = await recipeScene(1);
  const { fleet, path } = scene;
  const counter = clientOf(scene, 0).counter(path);
  await fleet.runtime.until(counter.increment());
  fleet.cluster("global").isStuck = true;
  const sent = codeOf(counter.increment({ deadlineMs: 1_000 }));
  await fleet.runtime.run(10);
  const waiting = codeOf(counter.increment({ deadlineMs: 1_000 }));
  expect(await fleet.runtime.until(sent)).toBe("UNKNOWN");
  expect(await fleet.runtime.until(waiting)).toBe("DEADLINE");
  fleet.cluster("global").isStuck = false;
  await fleet.runtime.run(20_000);
  expect(await fleet.runtime.until(counter.get())).toBe(2);
});

/** Three clients count together while things happen. Gives how many steps ended how. */
async function count(
  fleet: FakeFleet,
  deadlineMsOf: (step: number) => number,
): Promise<Map<string, number>> {
  const { runtime } = fleet;
  const disturbance = new Disturbance(fleet, 0.25);
  const counters: Counter[] = [];
  for (let n = 0; n < 3; n += 1) {
    const client = await fleet.client({ strictDeadlineMs: 2_000 });
    counters.push(client.counter("/locks/n"));
  }
  const ends = new Map<string, number>();
  const open: Promise<void>[] = [];
  for (let n = 0; n < 150; n += 1) {
    const step = counters[n % 3]?.increment({ deadlineMs: deadlineMsOf(n) });
    const counted = codeOf(step ?? Promise.reject(new Error("three clients")));
    open.push(counted.then((code) => void ends.set(code, (ends.get(code) ?? 0) + 1)));
    if (n % 6 === 0) disturbance.strike();
    await runtime.run(runtime.random() * 600);
  }
  disturbance.heal();
  await runtime.until(Promise.all(open), 600_000);
  await runtime.run(60_000);
  return ends.set("expire", disturbance.counts.get("expire") ?? 0);
}

test.each(Array.from({ length: 20 }, (_, n) => n + 1))(
  "under faults and ends of sessions of seed %i nothing is counted twice, and nothing lost",
  async (seed) => {
    const fleet = new FakeFleet(seed);
    fleet.cluster("global").seed("/locks");
    const isPatient = seed % 2 !== 0;
    const ends = await count(fleet, (step) => {
      return isPatient || step % 3 !== 0 ? Infinity : 1_000 + fleet.runtime.random() * 8_000;
    });
    const client = await fleet.client();
    const counted = await fleet.runtime.until(client.counter("/locks/n").get());
    const sure = ends.get("none") ?? 0;
    expect(sure, `seed ${seed}`).toBeGreaterThanOrEqual(isPatient ? 150 : 75);
    expect(counted, `seed ${seed}`).toBeGreaterThanOrEqual(sure);
    expect(counted, `seed ${seed}`).toBeLessThanOrEqual(sure + (ends.get("UNKNOWN") ?? 0));
    for (const [code, times] of ends) exercised.set(code, (exercised.get(code) ?? 0) + times);
  },
);

/** How many steps ended how, and sessions by force, over all seeds. */
const exercised = new Map<string, number>();

test("the faults were worth the name", () => {
  const rare = ["none", "UNKNOWN", "DEADLINE", "expire"].filter(
    (code) => (exercised.get(code) ?? 0) < 8,
  );
  expect([rare, Object.fromEntries(exercised)]).toEqual([[], expect.anything()]);
});

test("a step whose first attempt comes late, out of an ended session, is taken once", async () => {
  const scene = await recipeScene(2);
  const { fleet, path } = scene;
  const counter = clientOf(scene, 0).counter(path);
  await fleet.runtime.until(counter.increment());
  // It arrives at a node that hands it on only when its client has long gone elsewhere.
  const late: (() => void)[] = [];
  const global = fleet.cluster("global");
  for (const server of fleet.select(isGlobal)) {
    server.script = (request) => {
      if (request.set === undefined || late.length > 0) return undefined;
      const session = server.lastSession;
      late.push(() => void global.apply(session, request.sequence, request));
      for (const each of fleet.select(isGlobal)) each.isSilent = true;
      return "drop";
    };
  }
  const step = counter.increment({ deadlineMs: Infinity });
  await fleet.runtime.run(60_000); // the client gives its session up
  for (const each of fleet.select(isGlobal)) each.isSilent = false;
  await fleet.runtime.run(20);
  for (const apply of late) apply();
  expect(await fleet.runtime.until(step)).toBe(2);
  await fleet.runtime.until(clientOf(scene, 1).counter(path).increment());
  expect(await fleet.runtime.until(counter.get())).toBe(3);
});

test("the marks of a counter tell what became of a write, as long as they can", () => {
  let state = new CounterState(0);
  for (let n = 0; n < 64; n += 1) {
    state = state.after(n, n.toString(16).padStart(16, "0"), 1, n);
  }
  const first = "0".repeat(16);
  expect(CounterState.decode("/n", state.encode()).fateOf(first, 1, -1)).toBe(0);
  expect(state.fateOf("f".repeat(16), 1, 5)).toBe("not done");
  state = state.after(64, "e".repeat(16), 1, 64);
  expect(state.fateOf(first, 1, 0)).toBeUndefined();
  expect(state.fateOf(first, 1, 1)).toBe("not done");
});

test("in an eventual zone every region counts for itself, and sees the sum", async () => {
  const fleet = new FakeFleet();
  for (const region of ["us-west", "eu-west"]) fleet.cluster(region).seed("/shared");
  const west = await fleet.client();
  const east = await fleet.client({ region: "eu-west", endpoints: ["eu-west-1:1"] });
  const path = "/shared/likes/42";
  expect(await fleet.runtime.until(west.counter(path).get())).toBe(0);
  expect(await fleet.runtime.until(west.counter(path).increment())).toBe(1);
  expect(await fleet.runtime.until(west.counter(path).increment())).toBe(2);
  expect(await fleet.runtime.until(east.counter(path).add(5))).toBe(5);
  for (const [from, to] of [
    ["us-west", "eu-west"],
    ["eu-west", "us-west"],
  ] as const) {
    const own = `${path}/${from}`;
    const node = fleet.cluster(from).nodes.get(own);
    const changes = [{ index: 1, kind: EventKind.CREATED, path: own, node }];
    fleet.cluster(to).takeOver(from, [{ index: 1, changes }]);
  }
  expect(await fleet.runtime.until(west.counter(path).get())).toBe(7);
  expect(await fleet.runtime.until(east.counter(path).increment())).toBe(8);
  expect(await fleet.runtime.until(codeOf(west.counter(path).set(1)))).toBe("UNSUPPORTED");
});

test("who watches it hears of every number that stays for a while", async () => {
  const scene = await recipeScene(2);
  const { fleet, path } = scene;
  const told: number[] = [];
  const given = new AbortController();
  const watching = (async () => {
    for await (const value of clientOf(scene, 1).counter(path).watch({ signal: given.signal })) {
      told.push(value);
    }
  })();
  await fleet.runtime.run(100);
  for (let n = 0; n < 3; n += 1) {
    await fleet.runtime.until(clientOf(scene, 0).counter(path).increment());
    await fleet.runtime.run(100);
  }
  given.abort();
  await fleet.runtime.until(watching);
  expect(told).toEqual([0, 1, 2, 3]);
});
