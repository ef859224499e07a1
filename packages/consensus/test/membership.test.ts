import { expect, test } from "vitest";
import type { Configuration } from "../src/index.ts";
import { configurationProblem, majority } from "../src/index.ts";
import { codec } from "./support/codec.ts";
import { Group } from "./support/group.ts";
import { Solo } from "./support/solo.ts";

const timing = { electionTicks: 10, electionJitterTicks: 10, heartbeatTicks: 2, leaseTicks: 10 };

function joint(voters: string[], outgoing: string[]): Configuration {
  return { ...majority(voters), outgoingGroups: majority(outgoing).groups, autoLeave: true };
}

test("a leader takes no configuration before it has committed in its term", () => {
  const solo = new Solo();
  solo.lead();
  const next = majority(["a", "b"]);
  expect(solo.raft.proposeConfiguration(next)).toEqual({ accepted: false, reason: "unready" });
  solo.accept("b", 1);
  expect(solo.raft.proposeConfiguration(next)).toMatchObject({ accepted: true, index: 2 });
});

test("one configuration is in flight at most", () => {
  const solo = new Solo();
  solo.lead();
  solo.accept("b", 1);
  solo.raft.proposeConfiguration(majority(["a", "b"]));
  const refused = { accepted: false, reason: "in-flight" };
  expect(solo.raft.proposeConfiguration(majority(["a"]))).toEqual(refused);
  solo.flush();
  solo.accept("b", 2);
  expect(solo.raft.proposeConfiguration(majority(["a"]))).toMatchObject({ accepted: true });
});

test("a joint configuration that is not left by itself must be left before the next", () => {
  const solo = new Solo();
  solo.lead();
  solo.accept("b", 1);
  const entered = { ...joint(["a", "b", "d"], ["a", "b", "c"]), autoLeave: false };
  expect(solo.raft.proposeConfiguration(entered).accepted).toBe(true);
  solo.flush();
  solo.accept("b", 2);
  expect(solo.raft.status()).toMatchObject({ commitIndex: 2, lastIndex: 2 });
  const another = joint(["a"], ["a", "b", "c"]);
  const unsafe = { accepted: false, reason: "unsafe" };
  expect(solo.raft.proposeConfiguration(another)).toMatchObject({ reason: "in-flight" });
  expect(solo.raft.proposeConfiguration(majority(["a", "b"]))).toEqual(unsafe);
  const left = solo.raft.proposeConfiguration(majority(["a", "b", "d"]));
  expect(left).toMatchObject({ accepted: true });
});

test("configurations whose quorums could miss each other are refused", () => {
  const solo = new Solo();
  solo.lead();
  solo.accept("b", 1);
  const refused = { accepted: false, reason: "unsafe" };
  for (const next of [
    majority(["a"]),
    majority(["a", "x", "y"]),
    majority([]),
    joint(["a", "x"], ["a", "b"]),
    {
      ...majority(["a", "b", "c"]),
      groups: [{ name: "other", voters: ["a", "b", "c"], weight: 1 }],
    },
  ]) {
    expect(solo.raft.proposeConfiguration(next)).toEqual(refused);
  }
});

test("in a joint configuration both sides elect and both sides commit", () => {
  const configuration = joint(["a", "d", "e"], ["a", "b", "c"]);
  const solo = new Solo({ configuration, term: 1 });
  const yes = { type: "vote-answer", to: "a", term: 2, reject: false } as const;
  solo.raft.campaign();
  solo.flush();
  const may = { type: "pre-vote-answer", to: "a", term: 2, reject: false } as const;
  solo.step({ ...may, from: "b" }, { ...may, from: "c" });
  expect(solo.raft.status().role).toBe("pre-candidate");
  solo.step({ ...may, from: "d" });
  expect(solo.raft.status().role).toBe("candidate");
  solo.step({ ...yes, from: "d" }, { ...yes, from: "e" });
  expect(solo.raft.status().role).toBe("candidate");
  solo.step({ ...yes, from: "b" });
  expect(solo.raft.status().role).toBe("leader");
  solo.accept("d", 1);
  solo.accept("e", 1);
  expect(solo.raft.status().commitIndex).toBe(0);
  solo.accept("c", 1);
  expect(solo.raft.status().commitIndex).toBe(1);
});

