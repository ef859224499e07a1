import { CreateMode } from "@meridian/wire";
import { expect, test, vi } from "vitest";
import { codeOf, type Group, Scene, SessionClient } from "./harness/index.ts";

vi.setConfig({ testTimeout: 60_000 });

const plan = { cluster: "global", voters: 3 };
const tablePath = "/meridian/quotas";

/** A group whose `/global/a` may hold some nodes, and a session at one of its members. */
async function bounded(seed: number, nodesMax: number, at: "leader" | "follower" = "leader") {
  const scene = new Scene(seed, [plan]);
  const group = await scene.group(plan);
  const { node } = (await group.led()).place;
  const [follower = ""] = group.followers.map(({ place }) => place.node);
  const client = new SessionClient(scene, "client", 7);
  await client.open(at === "leader" ? node : follower);
  const table = JSON.stringify([{ path: "/global/a", nodesMax }]);
  const made = [client.create(tablePath, table), client.create("/global/a")];
  await scene.answered(...made);
  expect(made.map(codeOf)).toEqual(["", ""]);
  return { scene, group, client, leader: node, follower };
}

const lastIndex = (group: Group): number => group.leader?.replica.status().lastIndex ?? 0;

test.each(["leader", "follower"] as const)(
  "a write beyond a quota is refused at the %s without an entry in the log",
  async (at) => {
    const { scene, group, client } = await bounded(1, 2, at);
    const fits = client.create("/global/a/1");
    await scene.answered(fits);
    const before = lastIndex(group);
    const refused = [client.create("/global/a/2"), client.create("/global/a/3")];
    const multi = client.write({
      multi: {
        operations: [{ create: { path: "/global/b" } }, { create: { path: "/global/a/4" } }],
      },
    });
    await scene.answered(...refused, multi);
    expect([...refused, multi].map(codeOf)).toEqual(
      Array.from({ length: 3 }, () => "QUOTA_EXCEEDED"),
    );
    expect(multi.response?.multi?.parts.map(({ outcome }) => outcome)).toEqual([2, 3]);
    expect(lastIndex(group)).toBe(before);
    expect(refused[0]?.response?.error?.message).toContain("2 nodes and 2 are there");
  },
);

test("a hundred writes at once beyond a quota are refused, and none enters the log", async () => {
  const { scene, group, client } = await bounded(2, 1, "follower");
  const before = lastIndex(group);
  const many = client.writeAll(
    Array.from({ length: 100 }, (_, at) => ({ create: { path: `/global/a/${at}` } })),
  );
  await scene.answered(...many);
  expect(new Set(many.map(codeOf))).toEqual(new Set(["QUOTA_EXCEEDED"]));
  expect(lastIndex(group)).toBe(before);
});

test("what a session frees counts for what it writes next, answered or not", async () => {
  for (const at of ["leader", "follower"] as const) {
    const { scene, client } = await bounded(3, 2, at);
    await scene.answered(client.create("/global/a/1"));
    const writes = client.writeAll([
      { create: { path: "/global/a/2" } },
      { delete: { path: "/global/a/1", version: -1 } },
      { create: { path: "/global/a/2" } },
      { create: { path: "/global/a/3" } },
      { delete: { path: "/global/a/2", version: -1 } },
      { create: { path: "/global/a/n", mode: CreateMode.PERSISTENT_SEQUENTIAL } },
    ]);
    await scene.answered(...writes);
    expect(writes.map(codeOf)).toEqual(["QUOTA_EXCEEDED", "", "", "QUOTA_EXCEEDED", "", ""]);
  }
});

test("room that was made elsewhere counts at a member that has not heard of it", async () => {
  const { scene, group, client, leader, follower } = await bounded(4, 2, "leader");
  const late = new SessionClient(scene, "late", 8);
  await late.open(follower);
  await scene.answered(client.create("/global/a/1"));
  await scene.until("the follower is at the quota", () => {
    return group.member(follower).tree.get("/global/a/1") !== undefined;
  });
  scene.link([leader], [follower], { delayMs: 300 });
  const gone = client.write({ delete: { path: "/global/a/1", version: -1 } });
  await scene.answered(gone);
  expect(group.member(follower).tree.get("/global/a/1")).toBeDefined();
  const made = late.create("/global/a/2");
  await scene.answered(made);
  expect(codeOf(made)).toBe("");
});

