import type { Position } from "@meridian/tree";
import { Consistency, EventKind, errorCodeName, WatchKind } from "@meridian/wire";
import { expect, test, vi } from "vitest";
import { codeOf, Scene, SessionClient } from "./harness/index.ts";

vi.setConfig({ testTimeout: 60_000 });

const plan = { cluster: "us-west", voters: 3, observers: 1 };
const root = "/regions/us-west";
const recursive = WatchKind.PERSISTENT_RECURSIVE;

async function started(seed: number, limits = {}) {
  const scene = new Scene(seed, [plan]);
  const group = await scene.group(plan, { limits });
  const leader = await group.led();
  const writer = new SessionClient(scene, "writer", 7, 60_000);
  await writer.open(leader.place.node);
  await scene.answered(writer.create(`${root}/w`));
  return { scene, group, leader, writer };
}

/** A watcher that moves from node to node and resumes from the positions that it was told. */
class Wanderer {
  readonly client: SessionClient;
  readonly reached = new Map<string, Position>();
  readonly seen: string[] = [];
  #taken = 0;

  constructor(scene: Scene, name: string) {
    this.client = new SessionClient(scene, name, 0);
  }

  move(node: string, path: string, kind: number = recursive): void {
    this.take();
    this.client.connect(node);
    this.client.ask({ watch: { path, kind, withData: true, from: [...this.reached.values()] } });
  }

