import type { Meridian, RawSession, Settle } from "@meridian/client";
import { globalPlan, type GroupPlan, randomOf } from "@meridian/replica/harness";
import { Consistency } from "@meridian/wire";
import type { Ground } from "./ground.ts";
import { overPeerSocket, overSocket } from "./socket.ts";
import { Stage } from "./stage.ts";

/** A fixed workload: the same operations in the same order in every run. */
export interface Case {
  readonly name: string;
  /** What one operation is. */
  readonly operation: string;
  /** Measured operations. */
  readonly operations: number;
  /** Begins it; the result does so many operations and resolves when they are answered. */
  readonly start: () => Promise<Work>;
}

/** A workload that has begun. */
export interface Work {
  readonly ground: Ground;
  readonly run: (operations: number) => Promise<void>;
}

/** One operation; settled once. */
type Issue = (place: number, settle: Settle) => void;

const region = "us-west";
const home: GroupPlan = { cluster: region, voters: 3 };
const second: GroupPlan = { cluster: "eu-west", voters: 3 };
const third: GroupPlan = { cluster: "ap-south", voters: 3 };
const keys = 100;
const root = `/regions/${region}/k`;
/** Hexadecimal digits: not all of them can be saved by packing. */
const values: readonly Uint8Array[] = Array.from({ length: keys }, (_, key) => {
  const random = randomOf(key);
  return Buffer.from(
    Array.from({ length: 256 }, () => "0123456789abcdef"[(random() * 16) | 0]).join(""),
  );
});
const paths: readonly string[] = Array.from({ length: keys }, (_, key) => `${root}/${key}`);

/** All workloads, by what people do most and what must stay cheap. */
export const cases: readonly Case[] = [
  {
    name: "write, one at a time",
    operation: "a write of 256 bytes at the leader",
    operations: 150,
    start: () => sessions({ at: ["leader"], outstanding: 1, issue: setting }),
  },
  {
    name: "write, 100 outstanding",
    operation: "a write of 256 bytes at the leader",
    operations: 1_000,
    start: () => sessions({ at: ["leader"], outstanding: 100, issue: setting }),
  },
  {
    name: "write, 30 connections",
    operation: "a write of 256 bytes at a leader or a follower",
    operations: 600,
    start: () =>
      sessions({
        at: Array.from({ length: 30 }, (_, place) => (place % 3 === 0 ? "leader" : "follower")),
        outstanding: 30,
        issue: setting,
      }),
  },
  {
    name: "write by promises",
    operation: "client.set at the leader, 50 outstanding",
    operations: 500,
    start: promised,
  },
  {
    name: "read at a follower",
    operation: "a regional read, 100 outstanding",
    operations: 1_000,
    start: () => sessions({ at: ["follower"], outstanding: 100, issue: getting("REGIONAL") }),
  },
  {
    name: "strict read",
    operation: "a read by read index at a follower, 100 outstanding",
    operations: 1_000,
    start: () => sessions({ at: ["follower"], outstanding: 100, issue: getting("STRICT") }),
  },
  {
    name: "watch",
    operation: "a change of which 100 watchers on ten connections are told",
    operations: 20,
    start: fanOut,
  },
  {
    name: "regions",
    operation: "a write that two other regions take over, 40 ms away",
    operations: 300,
    start: replicated,
  },
  {
    name: "global",
    operation: "a write to a cluster of 3 and 3 voters and a witness in three regions",
    operations: 200,
    start: strict,
  },
  {
    name: "frames over gRPC",
    operation: "a frame with a request of 256 bytes and one with its answer, over a socket",
    operations: 200,
    start: overSocket,
  },
  {
    name: "peers over gRPC",
    operation: "a frame with an entry of 256 bytes to another member, over a socket",
    operations: 200,
    start: overPeerSocket,
  },
  {
    name: "at rest",
    operation: "a second of two regions with ten sessions in which nobody asks for anything",
    operations: 10,
    start: resting,
  },
];

function pathOf(place: number): string {
  return paths[place % keys] ?? "";
}

/** Other data at the next round over all keys. */
function valueOf(place: number): Uint8Array {
  return values[(place + Math.floor(place / keys)) % keys] ?? new Uint8Array(0);
}

function setting(session: RawSession): Issue {
  return (place, settle) => session.set(pathOf(place), valueOf(place), settle);
}

function getting(consistency: "REGIONAL" | "STRICT"): (session: RawSession) => Issue {
  return (session) => (place, settle) => {
    session.get(pathOf(place), Consistency[consistency], settle);
  };
}

interface SessionsPlan {
  /** Where each session is. */
  readonly at: readonly ("leader" | "follower")[];
  readonly outstanding: number;
  readonly issue: (session: RawSession) => Issue;
}

