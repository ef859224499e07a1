import { expect, test } from "vitest";
import type { Message, SnapshotMark } from "../src/index.ts";
import { majority } from "../src/index.ts";
import { assert } from "./support/checks.ts";
import { Member } from "./support/member.ts";
import { entry } from "./support/solo.ts";

const timing = { electionTicks: 5, electionJitterTicks: 0, heartbeatTicks: 2, leaseTicks: 5 };
const configuration = majority(["a", "b", "c"]);
const mark: SnapshotMark = { index: 10, term: 9, configuration };

const toA = { to: "a" } as const;
const vote = { ...toA, type: "vote", transfer: true } as const;
const append = { ...toA, type: "append", commit: 0 } as const;

/** What happens to member `a`: votes, entries, later terms, its own campaign, a snapshot. */
const happenings: readonly ((member: Member) => void)[] = [
  step({ ...vote, from: "b", term: 2, index: 0, logTerm: 0 }),
  step({ ...append, from: "b", term: 2, index: 0, logTerm: 0, entries: [entry(1, 2)] }),
  step({ ...append, from: "b", term: 2, index: 1, logTerm: 2, entries: [entry(2, 2)] }),
  step({ ...vote, from: "c", term: 5, index: 2, logTerm: 2 }),
  step({ ...vote, from: "b", term: 5, index: 9, logTerm: 2 }),
  step({ ...append, from: "c", term: 5, index: 2, logTerm: 2, entries: [entry(3, 5)] }),
  step({ ...toA, type: "heartbeat", from: "b", term: 7, commit: 0, context: 0 }),
  (member) => {
    for (let tick = 0; tick < timing.electionTicks; tick++) member.raft.tick();
    for (const from of ["b", "c"]) {
      member.raft.step({ ...toA, type: "pre-vote-answer", from, term: 8, reject: false });
    }
  },
  step({ ...toA, type: "snapshot", from: "c", term: 9, mark }),
  step({ ...append, from: "c", term: 9, index: 10, logTerm: 9, entries: [entry(11, 9)] }),
  step({ ...vote, from: "b", term: 12, index: 11, logTerm: 9 }),
];

function step(message: Message): (member: Member) => void {
  return (member) => member.raft.step(message);
}

/** What a member has told others, and must know for ever. */
class Word {
  #term = 0;
  #matched = 0;
  readonly #votes = new Map<number, string>();

  hear(message: Message): void {
    const { type, term, to } = message;
    if (type === "pre-vote" || type === "pre-vote-answer") return;
    this.#term = Math.max(this.#term, term);
    if (type === "vote") this.#votes.set(term, "a");
    if (type === "vote-answer" && !message.reject) this.#votes.set(term, to);
    if (type === "append-answer" && !message.reject) {
      this.#matched = Math.max(this.#matched, message.index);
    }
  }

  /** After a start, and before anything else has happened. */
  expectKept(member: Member, where: string): void {
    const { term, vote: given, firstIndex, lastIndex } = member.raft.status();
    assert(term >= this.#term, `${where}: the term fell to ${term}`);
    const said = this.#votes.get(term);
    assert(said === undefined || said === given, `${where}: ${said} had the vote`);
    assert(lastIndex >= this.#matched, `${where}: ${this.#matched} was acknowledged`);
    const base = member.disk.snapshot()?.index ?? 0;
    assert(firstIndex <= base + 1, `${where}: the log goes on from the snapshot`);
  }
}

/** Runs so many happenings; writes become durable when more than `lag` of them wait. */
function run(count: number, lag: number): { readonly member: Member; readonly word: Word } {
  const word = new Word();
  const member = new Member(
    { id: "a", configuration, timing, random: () => 0 },
    {
      send: (message) => word.hear(message),
      apply: () => undefined,
      install: () => undefined,
      read: () => undefined,
    },
  );
  member.start();
  for (const happen of happenings.slice(0, count)) {
    happen(member);
    while (member.collect() !== undefined) continue;
    while (member.writes.length > lag) {
      member.completeWrites(1);
      while (member.collect() !== undefined) continue;
    }
  }
  return { member, word };
}

test("a member keeps its word wherever it crashes: term, vote and what it acknowledged", () => {
  let crashes = 0;
  for (let count = 0; count <= happenings.length; count++) {
    for (let lag = 0; lag < 4; lag++) {
      const pending = run(count, lag).member.writes.length;
      for (let kept = 0; kept <= pending; kept++) {
        const { member, word } = run(count, lag);
        member.crash(kept);
        member.start();
        word.expectKept(member, `after ${count}, ${lag} writes behind, ${kept} of them kept`);
        crashes += 1;
      }
    }
  }
  expect(crashes).toBeGreaterThan(80);
});

test("after every crash the member goes on, and a second crash changes nothing", () => {
  for (let count = 0; count <= happenings.length; count++) {
    for (let kept = 0; kept <= run(count, 2).member.writes.length; kept++) {
      const { member, word } = run(count, 2);
      member.crash(kept);
      member.start();
      // The last of what was lost may come again.
      for (const happen of happenings.slice(Math.max(count - 1, 0))) {
        happen(member);
        while (member.collect() !== undefined || member.writes.length > 0) member.completeWrites(1);
      }
      expect(member.raft.status(), `${count} ${kept}`).toMatchObject({ term: 12, vote: "b" });
      member.crash(0);
      member.start();
      word.expectKept(member, `${count} ${kept}`);
    }
  }
});

test("a snapshot and what follows it are there together or not at all", () => {
  const before = happenings.length - 3;
  for (let kept = 0; kept <= 2; kept++) {
    const { member } = run(before, 0);
    happenings[before]!(member);
    while (member.collect() !== undefined) continue;
    happenings[before + 1]!(member);
    while (member.collect() !== undefined) continue;
    expect(member.writes).toHaveLength(2);
    member.crash(kept);
    member.start();
    const { firstIndex, lastIndex, appliedIndex } = member.raft.status();
    expect({ firstIndex, lastIndex, appliedIndex }).toEqual(
      [
        { firstIndex: 1, lastIndex: 3, appliedIndex: 0 },
        { firstIndex: 11, lastIndex: 10, appliedIndex: 10 },
        { firstIndex: 11, lastIndex: 11, appliedIndex: 10 },
      ][kept],
    );
  }
});
