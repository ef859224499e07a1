import { expect, test } from "vitest";
import type { Message, NodeId, Timing } from "../src/index.ts";
import { majority } from "../src/index.ts";
import { assert } from "./support/checks.ts";
import { bytes } from "./support/codec.ts";
import { Group } from "./support/group.ts";
import { seeded } from "./support/random.ts";
import { Solo } from "./support/solo.ts";
import { sweep } from "./support/sweep.ts";

const timing: Timing = {
  electionTicks: 10,
  electionJitterTicks: 10,
  heartbeatTicks: 2,
  leaseTicks: 10,
};

const five: readonly NodeId[] = ["a", "b", "c", "d", "e"];

function voteFrom(from: NodeId, term: number, index = 0, logTerm = 0): Message {
  return { type: "vote", from, to: "a", term, index, logTerm, transfer: false };
}

function answer(from: NodeId, term: number, reject = false): Message {
  return { type: "vote-answer", from, to: "a", term, reject };
}

test("a vote survives a crash: the same one again, and nobody else in that term", () => {
  const before = new Solo({ term: 4 });
  expect(before.step(voteFrom("b", 5))).toMatchObject([{ type: "vote-answer", reject: false }]);
  const after = new Solo({ disk: before.disk });
  expect(after.step(voteFrom("c", 5))).toMatchObject([{ to: "c", reject: true }]);
  expect(after.step(voteFrom("b", 5))).toMatchObject([{ to: "b", reject: false }]);
});

test("a vote is not said before it is durable", () => {
  const solo = new Solo({ term: 4 });
  solo.raft.step(voteFrom("b", 5));
  const ready = solo.raft.ready();
  expect(ready?.send).toEqual([]);
  expect(ready?.persist?.hardState).toEqual({ term: 5, vote: "b", commitIndex: 0 });
  expect(ready?.persist?.send).toMatchObject([{ type: "vote-answer", term: 5, reject: false }]);
});

test("a vote in a term that is durable already waits for the disk all the same", () => {
  const solo = new Solo({ term: 5 });
  solo.raft.step(voteFrom("b", 5));
  const ready = solo.raft.ready();
  expect(ready?.send).toEqual([]);
  expect(ready?.persist?.send).toMatchObject([{ type: "vote-answer", term: 5, reject: false }]);
});

test("a candidate asks again those that did not answer, once its question has left", () => {
  const solo = new Solo({ configuration: majority(five), term: 1 });
  const { raft } = solo;
  raft.campaign();
  solo.flush();
  const may = { type: "pre-vote-answer", to: "a", term: 2, reject: false } as const;
  for (const from of ["b", "c"]) raft.step({ ...may, from });
  const asked = raft.ready()!.persist!;
  expect(asked.send.map(({ to }) => to)).toEqual(["b", "c", "d", "e"]);
  for (let tick = 0; tick < 4; tick++) raft.tick();
  expect(raft.ready()).toBeUndefined();
  solo.disk.write(asked);
  raft.persisted(asked.mark);
  raft.step(answer("c", 2, true));
  for (let tick = 0; tick < 2; tick++) raft.tick();
  expect(raft.ready()?.send.map(({ to }) => to)).toEqual(["b", "d", "e"]);
});

test("who has given its vote waits for a whole election timeout before it campaigns", () => {
  const solo = new Solo();
  for (let tick = 0; tick < 9; tick++) solo.raft.tick();
  solo.step(voteFrom("b", 1));
  for (let tick = 0; tick < 9; tick++) solo.raft.tick();
  solo.step(voteFrom("b", 1));
  for (let tick = 0; tick < 9; tick++) solo.raft.tick();
  expect(solo.raft.status().role).toBe("follower");
  solo.raft.tick();
  expect(solo.raft.status().role).toBe("pre-candidate");
});

test("nothing of a term is said before the term is durable", () => {
  const solo = new Solo({ term: 4 });
  solo.raft.step({ type: "heartbeat", from: "b", to: "a", term: 7, commit: 0, context: 3 });
  const ready = solo.raft.ready();
  expect(ready?.send).toEqual([]);
  expect(ready?.persist?.hardState?.term).toBe(7);
  expect(ready?.persist?.send).toMatchObject([{ type: "heartbeat-answer", context: 3 }]);
});

test("votes of an older term do not count", () => {
  const solo = new Solo();
  solo.raft.campaign();
  solo.flush();
  const yes: Message = { type: "pre-vote-answer", from: "b", to: "a", term: 1, reject: false };
  solo.step(yes);
  for (let tick = 0; tick < 10; tick++) solo.raft.tick();
  solo.flush();
  solo.step({ ...yes, term: 2 });
  expect(solo.raft.status()).toMatchObject({ role: "candidate", term: 2 });
  solo.step(answer("b", 1), answer("c", 1));
  expect(solo.raft.status().role).toBe("candidate");
  solo.step(answer("b", 2));
  expect(solo.raft.status().role).toBe("leader");
});