/** Sessions that together keep so many operations outstanding. */
async function sessions({ at, outstanding, issue }: SessionsPlan): Promise<Work> {
  const { stage, session } = await seeded();
  const group = stage.group(0);
  const nodes = stage.nodes(group);
  const issues: Issue[] = [];
  for (const [place, where] of at.entries()) {
    const own = place === 0 && where === "leader";
    issues.push(issue(own ? session : await stage.session(`c${place}`, group, nodes[where])));
  }
  const run = (count: number): Promise<void> =>
    closedLoop(stage, count, outstanding, (place, settle) =>
      issues[place % issues.length]?.(place, settle),
    );
  return { ground: stage, run };
}

/** One region with all keys in it, and the session that made them. */
async function seeded(): Promise<{ stage: Stage; session: RawSession }> {
  const stage = await Stage.start([home]);
  const group = stage.group(0);
  const session = await stage.session("seeding", group, stage.nodes(group).leader);
  const all = [root, ...paths];
  await closedLoop(stage, all.length, 10, (place, settle) =>
    session.create(all[place] ?? "", valueOf(place), 0, settle),
  );
  return { stage, session };
}

/** Does operations, so many at the same time, each begun when another one has ended. */
async function closedLoop(
  { scene }: Stage,
  count: number,
  outstanding: number,
  issue: Issue,
): Promise<void> {
  let begun = 0;
  let ended = 0;
  let failed: Error | undefined;
  const next = (): void => {
    const place = begun;
    begun += 1;
    issue(place, (error) => {
      ended += 1;
      failed ??= error;
      if (begun < count) next();
    });
  };
  while (begun < Math.min(count, outstanding)) next();
  await scene.until(`${count} operations are done`, () => ended === count, 600_000);
  if (failed !== undefined) throw failed;
}

async function promised(): Promise<Work> {
  const { stage } = await seeded();
  const group = stage.group(0);
  const client = await stage.client("promising", stage.nodes(group).leader);
  const run = (count: number): Promise<void> =>
    closedLoop(stage, count, 50, (place, settle) => {
      client.set(pathOf(place), valueOf(place)).then(
        () => settle(undefined, undefined, undefined),
        (error: unknown) => settle(error as Parameters<Settle>[0], undefined, undefined),
      );
    });
  return { ground: stage, run };
}

async function fanOut(): Promise<Work> {
  const { stage, session } = await seeded();
  const group = stage.group(0);
  const { follower } = stage.nodes(group);
  let told = 0;
  for (let place = 0; place < 10; place += 1) {
    const client = await stage.client(`w${place}`, follower);
    for (let count = 0; count < 10; count += 1) {
      await stage.scene.clock.settled(watch(client, () => (told += 1)));
    }
  }
  const run = async (count: number): Promise<void> => {
    const wanted = told + count * 100;
    await closedLoop(stage, count, 1, setting(session));
    await stage.scene.until("all watchers are told", () => told >= wanted);
  };
  return { ground: stage, run };
}

/** Watches everything below the root. */
async function watch(client: Meridian, onEvent: () => void): Promise<void> {
  const events = client.watch(root, { recursive: true });
  await events.ready;
  void (async () => {
    for await (const _ of events) onEvent();
  })();
}

async function replicated(): Promise<Work> {
  const stage = await Stage.start([home, second, third]);
  const [owner, ...others] = stage.groups;
  if (owner === undefined) throw new Error("there is no region");
  const session = await stage.session("writing", owner, stage.nodes(owner).leader);
  let version = 0;
  await closedLoop(stage, 1, 1, (place, settle) => session.create(root, valueOf(place), 0, settle));
  const run = async (count: number): Promise<void> => {
    version += count;
    const issue: Issue = (place, settle) => session.set(root, valueOf(place), settle);
    await closedLoop(stage, count, 50, issue);
    const members = others.flatMap((group) => group.members);
    await stage.scene.until("all regions have everything", () =>
      members.every(({ tree }) => tree.get(root)?.stat.version === version),
    );
  };
  return { ground: stage, run };
}

async function strict(): Promise<Work> {
  const stage = await Stage.start([globalPlan]);
  const group = stage.group(0);
  const session = await stage.session("writing", group, stage.nodes(group).leader);
  const path = "/global/k";
  await closedLoop(stage, 1, 1, (place, settle) => session.create(path, valueOf(place), 0, settle));
  const run = async (count: number): Promise<void> => {
    await closedLoop(stage, count, 50, (place, settle) =>
      session.set(path, valueOf(place), settle),
    );
    await group.level();
  };
  return { ground: stage, run };
}

async function resting(): Promise<Work> {
  const stage = await Stage.start([home, second]);
  for (let place = 0; place < 10; place += 1) {
    const group = stage.group(place % 2);
    const session = await stage.session(`c${place}`, group, stage.nodes(group).follower);
    const own = `/regions/${group.plan.cluster}/c${place}`;
    await closedLoop(stage, 1, 1, (at, settle) => session.create(own, valueOf(at), 0, settle));
  }
  return { ground: stage, run: (seconds) => stage.scene.run(seconds * 1_000) };
}
