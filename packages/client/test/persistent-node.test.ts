import { expect, test } from "vitest";
import { breakStreams, clientOf, expireOwner, recipeScene } from "./recipe-scene.ts";
import { codeOf, isGlobal } from "./scene.ts";

type Scene = Awaited<ReturnType<typeof recipeScene>>;

function nodeAt({ fleet, cluster }: Scene, path: string): { text: string; owner: number } {
  const node = fleet.cluster(cluster).nodes.get(path);
  const owner = node?.stat.ephemeralOwner ?? -1;
  return { text: Buffer.from(node?.data ?? []).toString(), owner };
}

test.each(["/locks", "/regions/us-west"] as const)(
  "below %s the node is there, holds what it is given, and goes when it is let go",
  async (prefix) => {
    const scene = await recipeScene(1, prefix);
    const { fleet, path } = scene;
    const node = clientOf(scene, 0).persistentNode(path, "one");
    await fleet.runtime.until(node.ready);
    expect(nodeAt(scene, path)).toEqual({ text: "one", owner: node.sessionId });
    await fleet.runtime.until(node.setData("two"));
    expect(nodeAt(scene, path).text).toBe("two");
    await fleet.runtime.until(node.close());
    expect(nodeAt(scene, path).owner).toBe(-1);
    expect(await fleet.runtime.until(codeOf(node.setData("three")))).toBe("SESSION_EXPIRED");
  },
);

test("it comes back after the end of its session, with its data, in the next one", async () => {
  const scene = await recipeScene(1);
  const { fleet, path } = scene;
  const client = clientOf(scene, 0);
  const node = client.persistentNode(path, "one");
  await fleet.runtime.until(node.ready);
  await fleet.runtime.until(node.setData("two"));
  const lock = await fleet.runtime.until(client.lock("/locks/other").acquire());
  const before = node.sessionId;
  const seen: boolean[] = [];
  node.onPresence((isPresent) => seen.push(isPresent));
  expireOwner(scene, path);
  await fleet.runtime.run(5_000);
  expect(nodeAt(scene, path)).toEqual({ text: "two", owner: node.sessionId });
  expect(node.sessionId).not.toBe(before);
  expect(seen).toEqual([false, true]);
  expect(lock.isHeld).toBe(true); // the caller's own session is another one
});

test("it comes back when somebody deletes it", async () => {
  const scene = await recipeScene(2);
  const { fleet, path } = scene;
  const node = clientOf(scene, 0).persistentNode(path, "one");
  await fleet.runtime.until(node.ready);
  await fleet.runtime.until(clientOf(scene, 1).delete(path));
  await fleet.runtime.run(1_000);
  expect(nodeAt(scene, path)).toEqual({ text: "one", owner: node.sessionId });
});

test("a node of another session is waited for and never deleted", async () => {
  const scene = await recipeScene(2);
  const { fleet, path } = scene;
  const first = clientOf(scene, 0).persistentNode(path, "first");
  await fleet.runtime.until(first.ready);
  const second = clientOf(scene, 1).persistentNode(path, "second");
  await fleet.runtime.run(30_000);
  expect(nodeAt(scene, path).text).toBe("first");
  await fleet.runtime.until(second.close());
  expect(nodeAt(scene, path).text).toBe("first");
  const third = clientOf(scene, 1).persistentNode(path, "third");
  await fleet.runtime.run(1_000);
  await fleet.runtime.until(first.close());
  await fleet.runtime.until(third.ready);
  expect(nodeAt(scene, path).text).toBe("third");
});

