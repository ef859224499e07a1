import { expect, test } from "vitest";
import type { Message, NodeId } from "../src/index.ts";
import { majority } from "../src/index.ts";
import { bytes } from "./support/codec.ts";
import { Solo } from "./support/solo.ts";

const witnessed = { ...majority(["a", "b", "c"]), witnesses: ["a"] };

function established(options: ConstructorParameters<typeof Solo>[0] = {}): Solo {
  const solo = new Solo(options);
  solo.lead();
  return solo;
}

/** So many ticks during which the named go on answering heartbeats. */
function pass(solo: Solo, ticks: number, alive: readonly NodeId[]): Message[] {
  const sent: Message[] = [];
  const { term } = solo.raft.status();
  for (let tick = 0; tick < ticks; tick++) {
    solo.raft.tick();
    sent.push(...solo.flush());
    for (const from of alive) {
      const answer = { type: "heartbeat-answer", from, to: "a", term, context: 0 } as const;
      sent.push(...solo.step(answer));
    }
  }
  return sent;
}

/** Who is told to campaign, each run of the same once. */
function urged(sent: readonly Message[]): NodeId[] {
  const ids = sent.filter(({ type }) => type === "timeout-now").map(({ to }) => to);
  return ids.filter((id, at) => id !== ids[at - 1]);
}

test("a target that has the whole log is told at once, and again until the time is up", () => {
  const solo = established();
  solo.accept("b", 1);
  expect(solo.raft.transferLeadership("b")).toBe("started");
  expect(solo.flush()).toMatchObject([{ type: "timeout-now", to: "b" }]);
  const sent = pass(solo, 9, ["b", "c"]);
  expect(sent.filter(({ type }) => type === "timeout-now")).toHaveLength(4);
  expect(solo.raft.propose([bytes("x")])).toMatchObject({ reason: "transferring" });
  pass(solo, 1, ["b", "c"]);
  expect(solo.raft.propose([bytes("x")])).toMatchObject({ accepted: true });
});

test("a target that is behind is told when it has caught up", () => {
  const solo = established();
  solo.accept("b", 1);
  solo.raft.propose([bytes("x")]);
  solo.flush();
  solo.raft.transferLeadership("c");
  expect(urged(solo.flush())).toEqual([]);
  expect(urged(solo.accept("c", 1))).toEqual([]);
  expect(urged(solo.accept("c", 2))).toEqual(["c"]);
});

test("what a member refuses to hand over, and to whom", () => {
  const solo = established({
    configuration: { ...majority(["a", "b", "c"], ["l"]), witnesses: ["c"] },
  });
  const answers = ["a", "b", "b", "c", "l", "x"].map((to) => solo.raft.transferLeadership(to));
  expect(answers).toEqual([
    "already-leader",
    "started",
    "started",
    "witness",
    "not-a-voter",
    "not-a-voter",
  ]);
  expect(new Solo().raft.transferLeadership("b")).toBe("not-leader");
});

test("a witness hands over to the first full voter that has the whole log", () => {
  const solo = established({ configuration: witnessed });
  expect(solo.raft.propose([bytes("x")])).toEqual({ accepted: false, reason: "not-leader" });
  expect(urged(solo.accept("c", 1))).toEqual(["c"]);
  expect(solo.raft.status().transferTo).toBe("c");
});

test("a witness feeds the most up-to-date voter first", () => {
  const solo = established({ configuration: witnessed, term: 1, terms: [1, 1, 1, 1] });
  const refusal = { type: "append-answer", to: "a", term: 2, reject: true, logTerm: 1 } as const;
  solo.step({ ...refusal, from: "b", index: 4, hint: 1 });
  solo.step({ ...refusal, from: "c", index: 4, hint: 2 });
  solo.accept("b", 3);
  solo.accept("c", 2);
  solo.raft.tick();
  expect(solo.raft.status().transferTo).toBe("b");
});

test("a witness turns to another voter when one does not campaign, though it lives", () => {
  const solo = established({ configuration: witnessed });
  solo.accept("b", 1);
  solo.accept("c", 1);
  const sent = pass(solo, 15, ["b", "c"]);
  expect(urged(sent)).toEqual(["b", "c"]);
});

test("a witness is patient with a voter that gets on", () => {
  const terms = Array.from({ length: 20 }, () => 1);
  const solo = established({ configuration: witnessed, term: 1, terms });
  for (let index = 1; index <= 8; index++) {
    solo.accept("b", index);
    pass(solo, 5, ["b", "c"]);
    expect(solo.raft.status()).toMatchObject({ role: "leader", transferTo: "b" });
  }
});

test("a witness that finds nobody steps down", () => {
  const solo = established({ configuration: witnessed });
  solo.accept("b", 1);
  solo.accept("c", 1);
  pass(solo, 20, ["b", "c"]);
  expect(solo.raft.status().role).toBe("leader");
  pass(solo, 12, ["b", "c"]);
  expect(solo.raft.status()).toMatchObject({ role: "follower", leader: undefined });
});
