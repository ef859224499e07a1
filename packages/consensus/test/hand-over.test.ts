import { expect, test } from "vitest";
import type { Configuration, NodeId } from "../src/index.ts";
import { majority } from "../src/index.ts";
import { bytes, text } from "./support/codec.ts";
import { Group } from "./support/group.ts";
import type { Member } from "./support/member.ts";

const timing = { electionTicks: 10, electionJitterTicks: 10, heartbeatTicks: 2, leaseTicks: 10 };

const ids = ["a", "b", "c"];

const witnessed: Configuration = {
  ...majority([]),
  groups: ["p", "s", "w"].map((id) => ({ name: `group-${id}`, voters: [id], weight: 1 })),
  witnesses: ["w"],
};

/** A group that has done something, its leader, and somebody else. */
function working(seed: number): { group: Group; leader: Member; from: NodeId; to: NodeId } {
  const group = new Group(majority(ids), timing, seed);
  const leader = group.elect(200);
  expect(group.commits(20)).toBe(true);
  group.beat(10);
  const from = leader.raft.status().id;
  return { group, leader, from, to: ids.find((id) => id !== from)! };
}

/** Comes back at once without its log. */
function damage(member: Member): void {
  member.crash(0);
  member.disk.loseLog();
  member.start();
}

function restart(member: Member): void {
  member.crash(0);
  member.start();
}

/**
 * All work again: one leader a term, nobody without a log, and what was committed is everywhere.
 */
function expectHealed(group: Group, what: string): void {
  group.cut.clear();
  expect(group.commits(300), `${what}`).toBe(true);
  group.beat(80);
  for (const leaders of group.leaders.values()) expect(leaders.size, `${what}`).toBe(1);
  const leader = group.leader!.raft.status();
  for (const [id, member] of group.members) {
    const status = member.raft.status();
    expect(status.recovering, `${what}: ${id}`).toBe(false);
    expect(status.commitIndex, `${what}: ${id}`).toBe(leader.commitIndex);
    const entries = new Map(group.applied.get(id)!.map((entry) => [entry.index, text(entry.data)]));
    const wrong = group.applied.get(leader.id)!.filter(({ index, data }) => {
      return index <= status.appliedIndex && entries.get(index) !== text(data);
    });
    expect(wrong, `${what}`).toEqual([]);
  }
  expect(leader.transferTo, `${what}`).toBe(undefined);
}

test("a log that is lost at any beat of a transfer, at either side, is made whole again", () => {
  for (const side of ["leader", "target"] as const) {
    for (let beats = 0; beats < 8; beats++) {
      const { group, leader, to } = working(beats + 1);
      leader.raft.propose([bytes("last words")]);
      expect(leader.raft.transferLeadership(to)).toBe("started");
      group.beat(beats);
      damage(side === "leader" ? leader : group.members.get(to)!);
      expectHealed(group, `${side} after ${beats}`);
    }
  }
});

test("both sides of a transfer may crash at any beat", () => {
  for (let beats = 0; beats < 8; beats++) {
    const { group, leader, to } = working(beats + 1);
    expect(leader.raft.transferLeadership(to)).toBe("started");
    group.beat(beats);
    leader.crash(0);
    group.members.get(to)!.crash(0);
    group.beat(30);
    expect(group.leader).toBe(undefined);
    leader.start();
    group.members.get(to)!.start();
    expectHealed(group, `${beats}`);
  }
});

test("leadership moves while members change, and the change ends all the same", () => {
  let moved = 0;
  for (let beats = 0; beats < 8; beats++) {
    const { group, leader, from, to } = working(beats + 1);
    const third = ids.find((id) => id !== from && id !== to)!;
    const joint = { ...majority([from, to]), outgoingGroups: majority(ids).groups };
    const change = { ...joint, learners: [third], autoLeave: true };
    expect(leader.raft.proposeConfiguration(change).accepted).toBe(true);
    group.beat(beats);
    expect(leader.raft.transferLeadership(to)).toBe("started");
    expect(leader.raft.proposeConfiguration(majority(ids))).toMatchObject({ accepted: false });
    group.beat(6);
    if (group.leader === group.members.get(to)) moved += 1;
    expectHealed(group, `${beats}`);
    expect(group.leader!.raft.status().configuration).toEqual(majority([from, to], [third]));
  }
  expect(moved).toBeGreaterThan(4);
});

test("a target that is on its way out leads for no longer than it takes to go", () => {
  for (let beats = 0; beats < 8; beats++) {
    const { group, leader, from, to } = working(beats + 1);
    const rest = ids.filter((id) => id !== to);
    const change = { ...majority(rest), outgoingGroups: majority(ids).groups, autoLeave: true };
    expect(leader.raft.proposeConfiguration(change).accepted).toBe(true);
    group.beat(beats);
    const answer = leader.raft.transferLeadership(to);
    expect(["started", "not-a-voter"]).toContain(answer);
    group.beat(100);
    expect(rest).toContain(group.elect(200).raft.status().id);
    expect(group.leader!.raft.status().configuration).toEqual(majority(rest));
    expect(group.commits(50), `${from} to ${to} after ${beats}`).toBe(true);
  }
});

test("a hold that is put in force while leadership moves stays with whoever took over", () => {
  const configuration = { ...witnessed, witnesses: [] };
  for (let beats = 0; beats < 6; beats++) {
    const group = new Group(configuration, timing, beats + 1);
    group.members.get("p")!.raft.campaign();
    const leader = group.elect(50);
    group.beat(10);
    expect(leader.raft.transferLeadership("s")).toBe("started");
    const held = { ...configuration, heldBy: "group-p" };
    expect(leader.raft.proposeConfiguration(held)).toMatchObject({ reason: "transferring" });
    group.beat(beats);
    group.beat(10);
    expect(group.leader!.raft.status().id).toBe("s");
    expect(group.leader!.raft.proposeConfiguration(held).accepted).toBe(true);
    group.beat(10);
    expect(group.leader!.raft.transferLeadership("w")).toBe("held");
    expect(group.leader!.raft.transferLeadership("p")).toBe("started");
    group.beat(10);
    expect(group.leader!.raft.status().id).toBe("p");
  }
});

test("a witness passes a member by that lost its log, until it has everything again", () => {
  for (let beats = 0; beats < 12; beats++) {
    const group = new Group(witnessed, timing, beats + 1);
    group.elect(200);
    expect(group.commits(20)).toBe(true);
    group.beat(10);
    const witness = group.members.get("w")!;
    const office = group.leader!.raft.status().id;
    const other = office === "p" ? "s" : "p";
    damage(group.members.get(other)!);
    group.isolate(other);
    group.beat(2);
    // The witness leads with the help of the only member that has state.
    restart(group.members.get(office)!);
    for (let left = 20; left > 0 && witness.raft.status().role !== "leader"; left--) {
      witness.raft.campaign();
      group.beat(1);
    }
    group.beat(beats);
    expect(group.leader?.raft.status().id).not.toBe(other);
    expectHealed(group, `${beats}`);
    expect(group.leader!.raft.status().id).not.toBe("w");
  }
});

test("a witness that loses its log in office is made whole by whoever takes over", () => {
  for (let beats = 0; beats < 8; beats++) {
    const group = new Group(witnessed, timing, beats + 1);
    const witness = group.members.get("w")!;
    witness.raft.campaign();
    group.beat(3 + beats);
    damage(witness);
    expectHealed(group, `${beats}`);
    expect(group.leader!.raft.status().id).not.toBe("w");
  }
});
