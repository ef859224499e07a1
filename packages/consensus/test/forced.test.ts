import { expect, test } from "vitest";
import type { Configuration, NodeId } from "../src/index.ts";
import { majority } from "../src/index.ts";
import { codec } from "./support/codec.ts";
import { Group } from "./support/group.ts";
import { Solo } from "./support/solo.ts";

const timing = { electionTicks: 10, electionJitterTicks: 10, heartbeatTicks: 2, leaseTicks: 10 };

const old = majority(["a", "b", "c", "d", "e"]);

/** What is put in force by hand when the others are lost. */
const survivors: Configuration = majority(["a", "b"], ["l"]);

const forced = { configuration: survivors, incarnation: 2 };

/** As the log has it. */
const written: Configuration = { ...survivors, incarnation: 2 };

function entryOf(index: number, term: number, configuration: Configuration) {
  return { index, term, kind: "configuration", data: codec.encode(configuration) } as const;
}

/** A group of five that lost three; the others are put in force. */
function decimated(seed: number, force: readonly NodeId[]): Group {
  const group = new Group(old, timing, seed, ["l"]);
  group.elect(200);
  expect(group.commits(20)).toBe(true);
  group.beat(20);
  for (const [id, member] of group.members) {
    member.crash(0);
    if (force.includes(id)) member.disk.forced = forced;
  }
  for (const id of force) group.members.get(id)!.start();
  return group;
}

test("it counts over what the log says, and the next leader writes it there", () => {
  const group = decimated(1, ["a", "b", "l"]);
  expect(group.members.get("a")!.raft.status()).toMatchObject({ forced: true });
  expect(group.members.get("l")!.raft.status()).toMatchObject({ role: "learner" });
  group.elect(200);
  expect(group.commits(40)).toBe(true);
  group.beat(20);
  for (const id of ["a", "b", "l"]) {
    const { raft, disk } = group.members.get(id)!;
    expect(raft.status()).toMatchObject({ forced: false, configuration: written });
    expect(disk.forced).toBe(undefined);
  }
});

test("afterwards it is in the log alone: also without the option, and after a snapshot", () => {
  const group = decimated(2, ["a", "b", "l"]);
  group.elect(200);
  group.commits(40);
  group.beat(20);
  const member = group.members.get("b")!;
  member.crash(0);
  member.start();
  expect(member.raft.status()).toMatchObject({ forced: false, configuration: written });
  group.elect(200);
  group.beat(20);
  const { appliedIndex } = member.raft.status();
  expect(member.raft.configurationAt(appliedIndex)).toEqual(written);
});

test("whoever has no place in it does nothing", () => {
  const group = decimated(3, ["a", "b", "c"]);
  group.elect(200);
  group.beat(100);
  expect(group.members.get("c")!.raft.status()).toMatchObject({
    role: "learner",
    leader: undefined,
  });
});

test("it is not lost with the leader that wrote it, nor with the entry", () => {
  for (let seed = 1; seed <= 30; seed++) {
    const group = decimated(seed, ["a", "b", "l"]);
    const first = group.elect(200);
    // The write is done or not, and what was sent arrives or not.
    group.beat(seed % 3);
    first.crash(0);
    group.beat(seed % 5);
    first.start();
    group.elect(300);
    expect(group.commits(60)).toBe(true);
    group.beat(20);
    expect(first.raft.status()).toMatchObject({ forced: false, configuration: written });
    expect(first.disk.forced).toBe(undefined);
  }
});

test("configurations of the old incarnation are void, also from a longer log", () => {
  const solo = new Solo({ term: 1, terms: [1], configuration: old, forced });
  const leader = { type: "append", from: "b", to: "a", index: 1, logTerm: 1, commit: 0 } as const;
  const stale = entryOf(2, 1, majority(["a", "b", "c"]));
  solo.step({ ...leader, term: 2, entries: [stale] });
  expect(solo.raft.status()).toMatchObject({ forced: true, configuration: written });
  const fresh = entryOf(3, 2, { ...majority(["a", "b", "l"]), incarnation: 2 });
  solo.step({ ...leader, term: 2, entries: [stale, fresh] });
  expect(solo.raft.status().configuration.groups[0]!.voters).toEqual(["a", "b", "l"]);
  // Appended is not committed: it may be cut off again.
  expect(solo.raft.status().forced).toBe(true);
  solo.step({ ...leader, term: 3, index: 1, entries: [{ ...stale, term: 3, kind: "empty" }] });
  expect(solo.raft.status()).toMatchObject({ forced: true, configuration: written });
});

test("a snapshot of the old incarnation does not undo it, one of the new one settles it", () => {
  const solo = new Solo({ term: 1, configuration: old, forced });
  const message = { type: "snapshot", from: "b", to: "a", term: 2 } as const;
  solo.step({ ...message, mark: { index: 5, term: 1, configuration: old } });
  expect(solo.raft.status()).toMatchObject({ forced: true, configuration: written });
  solo.step({ ...message, mark: { index: 9, term: 2, configuration: written } });
  expect(solo.raft.status()).toMatchObject({ forced: false, configuration: written });
});

test("what follows inherits the incarnation, and nobody proposes another", () => {
  const solo = new Solo({ term: 1, configuration: old, forced });
  solo.lead();
  expect(solo.raft.status()).toMatchObject({ lastIndex: 2, configuration: written });
  solo.accept("b", 2);
  expect(solo.raft.status().forced).toBe(false);
  const next = majority(["a", "b", "l"]);
  const unsafe = { accepted: false, reason: "unsafe" };
  expect(solo.raft.proposeConfiguration({ ...next, incarnation: 3 })).toEqual(unsafe);
  expect(solo.raft.proposeConfiguration(next)).toMatchObject({ accepted: true });
  expect(solo.raft.status().configuration).toEqual({ ...next, incarnation: 2 });
});

test("a member that finds it committed when it starts says so", () => {
  const first = new Solo({ term: 1, configuration: old, forced });
  first.lead();
  first.accept("b", 2);
  expect(first.raft.status()).toMatchObject({ commitIndex: 2, forced: false });
  first.raft.propose([new Uint8Array(1)]);
  first.flush();
  const solo = new Solo({ disk: first.disk, configuration: old, forced });
  expect(solo.raft.ready()?.soft).toMatchObject({ forced: false });
});

test("it is written once: a leader that finds it in its log adds nothing", () => {
  const solo = new Solo({ term: 1, configuration: old, forced });
  const append = { type: "append", from: "b", to: "a", index: 0, logTerm: 0, commit: 0 } as const;
  solo.step({ ...append, term: 2, entries: [entryOf(1, 2, written)] });
  solo.lead();
  expect(solo.raft.status()).toMatchObject({ lastIndex: 2, forced: true });
});
