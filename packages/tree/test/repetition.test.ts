import { expect, test } from "vitest";
import { text } from "./support/bytes.ts";
import { SessionTable } from "../src/session-table.ts";
import { Cluster, codeOf, create, recordsOf, set, sliceOf } from "./support/cluster.ts";

const by = (sequence: number, acknowledged = 0) => ({ session: 7, sequence, acknowledged });

function withSession(): Cluster {
  const tree = new Cluster("global");
  tree.open(7);
  return tree;
}

test("a write that is repeated gets the first answer, the first index, and changes nothing", () => {
  const tree = withSession();
  const first = tree.create("/global/a", "x", by(1));
  tree.set("/global/a", "y");
  const again = tree.create("/global/a", "x", by(1));
  expect(again).toEqual({ ...first, transactions: [] });
  expect(text(tree.tree.get("/global/a")?.data)).toBe("y");
});

test("a write that is repeated gets a refusal again, even if it would go through by now", () => {
  const tree = withSession();
  const first = tree.set("/global/a", "x", -1, by(1));
  expect(codeOf(first)).toBe("NO_NODE");
  tree.create("/global/a");
  expect(tree.set("/global/a", "x", -1, by(1))).toEqual(first);
});

test("a write that is repeated gets a multi's parts again, failed or not", () => {
  const tree = withSession();
  const good = [create("/global/a"), set("/global/a", "x", 0)];
  const bad = [create("/global/b"), set("/global/a", "x", 9)];
  const answers = [tree.multi(good, by(1)), tree.multi(bad, by(2))];
  const again = [tree.multi(good, by(1)), tree.multi(bad, by(2))];
  expect(again.map(({ result }) => result)).toEqual(answers.map(({ result }) => result));
  expect(again.map(({ index }) => index)).toEqual(answers.map(({ index }) => index));
});

test("1,000 increments, each sent up to three times, make 1,000", () => {
  const tree = withSession();
  tree.create("/global/n", "0");
  for (let sequence = 1; sequence <= 1_000; sequence += 1) {
    const value = Number(text(tree.tree.get("/global/n")?.data));
    const { version } = tree.stat("/global/n");
    for (let copy = 0; copy < 1 + (sequence % 3); copy += 1) {
      const answer = tree.set("/global/n", String(value + 1), version, by(sequence, sequence - 1));
      expect(codeOf(answer)).toBe("");
    }
  }
  expect(text(tree.tree.get("/global/n")?.data)).toBe("1000");
});

test("a write that is repeated is known after a restart from a snapshot", () => {
  const tree = withSession();
  const first = tree.create("/global/a", "x", by(1));
  const failed = tree.create("/global/a", "x", by(2));
  tree.restart();
  expect(tree.create("/global/a", "x", by(1))).toEqual({ ...first, transactions: [] });
  expect(tree.create("/global/a", "x", by(2))).toEqual(failed);
  expect(tree.tree.session(7)?.appliedSequence).toBe(2);
});

test("a write that was overtaken is answered UNKNOWN and not applied", () => {
  const tree = withSession();
  tree.create("/global/b", "", by(2));
  const late = tree.create("/global/a", "", by(1));
  expect(codeOf(late)).toBe("UNKNOWN");
  expect(tree.tree.get("/global/a")).toBeUndefined();
});

test("a write that was overtaken is answered UNKNOWN after a restart too", () => {
  const tree = withSession();
  tree.create("/global/b", "", by(5));
  tree.restart();
  expect(codeOf(tree.create("/global/a", "", by(3)))).toBe("UNKNOWN");
});

test("an acknowledged write asked for again is UNKNOWN, never done again", () => {
  const tree = withSession();
  tree.create("/global/a", "", by(1));
  tree.create("/global/b", "", by(2));
  tree.create("/global/c", "", by(3, 2));
  tree.delete("/global/a");
  expect(codeOf(tree.create("/global/a", "", by(1)))).toBe("UNKNOWN");
  expect(codeOf(tree.create("/global/b", "", by(2)))).toBe("UNKNOWN");
  expect(codeOf(tree.create("/global/c", "", by(3)))).toBe("");
  expect(tree.tree.get("/global/a")).toBeUndefined();
});

test("the highest number stays known when all answers were acknowledged", () => {
  const tree = withSession();
  tree.create("/global/a", "", by(5, 5));
  tree.restart();
  expect(tree.tree.session(7)?.appliedSequence).toBe(5);
  expect(codeOf(tree.create("/global/b", "", by(4)))).toBe("UNKNOWN");
});