test("one voter counts once, however often its answer comes", () => {
  const solo = new Solo({ configuration: majority(five) });
  solo.raft.campaign();
  solo.flush();
  const yes: Message = { type: "pre-vote-answer", from: "b", to: "a", term: 1, reject: false };
  solo.step(yes, yes, yes);
  expect(solo.raft.status().role).toBe("pre-candidate");
  solo.step({ ...yes, from: "c" });
  expect(solo.raft.status().role).toBe("candidate");
  solo.step(answer("b", 1), answer("b", 1), answer("b", 1));
  expect(solo.raft.status().role).toBe("candidate");
  solo.step(answer("stranger", 1), answer("another", 1));
  expect(solo.raft.status().role).toBe("candidate");
  solo.step(answer("d", 1));
  expect(solo.raft.status().role).toBe("leader");
});

test("a candidate does not count its own vote before it is durable", () => {
  const solo = new Solo({ configuration: majority(["a"]) });
  solo.raft.campaign();
  const ready = solo.raft.ready();
  expect(solo.raft.status().role).toBe("candidate");
  solo.raft.persisted(ready!.persist!.mark);
  expect(solo.raft.status().role).toBe("leader");
});

/** Every log of at most four entries whose terms do not fall, up to term three. */
function allLogs(): number[][] {
  let logs: number[][] = [[]];
  for (let length = 0; length < 4; length++) {
    const longer = logs.flatMap((log) =>
      [1, 2, 3].filter((term) => term >= (log.at(-1) ?? 1)).map((term) => [...log, term]),
    );
    logs = [[], ...longer];
  }
  return logs;
}

test("logs are compared by last term, then by last index, for all pairs of short logs", () => {
  const logs = allLogs();
  expect(logs).toHaveLength(35);
  for (const mine of logs) {
    for (const theirs of logs) {
      const [ownTerm, lastTerm] = [mine.at(-1) ?? 0, theirs.at(-1) ?? 0];
      const solo = new Solo({ term: 4, terms: mine });
      const sent = solo.step(voteFrom("b", 5, theirs.length, lastTerm));
      const upToDate = lastTerm > ownTerm || (lastTerm === ownTerm && theirs.length >= mine.length);
      expect(sent, `${mine.join()} against ${theirs.join()}`).toMatchObject([
        { type: "vote-answer", reject: !upToDate },
      ]);
    }
  }
});

test("a member that was cut off for long changes neither leader nor term when it returns", () => {
  const group = new Group(majority(five), timing, 1);
  const { id, term } = group.elect(200).raft.status();
  group.beat(10);
  const lost = five.find((other) => other !== id)!;
  group.isolate(lost);
  group.beat(2000);
  group.cut.clear();
  group.beat(50);
  expect(group.leader?.raft.status()).toMatchObject({ id, term });
  expect(group.members.get(lost)?.raft.status()).toMatchObject({
    role: "follower",
    leader: id,
    term,
  });
});

test("a leader that is cut off steps down within a lease, and another one is elected", () => {
  const group = new Group(majority(five), timing, 2);
  const old = group.elect(200);
  group.beat(10);
  group.isolate(old.raft.status().id);
  group.beat(timing.leaseTicks);
  expect(old.raft.status()).toMatchObject({ role: "follower", leader: undefined });
  expect(group.elect(200)).not.toBe(old);
});

test("a leader whose process is gone is replaced within the jitter", () => {
  for (let seed = 1; seed <= sweep(100, 2_000); seed += 1) {
    const group = new Group(majority(five), timing, seed);
    const old = group.elect(200);
    const { id, term } = old.raft.status();
    group.beat(10);
    group.isolate(id);
    for (const [other, { raft }] of group.members) if (other !== id) raft.reportGone(id);
    // A beat for each of: pre-votes, answers, votes, answers.
    group.beat(timing.electionJitterTicks + 4);
    assert(
      group.leader !== old && group.leader !== undefined,
      `seed ${seed}: nobody leads instead of ${id}`,
    );
    assert(group.leader.raft.status().term === term + 1, `seed ${seed}: more than one term`);
  }
});

test("a leader that one member takes for gone goes on, and that member follows again", () => {
  for (let seed = 1; seed <= sweep(100, 2_000); seed += 1) {
    const group = new Group(majority(five), timing, seed);
    const { id, term } = group.elect(200).raft.status();
    group.beat(10);
    const wrong = five.find((other) => other !== id)!;
    group.members.get(wrong)?.raft.reportGone(id);
    group.beat(timing.electionTicks + timing.electionJitterTicks);
    expect(group.leader?.raft.status()).toMatchObject({ id, term });
    expect(group.members.get(wrong)?.raft.status()).toMatchObject({ leader: id, term });
  }
});

