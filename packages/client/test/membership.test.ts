import { expect, test } from "vitest";
import { Disturbance } from "./disturbance.ts";
import { FakeFleet } from "./fake-fleet.ts";
import { clientOf, expireOwner, recipeScene } from "./recipe-scene.ts";
import { codeOf } from "./scene.ts";

test("members come, change and go, and everybody sees it", async () => {
  const scene = await recipeScene(3);
  const { fleet, path } = scene;
  const { runtime } = fleet;
  const told: string[] = [];
  const given = new AbortController();
  const first = await runtime.until(clientOf(scene, 0).membership(path).join({ name: "a" }));
  const watching = (async () => {
    const changes = clientOf(scene, 2).membership(path).changes({ signal: given.signal });
    for await (const { kind, member } of changes)
      told.push(`${kind} ${member.name} ${member.text}`);
  })();
  await runtime.run(100);
  const joining = clientOf(scene, 1).membership(path).join({ name: "b", data: "1" });
  const second = await runtime.until(joining);
  await runtime.until(second.setData("2"));
  await runtime.run(100);
  const members = await runtime.until(clientOf(scene, 2).membership(path).members());
  expect(members.map(({ name, text }) => name + text)).toEqual(["a", "b2"]);
  await runtime.until(first.leave());
  await runtime.run(100);
  given.abort();
  await runtime.until(watching);
  expect(told).toEqual(["present a ", "joined b 1", "changed b 2", "left a "]);
});

test("a member comes back after the end of its session, as another", async () => {
  const scene = await recipeScene(2);
  const { fleet, path } = scene;
  const { runtime } = fleet;
  const own = await runtime.until(clientOf(scene, 0).membership(path).join({ name: "a" }));
  const group = clientOf(scene, 1).membership(path);
  const told: string[] = [];
  void (async () => {
    for await (const { kind } of group.changes()) told.push(kind);
  })();
  await runtime.run(100);
  const [before] = await runtime.until(group.members());
  expireOwner(scene, own.path);
  await runtime.run(5_000);
  const [after] = await runtime.until(group.members());
  expect(after?.name).toBe("a");
  expect(after?.session).not.toBe(before?.session);
  expect(told).toEqual(["present", "left", "joined"]);
});

test("a name that is taken is waited for, and given up without a trace", async () => {
  const scene = await recipeScene(2);
  const { fleet, path } = scene;
  const { runtime } = fleet;
  const own = await runtime.until(clientOf(scene, 0).membership(path).join({ name: "a" }));
  const other = clientOf(scene, 1).membership(path);
  const refused = await runtime.until(codeOf(other.join({ name: "a", deadlineMs: 3_000 })));
  expect(refused).toBe("DEADLINE");
  await runtime.until(own.leave());
  await runtime.run(10_000);
  expect(await runtime.until(other.members())).toEqual([]);
  expect(await runtime.until(codeOf(other.join({ name: "a/b" })))).toBe("BAD_PATH");
  expect(await runtime.until(codeOf(clientOf(scene, 0).membership("/shared/g").join()))).toBe(
    "UNSUPPORTED",
  );
});

test.each(Array.from({ length: 10 }, (_, n) => n + 1))(
  "after all faults and ends of sessions of seed %i every member is there once",
  async (seed) => {
    const fleet = new FakeFleet(seed);
    const { runtime } = fleet;
    fleet.cluster("global").seed("/locks");
    const disturbance = new Disturbance(fleet, 0.3);
    const names = ["a", "b", "c", "d"];
    for (const name of names) {
      const client = await fleet.client({ sessionTimeoutMs: 8_000, strictDeadlineMs: 2_000 });
      await runtime.until(client.membership("/locks/g").join({ name, data: name }));
    }
    for (let n = 0; n < 30; n += 1) {
      disturbance.strike();
      await runtime.run(runtime.random() * 3_000);
    }
    disturbance.heal();
    await runtime.run(60_000);
    const client = await fleet.client();
    const members = await runtime.until(client.membership("/locks/g").members());
    expect(
      members.map(({ name, text }) => [name, text]),
      `seed ${seed}`,
    ).toEqual(names.map((name) => [name, name]));
    // Each lives in the session of its client: none is the relic of an earlier one.
    await runtime.run(60_000);
    const later = await runtime.until(client.membership("/locks/g").members());
    expect(later.map(({ session }) => session)).toEqual(members.map(({ session }) => session));
    expect(disturbance.counts.get("expire"), `seed ${seed}`).toBeGreaterThan(2);
  },
);