test("an acknowledged write leaves no answer in a snapshot", () => {
  const tree = withSession();
  const kept = () => {
    const { tree: state } = tree;
    const snapshot = state.snapshot();
    for (let slice = sliceOf(snapshot); slice.length > 0; slice = sliceOf(snapshot)) {
      for (const record of slice) {
        if (record.kind === "session")
          return record.session.answers.map(({ sequence }) => sequence);
      }
    }
    return [];
  };
  for (let sequence = 1; sequence <= 5; sequence += 1) tree.set("/global", "x", -1, by(sequence));
  expect(kept()).toEqual([1, 2, 3, 4, 5]);
  tree.set("/global", "x", -1, by(6, 4));
  expect(kept()).toEqual([5, 6]);
});

test("answers are bounded: the oldest are given up, not done again", () => {
  const tree = withSession();
  tree.create("/global/a", "", by(1));
  for (let sequence = 2; sequence <= 16_385; sequence += 1) {
    tree.set("/global/missing", "", -1, by(sequence));
  }
  tree.delete("/global/a");
  expect(codeOf(tree.create("/global/a", "", by(1)))).toBe("UNKNOWN");
  expect(codeOf(tree.create("/global/a", "", by(2)))).toBe("NO_NODE");
});

test("answers are bounded in bytes: the oldest are given up, not done again", () => {
  const tree = withSession();
  const name = "x".repeat(200);
  const parts = Array.from({ length: 128 }, (_, at) => create(`/global/${name}${at}`));
  const many = 200;
  for (let sequence = 1; sequence <= many; sequence += 1) {
    tree.multi(parts, by(sequence));
    if (sequence === many / 2) tree.restart();
  }
  const kept = recordsOf(tree.tree).flatMap((record) => {
    return record.kind === "session" ? record.session.answers : [];
  });
  expect(kept.length).toBeGreaterThan(50);
  expect(kept.length).toBeLessThan(150);
  expect(kept.at(-1)?.sequence).toBe(many);
  const first = kept[0]?.sequence ?? 0;
  expect(codeOf(tree.multi(parts, by(first)))).toBe("NODE_EXISTS");
  expect(codeOf(tree.multi(parts, by(first - 1)))).toBe("UNKNOWN");
  expect(codeOf(tree.multi(parts, by(1)))).toBe("UNKNOWN");
  const digest = tree.tree.digest();
  tree.restart();
  expect(tree.tree.digest()).toBe(digest);
});

test("one answer is kept however large it is", () => {
  const sessions = new SessionTable(() => new Set());
  sessions.open(7, new Uint8Array(), 1_000);
  const path = "x".repeat(5 * 1024 * 1024);
  const part = { path, stat: undefined, code: "", outcome: "done" } as const;
  for (const sequence of [1, 2]) {
    sessions.remember(7, 0, {
      sequence,
      index: sequence,
      result: { kind: "multi", parts: [part] },
    });
  }
  expect(sessions.recall(7, 2)).toMatchObject({ index: 2 });
  expect(sessions.recall(7, 1)).toBe("forgotten");
});

test("while all sessions together keep too much, each keeps little", () => {
  const sessions = new SessionTable(() => new Set());
  const part = { path: "x".repeat(1_000_000), stat: undefined, code: "", outcome: "done" } as const;
  const result = { kind: "multi", parts: [part] } as const;
  const ids = Array.from({ length: 70 }, (_, at) => at + 1);
  for (const id of ids) sessions.open(id, new Uint8Array(), 1_000);
  for (const sequence of [1, 2, 3, 4]) {
    for (const id of ids) sessions.remember(id, 0, { sequence, index: 1, result });
  }
  const kept = () => sessions.records().reduce((sum, { answers }) => sum + answers.length, 0);
  expect(kept()).toBeLessThan(280);
  expect(kept()).toBeGreaterThan(250);
  sessions.remember(70, 0, { sequence: 5, index: 1, result });
  for (const id of ids.slice(0, 60)) sessions.close(id);
  for (const sequence of [6, 7, 8]) sessions.remember(70, 0, { sequence, index: 1, result });
  expect(sessions.recall(70, 6)).toMatchObject({ index: 1 });
});

test("a write without a number is done each time and disturbs no numbered one", () => {
  const tree = withSession();
  const first = tree.create("/global/a", "", by(1));
  expect(codeOf(tree.set("/global/a", "x", -1, by(0)))).toBe("");
  expect(codeOf(tree.set("/global/a", "x", -1, by(0)))).toBe("");
  expect(tree.stat("/global/a").version).toBe(2);
  expect(tree.tree.session(7)?.appliedSequence).toBe(1);
  expect(tree.create("/global/a", "", by(1))).toEqual({ ...first, transactions: [] });
});

test("a write outside of a session is done each time, whatever ticket it bears", () => {
  const tree = new Cluster("global");
  tree.create("/global/a", "", { sequence: 99 });
  expect(codeOf(tree.create("/global/a", "", { sequence: 99 }))).toBe("NODE_EXISTS");
});
