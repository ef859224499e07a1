import { expect, test } from "vitest";
import type { Configuration, NodeId } from "../src/index.ts";
import { isJoint, majority } from "../src/index.ts";
import { bytes, codec, text } from "./support/codec.ts";
import { Group } from "./support/group.ts";
import type { Member } from "./support/member.ts";

const timing = { electionTicks: 10, electionJitterTicks: 10, heartbeatTicks: 2, leaseTicks: 10 };

/** What goes wrong in the middle: with whom, and how. */
type Interruption = (group: Group, from: Member, to: NodeId) => void;

const interruptions: Readonly<Record<string, Interruption>> = {
  nothing: () => undefined,
  "the leader crashes": (_group, from) => restart(from),
  "the other crashes": (group, _from, to) => restart(group.members.get(to)!),
  "the leader is cut off": (group, from) => group.isolate(from.raft.status().id),
  "the other is cut off": (group, _from, to) => group.isolate(to),
  "everybody crashes": (group) => group.members.forEach(restart),
};

function restart(member: Member): void {
  member.crash(0);
  member.start();
}

/** Whoever may be cut off comes back; then all must agree on a leader, and commit. */
function expectRecovery(group: Group, what: string): void {
  group.beat(15);
  group.cut.clear();
  expect(group.commits(200), `${what}`).toBe(true);
  group.beat(60);
  for (const [term, leaders] of group.leaders) expect(leaders.size, `${what}: ${term}`).toBe(1);
  const all = [...group.members.values()].map((member) => member.raft.status());
  expect(new Set(all.map((status) => status.leader)).size, `${what}`).toBe(1);
  expect(new Set(all.map((status) => status.commitIndex)).size, `${what}`).toBe(1);
  expect(group.leader?.raft.propose([bytes("open")]).accepted, `${what}`).toBe(true);
}

test("a transfer that is interrupted at any beat leaves a group that works", () => {
  let moved = 0;
  for (const [name, interrupt] of Object.entries(interruptions)) {
    for (let beats = 0; beats < 8; beats++) {
      const group = new Group(majority(["a", "b", "c"]), timing, beats + 1);
      const leader = group.elect(200);
      group.beat(10);
      const to = ["a", "b", "c"].find((id) => id !== leader.raft.status().id)!;
      leader.raft.propose([bytes("last words")]);
      expect(leader.raft.transferLeadership(to)).toBe("started");
      group.beat(beats);
      interrupt(group, leader, to);
      expectRecovery(group, `${name} after ${beats}`);
      if (group.leader === group.members.get(to)) moved += 1;
    }
  }
  expect(moved).toBeGreaterThan(10);
});

test("a witness's hand-over that is interrupted at any beat leaves a full member in office", () => {
  const configuration: Configuration = {
    ...majority([]),
    groups: ["p", "s", "w"].map((id) => ({ name: `group-${id}`, voters: [id], weight: 1 })),
    witnesses: ["w"],
  };
  for (const [name, interrupt] of Object.entries(interruptions)) {
    for (let beats = 0; beats < 8; beats++) {
      const group = new Group(configuration, timing, beats + 1);
      const witness = group.members.get("w")!;
      witness.raft.campaign();
      group.beat(3 + beats);
      interrupt(group, witness, "p");
      expectRecovery(group, `${name} after ${beats}`);
      expect(group.leader?.raft.status().id).not.toBe("w");
    }
  }
});

test("a joint change that is interrupted at any beat is left once, or never happened", () => {
  let done = 0;
  const before = majority(["a", "b", "c"]);
  const joint = {
    ...majority(["b", "c", "d", "e"]),
    outgoingGroups: before.groups,
    autoLeave: true,
  };
  for (const [name, interrupt] of Object.entries(interruptions)) {
    for (let beats = 0; beats < 12; beats++) {
      const group = new Group(before, timing, beats + 1, ["d", "e"]);
      const leader = group.elect(200);
      group.beat(10);
      expect(leader.raft.proposeConfiguration(joint).accepted).toBe(true);
      expect(leader.raft.proposeConfiguration(majority(["a"]))).toMatchObject({ accepted: false });
      group.beat(beats);
      interrupt(group, leader, "b");
      group.beat(15);
      group.cut.clear();
      const what = `${name} after ${beats}`;
      expect(group.commits(300), `${what}`).toBe(true);
      group.beat(100);
      const { configuration } = group.leader!.raft.status();
      expect(isJoint(configuration), `${what}`).toBe(false);
      const applied = group.applied.get(group.leader!.raft.status().id)!;
      const changes = applied.filter(({ kind }) => kind === "configuration");
      // What a crash took from the state machine is applied again, from the beginning.
      const distinct = new Map(changes.map((change) => [change.index, change]));
      const kinds = [...distinct.values()].map(({ data }) => isJoint(codec.decode(data)));
      const happened = kinds.length > 0;
      if (happened) done += 1;
      expect(kinds, `${what}`).toEqual(happened ? [true, false] : []);
      const { groups } = happened ? joint : before;
      expect(configuration.groups, `${what}`).toEqual(groups);
    }
  }
  expect(done).toBeGreaterThan(30);
});

test("leadership goes there and back again, and never with two that lead a term", () => {
  const group = new Group(majority(["a", "b", "c"]), timing, 5);
  const first = group.elect(200);
  group.beat(10);
  const from = first.raft.status().id;
  const to = ["a", "b", "c"].find((id) => id !== from)!;
  for (const next of [to, from, to, from]) {
    const { term } = group.leader!.raft.status();
    expect(group.leader!.raft.transferLeadership(next)).toBe("started");
    const other = ["a", "b", "c"].find(
      (id) => id !== next && id !== group.leader!.raft.status().id,
    )!;
    expect(group.leader!.raft.transferLeadership(other)).toBe("in-progress");
    group.beat(5);
    expect(group.leader?.raft.status()).toMatchObject({ id: next, term: term + 1 });
    group.beat(5);
  }
  for (const leaders of group.leaders.values()) expect(leaders.size).toBe(1);
});

test("a transfer ends when somebody else wins, and the old leader follows", () => {
  const group = new Group(majority(["a", "b", "c"]), timing, 6);
  const old = group.elect(200);
  group.beat(10);
  const { id } = old.raft.status();
  const [target, other] = ["a", "b", "c"].filter((one) => one !== id) as [NodeId, NodeId];
  group.isolate(target);
  expect(old.raft.transferLeadership(target)).toBe("started");
  const { term } = old.raft.status();
  const usurper = group.members.get(other)!;
  usurper.raft.step({ type: "timeout-now", from: id, to: other, term });
  group.beat(5);
  expect(old.raft.status()).toMatchObject({ role: "follower", leader: other, term: term + 1 });
  expect(usurper.raft.propose([bytes("x")]).accepted).toBe(true);
  group.beat(5);
  expect(group.applied.get(id)!.some((entry) => text(entry.data) === "x")).toBe(true);
});