test("a configuration counts from when it is appended until it is cut off", () => {
  const solo = new Solo({ term: 1, terms: [1] });
  const data = codec.encode(majority(["a"]));
  const leader = { type: "append", from: "b", to: "a", index: 1, logTerm: 1, commit: 0 } as const;
  const entries = [{ index: 2, term: 1, kind: "configuration" as const, data }];
  solo.step({ ...leader, term: 1, entries });
  expect(solo.raft.status().configuration).toEqual(majority(["a"]));
  solo.step({ ...leader, term: 2, entries: [{ ...entries[0]!, term: 2, kind: "empty" }] });
  expect(solo.raft.status().configuration).toEqual(majority(["a", "b", "c"]));
});

test("a group grows from one voter to five and shrinks again while it works", () => {
  const ids = ["b", "c", "d", "e"];
  const group = new Group(majority(["a"]), timing, 5, ids);
  const leader = group.elect(100).raft;
  const voters = ["a"];
  for (const id of ids) {
    group.beat(10);
    voters.push(id);
    expect(leader.proposeConfiguration(majority([...voters])).accepted).toBe(true);
    expect(group.commits(20)).toBe(true);
  }
  group.beat(10);
  expect(leader.proposeConfiguration(joint(["a", "e"], voters)).accepted).toBe(true);
  group.beat(20);
  expect(leader.status().configuration).toEqual(majority(["a", "e"]));
  for (const id of ["b", "c", "d"]) {
    expect(group.members.get(id)?.raft.status().role).toBe("learner");
  }
});

test("a learner follows and never counts", () => {
  const solo = new Solo({ configuration: majority(["a", "b"], ["l", "m"]) });
  solo.raft.campaign();
  expect(solo.flush().map(({ to }) => to)).toEqual(["b"]);
  const yes = { from: "b", to: "a", term: 1, reject: false } as const;
  solo.step({ ...yes, type: "pre-vote-answer" });
  solo.step({ ...yes, type: "vote-answer" });
  solo.accept("l", 1);
  solo.accept("m", 1);
  expect(solo.raft.status().commitIndex).toBe(0);
  expect(solo.raft.transferLeadership("l")).toBe("not-a-voter");
  solo.accept("b", 1);
  expect(solo.raft.status().commitIndex).toBe(1);
});

test("while leadership is handed over no configuration is taken", () => {
  const solo = new Solo();
  solo.lead();
  solo.accept("b", 1);
  solo.raft.transferLeadership("c");
  const next = majority(["a", "b"]);
  expect(solo.raft.proposeConfiguration(next)).toMatchObject({ reason: "transferring" });
});

test("a transfer ends when its target loses its vote", () => {
  const solo = new Solo();
  solo.lead();
  solo.accept("b", 1);
  solo.raft.proposeConfiguration(joint(["a", "b"], ["a", "b", "c"]));
  solo.flush();
  solo.raft.transferLeadership("c");
  expect(solo.raft.status().transferTo).toBe("c");
  solo.accept("b", 2);
  expect(solo.raft.status()).toMatchObject({ lastIndex: 3, transferTo: undefined });
});

test("what a joint change leads to makes sense: who lost its vote is no witness any more", () => {
  const groups = (ids: string[]): Configuration["groups"] =>
    ids.map((id) => ({ name: `group-${id}`, voters: [id], weight: 1 }));
  const before = { ...majority([]), groups: groups(["a", "b", "w"]), witnesses: ["w"] };
  const solo = new Solo({ configuration: before });
  solo.lead();
  solo.accept("b", 1);
  const after = { ...before, groups: groups(["a", "b"]), outgoingGroups: before.groups };
  expect(solo.raft.proposeConfiguration({ ...after, autoLeave: true }).accepted).toBe(true);
  solo.flush();
  solo.accept("b", 2);
  const { configuration } = solo.raft.status();
  expect(configuration).toEqual({ ...majority([]), groups: groups(["a", "b"]) });
  expect(configurationProblem(configuration)).toBe(undefined);
  expect(solo.accept("b", 3).length).toBeGreaterThan(0);
  expect(solo.raft.proposeConfiguration({ ...configuration, learners: ["l"] }).accepted).toBe(true);
});