test("where leaders rely on leases nobody is in a hurry to replace one", () => {
  const options = { term: 4, timing, leaseMs: 800 };
  const solo = new Solo({ configuration: majority(five), ...options });
  solo.step({ type: "heartbeat", from: "b", to: "a", term: 4, commit: 0, context: 0 });
  solo.raft.reportGone("b");
  expect(solo.raft.status()).toMatchObject({ leader: "b" });
});

test("a leader without a quorum refuses reads and commands as soon as its lease is over", () => {
  const solo = new Solo();
  solo.lead();
  solo.accept("b", 1);
  expect(solo.raft.propose([bytes("pending")])).toMatchObject({ accepted: true });
  solo.raft.readIndex(7);
  for (let tick = 0; tick < timing.leaseTicks; tick++) {
    expect(solo.raft.status().role).toBe("leader");
    solo.raft.tick();
    solo.flush();
  }
  expect(solo.raft.status()).toMatchObject({ role: "follower", leader: undefined, commitIndex: 1 });
  expect(solo.reads).toEqual([{ context: 7, index: undefined }]);
  expect(solo.raft.propose([bytes("late")])).toEqual({ accepted: false, reason: "not-leader" });
});

test("a member of a later term gets back into its group, whatever its log and its part", () => {
  const gaps = [1, 2, 10];
  const logs = ["same", "behind", "ahead"] as const;
  const parts = ["waits", "pre-campaigns", "campaigns"] as const;
  for (const gap of gaps) {
    for (const log of logs) {
      for (const part of parts) expectReturn(gap, log, part);
    }
  }
});

/** `ahead`: with an entry that nobody else has, because it led. */
function expectReturn(
  gap: number,
  log: "same" | "behind" | "ahead",
  part: "waits" | "pre-campaigns" | "campaigns",
): void {
  const group = new Group(majority(["a", "b", "c"]), timing, gap);
  const leader = group.elect(200);
  expect(group.commits(20)).toBe(true);
  group.beat(10);
  const others = [...group.members.values()].filter((member) => member !== leader);
  const stuck = log === "ahead" ? leader : others[0]!;
  const { id, term } = stuck.raft.status();
  group.isolate(id);
  if (log !== "same") leader.raft.propose([bytes("missed")]);
  group.beat(3);
  stuck.crash(0);
  const hardState = { term: term + gap, vote: undefined, commitIndex: 0 };
  stuck.disk.write({ hardState, reset: undefined, entries: [] });
  stuck.start();
  if (part !== "waits") stuck.raft.campaign();
  if (part === "campaigns") {
    const yes = { type: "pre-vote-answer", to: id, term: term + gap + 1, reject: false } as const;
    for (const from of ["a", "b", "c"]) if (from !== id) stuck.raft.step({ ...yes, from });
    assert(stuck.raft.status().role === "candidate", "campaigns");
  }
  group.cut.clear();
  group.beat(300);
  const what = `gap ${gap}, log ${log}, ${part}`;
  const all = [...group.members.values()].map((member) => member.raft.status());
  expect(new Set(all.map((status) => status.term)).size, `${what}`).toBe(1);
  expect(all.filter((status) => status.role === "leader").length, `${what}`).toBe(1);
  expect(new Set(all.map((status) => status.commitIndex)).size, `${what}`).toBe(1);
  expect(all[0]!.term, `${what}`).toBeGreaterThanOrEqual(term + gap);
}

test("a learner never campaigns: not after any silence, and not when it is told to", () => {
  const solo = new Solo({ configuration: majority(["b", "c"], ["a"]), term: 1 });
  for (let tick = 0; tick < 200; tick++) solo.raft.tick();
  solo.raft.campaign();
  solo.step({ type: "heartbeat", from: "b", to: "a", term: 1, commit: 0, context: 0 });
  solo.step({ type: "timeout-now", from: "b", to: "a", term: 1 });
  expect(solo.raft.status()).toMatchObject({ role: "learner", term: 1, leader: "b" });
});

test("three members commit under every set of one-way cuts that leaves two connected", () => {
  const ids = ["a", "b", "c"];
  const links = ids.flatMap((from) => ids.filter((to) => to !== from).map((to) => `${from}>${to}`));
  for (let mask = 0; mask < 2 ** links.length; mask++) {
    const cut = links.filter((_, at) => (mask >> at) & 1);
    const connected = (one: NodeId, other: NodeId): boolean =>
      !cut.includes(`${one}>${other}`) && !cut.includes(`${other}>${one}`);
    if (!connected("a", "b") && !connected("a", "c") && !connected("b", "c")) continue;
    for (const before of [false, true]) expectProgress(ids, cut, mask, before);
  }
});