test("a read behind a refused write waits for all writes before it", async () => {
  const { scene, client } = await bounded(5, 2);
  const writes = [client.create("/global/a/1"), client.create("/global/a/2")];
  const read = client.ask({ children: { path: "/global/a" } });
  await scene.answered(...writes, read);
  expect(writes.map(codeOf)).toEqual(["", "QUOTA_EXCEEDED"]);
  expect(read.response?.children?.children.map(({ path }) => path)).toEqual(["1"]);
});

test("a write that may be on its way from another node is decided by the log alone", async () => {
  const { scene, group, client, leader, follower } = await bounded(6, 2, "follower");
  scene.isolate(follower);
  const lost = client.create("/global/a/1");
  await scene.run(50);
  scene.heal();
  client.connect(leader);
  await scene.answered(lost);
  expect(codeOf(lost)).toBe("");
  const before = lastIndex(group);
  const refused = client.create("/global/a/2");
  await scene.answered(refused);
  expect(codeOf(refused)).toBe("QUOTA_EXCEEDED");
  expect(lastIndex(group)).toBe(before + 1);
  client.connect(follower);
  await scene.until("the session is open again", () => client.isOpen);
  expect(lost.answers).toBe(1);
});

test("a write that took the last room gets its first answer when it comes again", async () => {
  const { scene, group, client, leader, follower } = await bounded(9, 2, "leader");
  const path = "/global/a/n-";
  scene.network.setLink(leader, "client", { cut: true });
  const lost = client.create(path, "", CreateMode.PERSISTENT_SEQUENTIAL);
  await scene.until("it is done everywhere", () => {
    return group.members.every(({ tree }) => tree.get(`${path}0000000000`) !== undefined);
  });
  expect(lost.answers).toBe(0);
  client.connect(follower);
  await scene.answered(lost);
  expect(lost.response?.node?.path).toBe(`${path}0000000000`);
});

test("without a session a write beyond a quota is refused without an entry too", async () => {
  const { scene, group, leader } = await bounded(7, 1);
  const before = lastIndex(group);
  const channel = scene.network.openChannel("client", leader);
  const refused = channel.execute({ create: { path: "/global/a/1" } });
  await expect(scene.clock.settled(refused)).rejects.toMatchObject({ code: "QUOTA_EXCEEDED" });
  const told = await scene.clock.settled(channel.quotas());
  expect(told).toMatchObject({
    cluster: "global",
    quotas: [{ path: "/global/a", nodesMax: 1, nodes: 1, bytes: 9, owner: "global" }],
  });
  expect(lastIndex(group)).toBe(before);
});

test("quotas and what is used of them survive snapshots and restarts", async () => {
  const scene = new Scene(8, [plan]);
  const limits = { snapshotEntries: 40, keptEntries: 5 };
  const group = await scene.group(plan, { limits });
  const { node } = (await group.led()).place;
  const client = new SessionClient(scene, "client", 7);
  await client.open(node);
  const table = JSON.stringify([{ path: "/global/a", nodesMax: 2 }]);
  await scene.answered(client.create(tablePath, table), client.create("/global/a"));
  const sets = Array.from({ length: 100 }, () => ({ set: { path: "/global/a", version: -1 } }));
  await scene.answered(...client.writeAll(sets));
  const [name = ""] = group.followers.map(({ place }) => place.node);
  group.crash(name);
  await group.boot(name);
  await scene.until("it is up to date", () => {
    return group.member(name).tree.quotas()[0]?.nodes === 1;
  });
  await group.level();
  expect(group.member(name).tree.digest()).toBe(group.leader?.tree.digest());
});