test("what it left in an earlier session is not deleted, nor taken for its own", async () => {
  const scene = await recipeScene(1);
  const { fleet, path } = scene;
  const node = clientOf(scene, 0).persistentNode(path, "one");
  await fleet.runtime.until(node.ready);
  const before = node.sessionId;
  // The client calls its session expired while the servers still keep it, and its node.
  for (const server of fleet.select(isGlobal)) server.isSilent = true;
  await fleet.runtime.run(30_000);
  for (const server of fleet.select(isGlobal)) server.isSilent = false;
  await fleet.runtime.run(10_000);
  expect(nodeAt(scene, path).owner).toBe(before);
  expect(node.isPresent).toBe(false);
  fleet.cluster("global").expire(before);
  await fleet.runtime.run(5_000);
  expect(nodeAt(scene, path).owner).toBe(node.sessionId);
  expect(node.sessionId).not.toBe(before);
});

test.each(["ephemeral", "ephemeral-sequential", "persistent", "persistent-sequential"] as const)(
  "lost answers leave one node of mode %s",
  async (mode) => {
    const scene = await recipeScene(1);
    const { fleet, path } = scene;
    let drops = 1;
    for (const server of fleet.select(isGlobal)) {
      server.script = (request) => {
        if (request.create === undefined || drops === 0) return undefined;
        drops -= 1;
        const session = server.lastSession;
        fleet.cluster("global").apply(session, request.sequence, request);
        return "drop";
      };
    }
    const node = clientOf(scene, 0).persistentNode(`${path}/n`, "one", { mode });
    await fleet.runtime.run(30_000);
    breakStreams(scene);
    await fleet.runtime.until(node.ready);
    const nodes = [...fleet.cluster("global").nodes.keys()];
    expect(nodes.filter((each) => each.startsWith(`${path}/`))).toEqual([node.path]);
  },
);

test("a global failover does not end it", async () => {
  const scene = await recipeScene(1);
  const { fleet, path } = scene;
  const node = clientOf(scene, 0).persistentNode(path, "one");
  await fleet.runtime.until(node.ready);
  fleet.cluster("global").leader = "global-eu-central-1";
  for (const server of fleet.select(({ place }) => place.region === "us-east")) server.kill();
  await fleet.runtime.until(node.setData("two"));
  expect(nodeAt(scene, path)).toEqual({ text: "two", owner: node.sessionId });
});

test("data set while the node cannot be reached is stored later, the last of it", async () => {
  const scene = await recipeScene(1);
  const { fleet, path } = scene;
  const node = clientOf(scene, 0).persistentNode(path, "0");
  await fleet.runtime.until(node.ready);
  fleet.cluster("global").isStuck = true;
  const sets = [1, 2, 3].map((n) => codeOf(node.setData(String(n), { deadlineMs: 5_000 })));
  expect(await fleet.runtime.until(Promise.all(sets))).toEqual([
    "DEADLINE",
    "DEADLINE",
    "DEADLINE",
  ]);
  fleet.cluster("global").isStuck = false;
  await fleet.runtime.run(10_000);
  expect(nodeAt(scene, path).text).toBe("3");
});

test("a node that is to stay is left there", async () => {
  const scene = await recipeScene(1);
  const { fleet, path } = scene;
  const given = new AbortController();
  const { signal } = given;
  const node = clientOf(scene, 0).persistentNode(path, "one", { mode: "persistent", signal });
  await fleet.runtime.until(node.ready);
  given.abort();
  await fleet.runtime.until(node.close());
  expect(nodeAt(scene, path)).toEqual({ text: "one", owner: 0 });
});

test("there are none in eventual zones", async () => {
  const scene = await recipeScene(1);
  expect(() => clientOf(scene, 0).persistentNode("/shared/x")).toThrow("UNSUPPORTED");
});

test("the end of the client ends it", async () => {
  const scene = await recipeScene(1);
  const { fleet, path } = scene;
  const node = clientOf(scene, 0).persistentNode(path, "one");
  await fleet.runtime.until(node.ready);
  await fleet.runtime.until(clientOf(scene, 0).close());
  await fleet.runtime.run(60_000);
  expect(nodeAt(scene, path).owner).toBe(-1);
  await fleet.runtime.until(node.close());
  expect(fleet.runtime.pending).toBe(0);
});