test("five members commit under one-way cuts that leave three connected", () => {
  const random = seeded(9);
  const links = five.flatMap((from) =>
    five.filter((to) => to !== from).map((to) => `${from}>${to}`),
  );
  for (let seed = 0; seed < sweep(2000, 20_000); seed++) {
    const core = five.toSorted(() => random() - 0.5).slice(0, 3);
    const cut = links.filter((link) => {
      const [from = "", to = ""] = link.split(">");
      return !(core.includes(from) && core.includes(to)) && random() < 0.5;
    });
    expectProgress(five, cut, seed, seed % 2 === 0);
  }
});

/** With the cut there from the beginning, or in the middle of calm. */
function expectProgress(
  ids: readonly NodeId[],
  cut: readonly string[],
  seed: number,
  before: boolean,
): void {
  const group = new Group(majority(ids), timing, seed);
  if (!before) group.elect(200);
  for (const link of cut) group.cut.add(link);
  if (!before) group.beat(30);
  expect(group.commits(400), `cut ${cut.join(" ")}, seed ${seed}`).toBe(true);
  for (const [term, leaders] of group.leaders) expect([term, leaders.size]).toEqual([term, 1]);
}

test("in a ring where everybody sees another majority one leads a term, and it commits", () => {
  for (let seed = 0; seed < 20; seed++) {
    const group = new Group(majority(five), timing, seed);
    five.forEach((from, at) => {
      five.forEach((to, other) => {
        const distance = Math.abs(at - other);
        if (distance === 2 || distance === 3) group.cut.add(`${from}>${to}`);
      });
    });
    expect(group.commits(400), `seed ${seed}`).toBe(true);
    for (const [term, leaders] of group.leaders) expect([term, leaders.size]).toEqual([term, 1]);
  }
});

test("members that start together elect a leader within ten election timeouts", () => {
  for (let seed = 0; seed < 1000; seed++) {
    const group = new Group(majority(five), timing, seed);
    expect(() => group.elect(100), `seed ${seed}`).not.toThrow();
  }
});

test("a removed member that does not know it disturbs nobody", () => {
  const group = new Group(majority(["a", "b", "c"]), timing, 3);
  const leader = group.elect(200);
  group.beat(20);
  const { id, term } = leader.raft.status();
  const removed = ["a", "b", "c"].find((other) => other !== id)!;
  group.isolate(removed);
  const rest = ["a", "b", "c"].filter((other) => other !== removed);
  expect(leader.raft.proposeConfiguration(majority(rest)).accepted).toBe(true);
  group.beat(50);
  group.cut.clear();
  group.beat(500);
  expect(group.leader?.raft.status()).toMatchObject({ id, term });
  expect(group.members.get(removed)?.raft.status().term).toBe(term);
});

test("a leader in its lease heeds no campaign but one that it asked for itself", () => {
  const solo = new Solo();
  solo.lead();
  expect(solo.raft.status()).toMatchObject({ role: "leader", term: 1 });
  expect(solo.step(voteFrom("b", 2, 9, 9))).toEqual([]);
  expect(solo.raft.status()).toMatchObject({ role: "leader", term: 1 });
  expect(solo.step({ ...voteFrom("b", 2, 9, 9), transfer: true } as Message)).toMatchObject([
    { type: "vote-answer", reject: false },
  ]);
  expect(solo.raft.status()).toMatchObject({ role: "follower", term: 2 });
});

test("only the present leader can tell a member to campaign", () => {
  const solo = new Solo({ term: 1 });
  solo.step({ type: "timeout-now", from: "b", to: "a", term: 1 });
  expect(solo.raft.status()).toMatchObject({ role: "follower", term: 1 });
  solo.step({ type: "heartbeat", from: "b", to: "a", term: 1, commit: 0, context: 0 });
  solo.step({ type: "timeout-now", from: "c", to: "a", term: 1 });
  expect(solo.raft.status()).toMatchObject({ role: "follower", term: 1 });
  const sent = solo.step({ type: "timeout-now", from: "b", to: "a", term: 1 });
  expect(sent).toMatchObject([
    { type: "vote", transfer: true },
    { type: "vote", transfer: true },
  ]);
});

test("messages for somebody else are dropped", () => {
  const solo = new Solo();
  expect(solo.step({ ...voteFrom("b", 5), to: "c" }, voteFrom("a", 5))).toEqual([]);
  expect(solo.raft.status().term).toBe(0);
});
