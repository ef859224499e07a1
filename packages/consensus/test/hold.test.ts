import { expect, test } from "vitest";
import type { Configuration, NodeId, Timing } from "../src/index.ts";
import { leaveJoint, majority } from "../src/index.ts";
import { bytes, text } from "./support/codec.ts";
import { Group } from "./support/group.ts";
import { Solo } from "./support/solo.ts";

const timing: Timing = {
  electionTicks: 10,
  electionJitterTicks: 10,
  heartbeatTicks: 2,
  leaseTicks: 10,
};

const names = (prefix: string): NodeId[] => [1, 2, 3].map((at) => `${prefix}${at}`);

const free: Configuration = {
  groups: ["p", "s", "w"].map((name) => ({ name, voters: names(name), weight: 1 })),
  learners: [],
  witnesses: names("w"),
  outgoingGroups: [],
  autoLeave: false,
};

const held: Configuration = { ...free, heldBy: "p" };

function stop(group: Group, ids: readonly NodeId[]): void {
  for (const id of ids) group.members.get(id)!.crash(0);
}

function propose(group: Group, configuration: Configuration): void {
  const answer = group.leader!.raft.proposeConfiguration(configuration);
  expect(answer).toMatchObject({ accepted: true });
  group.beat(20);
}

test("when the holding group is gone nobody else takes over, until it is back", () => {
  const group = new Group(held, timing, 1);
  expect(names("p")).toContain(group.elect(200).raft.status().id);
  group.beat(10);
  stop(group, names("p"));
  const led = group.leaders.size;
  group.beat(500);
  expect(group.leaders.size).toBe(led);
  for (const id of names("p")) group.members.get(id)!.start();
  expect(names("p")).toContain(group.elect(200).raft.status().id);
});

test("without a hold the next group takes over, and again after the release", () => {
  const group = new Group(held, timing, 2);
  group.elect(200);
  group.beat(10);
  propose(group, free);
  stop(group, names("p"));
  expect(names("s")).toContain(group.elect(500).raft.status().id);
});

test("whoever leads outside of the holding group goes on, and is not replaced from outside", () => {
  const group = new Group(free, timing, 3);
  group.members.get("s1")!.raft.campaign();
  expect(group.elect(200).raft.status().id).toBe("s1");
  group.beat(10);
  propose(group, held);
  expect(group.leader!.raft.status().id).toBe("s1");
  expect(group.leader!.raft.transferLeadership("s2")).toBe("held");
  stop(group, ["s1"]);
  group.beat(5);
  expect(names("p")).toContain(group.elect(500).raft.status().id);
});

test("an operator makes another group lead by hand, once a try", () => {
  const group = new Group(held, timing, 4);
  group.elect(200);
  group.beat(10);
  stop(group, names("p"));
  group.beat(100);
  const { raft } = group.members.get("s2")!;
  raft.campaign();
  expect(raft.status().role).toBe("follower");
  group.isolate("s2");
  raft.campaign({ byHand: true });
  expect(raft.status().role).toBe("pre-candidate");
  group.beat(40);
  expect(raft.status().role).toBe("follower");
  group.cut.clear();
  group.beat(100);
  expect(raft.status().role).toBe("follower");
  raft.campaign({ byHand: true });
  expect(group.elect(50).raft.status().id).toBe("s2");
});

test("a holding group that is behind is helped by who is not, and leads in the end", () => {
  for (let seed = 1; seed <= 10; seed++) {
    const group = new Group(held, timing, seed);
    const leader = group.elect(200);
    const { id } = leader.raft.status();
    expect(group.commits(20)).toBe(true);
    group.beat(10);
    // The others of the group fall behind, while the other groups make a quorum.
    const rest = names("p").filter((other) => other !== id);
    for (const other of rest) group.isolate(other);
    leader.raft.propose([bytes("only elsewhere")]);
    group.beat(6);
    leader.crash(0);
    group.cut.clear();
    group.elect(300);
    group.beat(100);
    const now = group.leader!.raft.status();
    expect(rest).toContain(now.id);
    const applied = group.applied.get(now.id)!.map(({ data }) => text(data));
    expect(applied).toContain("only elsewhere");
  }
});

test("who was made to lead by hand stays when the holding group comes back", () => {
  const group = new Group(held, timing, 8);
  group.elect(200);
  group.beat(10);
  stop(group, names("p"));
  group.beat(50);
  group.members.get("s2")!.raft.campaign({ byHand: true });
  expect(group.elect(50).raft.status().id).toBe("s2");
  for (const id of names("p")) group.members.get(id)!.start();
  group.beat(100);
  expect(group.leader!.raft.status().id).toBe("s2");
});

