import { expect, test } from "vitest";
import type { Configuration, Message, NodeId } from "../src/index.ts";
import { majority } from "../src/index.ts";
import { bytes } from "./support/codec.ts";
import { Group } from "./support/group.ts";
import { Solo } from "./support/solo.ts";

const limits = { promotionEntriesMax: 4, promotionBytesMax: 100 };

const behind = { accepted: false, reason: "learner-behind" };

const heard: Omit<Extract<Message, { type: "heartbeat-answer" }>, "from"> = {
  type: "heartbeat-answer",
  to: "a",
  term: 1,
  context: 0,
};

/** A leader of five entries with the learners `l` and `m`. */
function leader(configuration: Configuration = majority(["a", "b"], ["l", "m"])): Solo {
  const solo = new Solo({ configuration, limits });
  solo.lead();
  solo.raft.propose(["w", "x", "y", "z"].map((command) => bytes(command)));
  solo.flush();
  solo.accept("b", 5);
  expect(solo.raft.status().commitIndex).toBe(5);
  return solo;
}

function both(...voters: NodeId[]): Configuration {
  return { ...majority(voters), outgoingGroups: majority(["a", "b"]).groups, autoLeave: true };
}

test("a learner gets a vote when it was heard of and has nearly everything", () => {
  const solo = leader();
  const next = majority(["a", "b", "l"], ["m"]);
  expect(solo.raft.proposeConfiguration(next)).toEqual(behind);
  solo.step({ ...heard, from: "l" });
  expect(solo.raft.proposeConfiguration(next)).toEqual(behind);
  solo.accept("l", 1);
  expect(solo.raft.proposeConfiguration(next)).toMatchObject({ accepted: true });
});

test("one that is too many bytes behind does not", () => {
  const solo = leader();
  solo.raft.propose([bytes("x".repeat(60)), bytes("x".repeat(60))]);
  solo.flush();
  solo.accept("b", 7);
  solo.accept("l", 5);
  const next = majority(["a", "b", "l"], ["m"]);
  expect(solo.raft.proposeConfiguration(next)).toEqual(behind);
  solo.accept("l", 6);
  expect(solo.raft.proposeConfiguration(next)).toMatchObject({ accepted: true });
});

test("one that fell silent does not", () => {
  const solo = leader();
  solo.accept("l", 5);
  for (let tick = 0; tick < 10; tick++) {
    solo.raft.tick();
    solo.step({ ...heard, from: "b" });
  }
  expect(solo.raft.proposeConfiguration(majority(["a", "b", "l"], ["m"]))).toEqual(behind);
});

test("one that lost its log does not before it has everything again", () => {
  const solo = leader();
  solo.accept("l", 5);
  solo.step({ type: "recover", from: "l", to: "a", term: 1, nonce: 1 });
  solo.accept("l", 4);
  expect(solo.raft.proposeConfiguration(majority(["a", "b", "l"], ["m"]))).toEqual(behind);
  solo.accept("l", 5);
  expect(solo.raft.proposeConfiguration(majority(["a", "b", "l"], ["m"]))).toMatchObject({
    accepted: true,
  });
});

test("nobody gets a vote without having been a learner", () => {
  const solo = leader();
  expect(solo.raft.proposeConfiguration(majority(["a", "b", "x"], ["l", "m"]))).toEqual(behind);
});

test("of several at once each has to be close, or none gets a vote", () => {
  const solo = leader();
  solo.accept("l", 5);
  expect(solo.raft.proposeConfiguration(both("a", "b", "l", "m"))).toEqual(behind);
  solo.accept("m", 4);
  expect(solo.raft.proposeConfiguration(both("a", "b", "l", "m"))).toMatchObject({
    accepted: true,
    index: 6,
  });
  solo.flush();
  for (const id of ["b", "l", "m"]) solo.accept(id, 6);
  expect(solo.raft.status().configuration).toEqual(majority(["a", "b", "l", "m"]));
});

test("a change whose voters are not reached is refused: nobody could take it back", () => {
  const solo = new Solo({ configuration: majority(["a", "b", "c"]), limits });
  solo.lead();
  for (let tick = 0; tick < 12; tick++) {
    solo.raft.tick();
    solo.accept("b", 1);
  }
  const refused = { accepted: false, reason: "unreachable" };
  expect(solo.raft.proposeConfiguration(majority(["a", "c"]))).toEqual(refused);
  expect(solo.raft.proposeConfiguration(majority(["a", "b"]))).toMatchObject({ accepted: true });
});

test("a voter becomes a learner again, the leader too, and the group goes on", () => {
  const timing = { electionTicks: 10, electionJitterTicks: 10, heartbeatTicks: 2, leaseTicks: 10 };
  const group = new Group(majority(["a", "b", "c", "d"]), timing, 21);
  for (let left = 4; left > 2; left--) {
    const { id, configuration } = group.elect(200).raft.status();
    const voters = configuration.groups[0]!.voters.filter((voter) => voter !== id);
    const next = majority(voters, [...configuration.learners, id]);
    expect(group.commits(40)).toBe(true);
    expect(group.members.get(id)!.raft.proposeConfiguration(next)).toMatchObject({
      accepted: true,
    });
    group.beat(60);
    expect(group.members.get(id)!.raft.status().role).toBe("learner");
    group.elect(200);
    group.beat(20);
    const last = group.leader!.raft.status().lastIndex;
    expect(group.members.get(id)!.raft.status().lastIndex).toBe(last);
  }
});
