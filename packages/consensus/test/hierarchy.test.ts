import { expect, test } from "vitest";
import type { Configuration, NodeId, Timing } from "../src/index.ts";
import { Group } from "./support/group.ts";

const names = (prefix: string, count: number): NodeId[] =>
  Array.from({ length: count }, (_, at) => `${prefix}${at + 1}`);

const configuration: Configuration = {
  groups: [
    { name: "primary", voters: names("p", 5), weight: 1 },
    { name: "secondary", voters: names("s", 5), weight: 1 },
    { name: "witness", voters: names("w", 3), weight: 1 },
  ],
  learners: [],
  witnesses: names("w", 3),
  outgoingGroups: [],
  autoLeave: false,
};

/** The primary is the least patient; a witness is the last to campaign. */
function timing(id: NodeId): Timing {
  const electionTicks = { p: 10, s: 20, w: 30 }[id[0]!]!;
  return { electionTicks, electionJitterTicks: 5, heartbeatTicks: 2, leaseTicks: 10 };
}

function idOf(group: Group): NodeId | undefined {
  return group.leader?.raft.status().id;
}

function start(seed: number): Group {
  const group = new Group(configuration, timing, seed);
  group.elect(100);
  group.beat(20);
  return group;
}

/** Links between members whose names begin with these letters, both ways. */
function cut(group: Group, one: string, other: string): void {
  for (const from of group.members.keys()) {
    for (const to of group.members.keys()) {
      if (!one.includes(from[0]!) || !other.includes(to[0]!)) continue;
      group.cut.add(`${from}>${to}`);
      group.cut.add(`${to}>${from}`);
    }
  }
}

test("the primary group leads, also when its leader has crashed, and soon", () => {
  for (let seed = 0; seed < 20; seed++) {
    const group = start(seed);
    const first = idOf(group)!;
    expect(first[0], `seed ${seed}`).toBe("p");
    group.members.get(first)!.crash(0);
    expect(group.commits(60), `seed ${seed}`).toBe(true);
    expect(idOf(group)![0], `seed ${seed}`).toBe("p");
  }
});

test("when the primary region dies a secondary leads and commits soon", () => {
  for (let seed = 0; seed < 20; seed++) {
    const group = start(seed);
    for (const id of names("p", 5)) group.members.get(id)!.crash(0);
    expect(group.commits(100), `seed ${seed}`).toBe(true);
    expect(idOf(group)![0], `seed ${seed}`).toBe("s");
  }
});

test("when the secondary region, or the witnesses, die the primary goes on", () => {
  for (const lost of [names("s", 5), names("w", 3)]) {
    const group = start(4);
    const { id, term } = group.leader!.raft.status();
    for (const other of lost) group.members.get(other)!.crash(0);
    expect(group.commits(30)).toBe(true);
    group.beat(200);
    expect(group.leader!.raft.status()).toMatchObject({ id, term });
  }
});

test("a primary that is cut off stops leading within a lease, and follows later", () => {
  const group = start(5);
  const old = group.leader!;
  cut(group, "p", "sw");
  group.beat(10);
  expect(old.raft.status().role).toBe("follower");
  group.beat(100);
  expect(idOf(group)![0]).toBe("s");
  const { id, term } = group.leader!.raft.status();
  group.cut.clear();
  group.beat(100);
  expect(group.leader!.raft.status()).toMatchObject({ id, term });
});

test("a cut between primary and secondary alone changes nothing", () => {
  for (let seed = 0; seed < 10; seed++) {
    const group = start(seed);
    const { id, term } = group.leader!.raft.status();
    cut(group, "p", "s");
    expect(group.commits(30)).toBe(true);
    group.beat(500);
    expect(group.leader!.raft.status(), `seed ${seed}`).toMatchObject({ id, term });
  }
});

test("two groups without a majority of a third do not lead against each other", () => {
  const group = start(6);
  cut(group, "p", "sw");
  cut(group, "s", "w");
  group.beat(300);
  for (const member of group.members.values()) {
    expect(member.raft.status().role).not.toBe("leader");
  }
});

test("what only witnesses have got reaches the secondary through one that leads", () => {
  for (let seed = 0; seed < 20; seed++) {
    const group = start(seed);
    cut(group, "p", "s");
    const before = group.leader!.raft.status().commitIndex;
    expect(group.commits(30)).toBe(true);
    for (const id of names("p", 5)) group.members.get(id)!.crash(0);
    group.members.get("w2")!.crash(0);
    group.beat(150);
    expect(idOf(group)![0], `seed ${seed}`).toBe("s");
    expect([...group.leaders.values()].flatMap((ids) => [...ids]).some((id) => id[0] === "w")).toBe(
      true,
    );
    const commands = group.applied.get(idOf(group)!)!.filter((entry) => entry.kind === "command");
    expect(commands.at(-1)!.index).toBeGreaterThan(before);
  }
});

test("everything that is committed and on full members is safe for witnesses to forget", () => {
  const group = start(7);
  group.beat(20);
  const leader = group.leader!.raft;
  expect(leader.status().safeIndex).toBe(leader.status().commitIndex);
  cut(group, "p", "s");
  const before = leader.status().safeIndex;
  expect(group.commits(30)).toBe(true);
  expect(leader.status().commitIndex).toBeGreaterThan(before);
  expect(leader.status().safeIndex).toBe(before);
  expect(group.members.get("s1")!.raft.status().safeIndex).toBe(0);
});