test("leadership is handed over within the holding group only", () => {
  const group = new Group(held, timing, 5);
  const leader = group.elect(200);
  group.beat(10);
  expect(leader.raft.transferLeadership("s1")).toBe("held");
  const to = names("p").find((id) => id !== leader.raft.status().id)!;
  expect(leader.raft.transferLeadership(to)).toBe("started");
  group.beat(20);
  expect(group.leader!.raft.status().id).toBe(to);
});

test("a witness that leads hands over to the holding group only", () => {
  const configuration = {
    ...held,
    groups: [
      { name: "p", voters: ["b"], weight: 1 },
      { name: "s", voters: ["c"], weight: 1 },
      { name: "w", voters: ["a"], weight: 1 },
    ],
    witnesses: ["a"],
  };
  const solo = new Solo({ configuration });
  solo.raft.campaign({ byHand: true });
  solo.flush();
  const yes = { from: "b", to: "a", term: 1, reject: false } as const;
  solo.step({ ...yes, type: "pre-vote-answer" }, { ...yes, type: "vote-answer" });
  expect(solo.raft.status().role).toBe("leader");
  expect(solo.accept("c", 1)).not.toContainEqual(expect.objectContaining({ type: "timeout-now" }));
  expect(solo.accept("b", 1)).toContainEqual(
    expect.objectContaining({ type: "timeout-now", to: "b" }),
  );
});

test("a member that is held back does not campaign when a late word of its leader says so", () => {
  const configuration = {
    ...majority([]),
    groups: [
      { name: "p", voters: ["b"], weight: 1 },
      { name: "s", voters: ["a"], weight: 1 },
    ],
    heldBy: "p",
  };
  const solo = new Solo({ configuration });
  solo.step({ type: "heartbeat", from: "b", to: "a", term: 1, commit: 0, context: 0 });
  expect(solo.step({ type: "timeout-now", from: "b", to: "a", term: 1 })).toEqual([]);
  expect(solo.raft.status().role).toBe("follower");
});

test("a hold outlives crashes, snapshots and joint changes, whose both sides may campaign", () => {
  const group = new Group(held, timing, 6, ["p4"]);
  const leader = group.elect(200);
  group.beat(10);
  const groups = [{ ...free.groups[0]!, voters: ["p2", "p3", "p4"] }, ...free.groups.slice(1)];
  const joint = { ...held, groups, outgoingGroups: free.groups, autoLeave: false };
  propose(group, joint);
  const { raft, disk } = leader;
  expect(raft.transferLeadership("s1")).toBe("held");
  const { appliedIndex, configuration } = raft.status();
  expect(configuration).toMatchObject({ heldBy: "p" });
  const mark = { index: appliedIndex, term: disk.term(appliedIndex)! };
  disk.saveSnapshot({ ...mark, configuration: raft.configurationAt(appliedIndex)! }, appliedIndex);
  leader.crash(0);
  leader.start();
  expect(leader.raft.status().configuration).toEqual(joint);
  group.elect(200);
  group.beat(20);
  propose(group, leaveJoint(joint));
  expect(group.leader!.raft.status().configuration).toEqual({ ...held, groups });
});

test("the holding group is not taken away without saying who is to lead", () => {
  const solo = new Solo({
    configuration: {
      ...majority([]),
      groups: [
        { name: "p", voters: ["a"], weight: 1 },
        { name: "s", voters: ["b"], weight: 1 },
      ],
      heldBy: "p",
    },
  });
  solo.lead();
  solo.accept("b", 1);
  const { configuration } = solo.raft.status();
  const { groups } = configuration;
  const next = { ...configuration, groups: [groups[1]!], outgoingGroups: groups, autoLeave: true };
  const unsafe = { accepted: false, reason: "unsafe" };
  expect(solo.raft.proposeConfiguration(next)).toEqual(unsafe);
  expect(solo.raft.proposeConfiguration({ ...configuration, heldBy: "x" })).toEqual(unsafe);
  const witnesses = ["b"];
  expect(solo.raft.proposeConfiguration({ ...configuration, witnesses, heldBy: "s" })).toEqual(
    unsafe,
  );
  expect(solo.raft.proposeConfiguration({ ...next, heldBy: "s" }).accepted).toBe(true);
});