  /** Notes what has come. */
  take(): void {
    const { events } = this.client;
    for (const { events: list, positions } of events.slice(this.#taken)) {
      for (const { kind, path, data } of list) {
        this.seen.push(`${kindName(kind)} ${path} ${Buffer.from(data).toString()}`.trim());
      }
      for (const position of positions) {
        const known = this.reached.get(position.cluster);
        if ((known?.index ?? 0) < position.index) this.reached.set(position.cluster, position);
      }
    }
    this.#taken = events.length;
  }
}

function kindName(kind: number): string {
  if (kind === EventKind.CREATED) return "created";
  if (kind === EventKind.CHANGED) return "changed";
  return kind === EventKind.DELETED ? "deleted" : "children";
}

for (const seed of [1, 2, 3]) {
  test(`a watch that wanders over lagging members has no gap (${seed})`, async () => {
    const { scene, group, leader, writer } = await started(seed);
    const wanderer = new Wanderer(scene, "wanderer");
    const expected: string[] = [];
    // Members are behind by different times.
    for (const { place } of group.followers) {
      const delayMs = Math.floor(scene.random() * 150);
      scene.network.setLink(leader.place.node, place.node, { delayMs });
    }
    wanderer.move(leader.place.node, `${root}/w`);
    await scene.run(20);
    for (let round = 0; round < 300; round += 1) {
      const value = String(round);
      if (round % 3 === 0) {
        writer.create(`${root}/w/n${round}`, value);
        expected.push(`created ${root}/w/n${round} ${value}`);
      } else {
        writer.set(`${root}/w`, value);
        expected.push(`changed ${root}/w ${value}`);
      }
      await scene.run(Math.floor(scene.random() * 12));
      if (round % 2 === 0) {
        const names = group.names;
        wanderer.move(names[Math.floor(scene.random() * names.length)] ?? "", `${root}/w`);
      }
    }
    await scene.run(3_000);
    wanderer.take();
    expect(wanderer.seen).toEqual(expected);
  });
}

test("a watch survives the death of its member and of its leader", async () => {
  const { scene, group, leader, writer } = await started(4);
  const wanderer = new Wanderer(scene, "wanderer");
  const home = group.names.at(-1) ?? "";
  wanderer.move(home, `${root}/w`);
  await scene.run(100);
  await scene.answered(writer.set(`${root}/w`, "1"));
  group.crash(home);
  await scene.answered(writer.set(`${root}/w`, "2"));
  group.crash(leader.place.node);
  const next = await group.led();
  writer.connect(next.place.node);
  await scene.answered(writer.set(`${root}/w`, "3"));
  wanderer.move(next.place.node, `${root}/w`);
  await scene.run(100);
  wanderer.take();
  expect(wanderer.seen).toEqual([1, 2, 3].map((value) => `changed ${root}/w ${value}`));
});

test("a position that is no longer kept is refused, not passed over", async () => {
  const { scene, group, leader, writer } = await started(5, {
    snapshotEntries: 50,
    keptEntries: 5,
  });
  const wanderer = new Wanderer(scene, "wanderer");
  const behind = group.names.at(-1) ?? "";
  wanderer.move(leader.place.node, `${root}/w`);
  await scene.run(100);
  wanderer.take();
  group.crash(behind);
  const set = { set: { path: `${root}/w`, data: Buffer.from("x"), version: -1 } };
  for (let round = 0; round < 4; round += 1) {
    await scene.answered(...writer.writeAll(Array.from({ length: 50 }, () => set)));
  }
  await group.boot(behind);
  await group.level();
  wanderer.client.connect(behind);
  const from = [...wanderer.reached.values()];
  const watch = wanderer.client.ask({ watch: { path: `${root}/w`, kind: recursive, from } });
  await scene.answered(watch);
  expect(codeOf(watch)).toBe("COMPACTED");
});

test("who has seen nothing of a cluster cannot resume past its beginning", async () => {
  const { scene, leader } = await started(6);
  const client = new SessionClient(scene, "client", 0);
  await client.open(leader.place.node);
  const from = [{ cluster: "eu-west", incarnation: 1, index: 5 }];
  const mine = client.ask({ watch: { path: `${root}/w`, kind: recursive, from } });
  const all = client.ask({ watch: { path: "/", kind: recursive, from } });
  const others = client.ask({ watch: { path: "/regions/eu-west", kind: recursive, from } });
  await scene.answered(mine, all, others);
  expect([mine, all, others].map(codeOf)).toEqual(["COMPACTED", "COMPACTED", ""]);
});

test("a watch that starts now does not report what its caller has seen before", async () => {
  const { scene, group, leader, writer } = await started(7);
  const behind = group.names.at(-1) ?? "";
  const client = new SessionClient(scene, "client", 0);
  await client.open(behind);
  scene.network.setLink(leader.place.node, behind, { delayMs: 300 });
  const old = writer.set(`${root}/w`, "old");
  await scene.answered(old);
  const after = [{ cluster: "us-west", incarnation: 1, index: old.response?.index ?? 0 }];
  const watch = client.ask({
    watch: { path: `${root}/w`, kind: recursive, withData: true },
    after,
  });
  await scene.answered(watch);
  await scene.answered(writer.set(`${root}/w`, "new"));
  await scene.run(1_000);
  const data = client.events.flatMap(({ events }) =>
    events.map((event) => Buffer.from(event.data).toString()),
  );
  expect(data).toEqual(["new"]);
});

test("one-shot watches fire once and take no room afterwards", async () => {
  const { scene, leader, writer } = await started(8);
  const client = new SessionClient(scene, "client", 0);
  await client.open(leader.place.node);
  for (let round = 0; round < 12; round += 1) {
    const watches = Array.from({ length: 1_000 }, () =>
      client.ask({ watch: { path: `${root}/w`, kind: WatchKind.DATA } }),
    );
    await scene.answered(...watches);
    await scene.answered(writer.set(`${root}/w`, String(round)));
    await scene.run(20);
    expect(watches.map(codeOf).filter((code) => code !== "")).toEqual([]);
  }
  const fired = client.events.filter(({ events }) => events.length > 0);
  expect(fired).toHaveLength(12_000);
  expect(leader.sessions.watches.size).toBe(0);
});

test("each kind of watch reports what ZooKeeper's does", async () => {
  const { scene, leader, writer } = await started(9);
  const kinds = ["DATA", "CHILD", "EXISTS", "PERSISTENT", "PERSISTENT_RECURSIVE"] as const;
  const reports = new Map<string, string[]>();
  const clients = kinds.map((kind) => {
    const client = new SessionClient(scene, kind, 0);
    return { kind, client };
  });
  for (const { kind, client } of clients) {
    await client.open(leader.place.node);
    await scene.answered(client.ask({ watch: { path: `${root}/w`, kind: WatchKind[kind] } }));
  }
  const child = writer.create(`${root}/w/c`);
  const grandchild = writer.create(`${root}/w/c/g`);
  const set = writer.set(`${root}/w`, "1");
  await scene.answered(child, grandchild, set);
  await scene.run(20);
  for (const { kind, client } of clients) {
    const events = client.events.flatMap((list) => list.events);
    reports.set(
      kind,
      events.map((event) => `${kindName(event.kind)} ${event.path.slice(root.length)}`),
    );
  }
  expect(Object.fromEntries(reports)).toEqual({
    DATA: ["changed /w"],
    CHILD: ["children /w"],
    EXISTS: ["changed /w"],
    PERSISTENT: ["children /w", "changed /w"],
    PERSISTENT_RECURSIVE: ["created /w/c", "created /w/c/g", "changed /w"],
  });
});

test("a watch behind a write of a session that left is not registered for ever", async () => {
  const { scene, group, leader } = await started(10);
  const client = new SessionClient(scene, "client", 9, 60_000);
  await client.open(leader.place.node);
  const [first, second] = group.followers.map(({ place }) => place.node);
  group.crash(first ?? "");
  group.crash(second ?? "");
  group.crash(group.names.at(-1) ?? "");
  client.set(`${root}/w`, "1");
  client.ask({ watch: { path: `${root}/w`, kind: recursive } });
  await scene.run(10);
  client.hangUp();
  await scene.run(10);
  await group.boot(first ?? "");
  await scene.run(10_000);
  expect(leader.sessions.watches.size).toBe(0);
});

test("unary watches end with a snapshot of their member, and when it stops", async () => {
  const { scene, group, writer } = await started(11, { snapshotEntries: 50, keptEntries: 5 });
  const behind = group.names.at(-1) ?? "";
  const codes: string[] = [];
  const watch = (): void => {
    const member = group.member(behind);
    const handler = member.sessions.watch(
      { path: `${root}/w`, kind: recursive, from: [], withData: false },
      {
        send: () => {},
        bufferedBytes: 0,
        close: (error) => {
          codes.push(error instanceof Error && "code" in error ? String(error.code) : "");
          handler.onClose(undefined);
        },
      },
    );
  };
  watch();
  expect(group.member(behind).sessions.watches.size).toBe(1);
  const { leader } = group;
  scene.network.setLink(leader?.place.node ?? "", behind, { delayMs: 900 });
  const set = { set: { path: `${root}/w`, data: Buffer.from("x"), version: -1 } };
  for (let count = 0; count < 700; count += 1) {
    writer.writeAll([set, set]);
    await scene.run(1);
  }
  scene.network.setLink(leader?.place.node ?? "", behind, { delayMs: 1 });
  await scene.until("the watch is ended", () => codes.length > 0);
  expect(codes).toEqual(["NOT_LEADER"]);
  watch();
  await group.stop(behind);
  expect(codes).toEqual(["NOT_LEADER", "NOT_LEADER"]);
});

test("a unary one-shot watch ends with its event", async () => {
  const { scene, group, leader, writer } = await started(12);
  let closed = 0;
  const kind = WatchKind.EXISTS;
  const handler = leader.sessions.watch(
    { path: `${root}/w`, kind, from: [], withData: false },
    { send: () => {}, bufferedBytes: 0, close: () => (closed += 1) },
  );
  await scene.answered(writer.set(`${root}/w`, "1"));
  handler.onClose(undefined);
  expect(closed).toBe(1);
  expect(group.leader?.sessions.connections).toBe(1);
});

test("a kind of watch that this version does not know is refused", async () => {
  const { scene, leader } = await started(13);
  const client = new SessionClient(scene, "client", 0);
  await client.open(leader.place.node);
  const watch = client.ask({ watch: { path: `${root}/w`, kind: 77 } });
  await scene.answered(watch);
  expect(codeOf(watch)).toBe("UNSUPPORTED");
  expect(errorCodeName(watch.response?.error?.code ?? 0)).toBe("UNSUPPORTED");
});

test("a session with many watches hears now and then how far its node is", async () => {
  const { scene, leader } = await started(14);
  const client = new SessionClient(scene, "client", 0);
  await client.open(leader.place.node);
  await scene.answered(client.ask({ watch: { path: `${root}/w`, kind: recursive } }));
  const read = client.get(root, Consistency.STRICT);
  await scene.answered(read);
  await scene.run(11_000);
  expect(client.events.length).toBeGreaterThanOrEqual(3);
});
