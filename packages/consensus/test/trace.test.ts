import { expect, test } from "vitest";
import type { Message, NodeId, TraceEvent } from "../src/index.ts";
import { majority } from "../src/index.ts";
import { assert } from "./support/checks.ts";
import { bytes } from "./support/codec.ts";
import { Member } from "./support/member.ts";
import { seeded } from "./support/random.ts";
import { entry, Solo } from "./support/solo.ts";
import { TraceModel } from "./support/trace-model.ts";

const timing = { electionTicks: 6, electionJitterTicks: 6, heartbeatTicks: 2, leaseTicks: 6 };

/** Messages that the specification does not know. */
const untraced = new Set(["pre-vote", "pre-vote-answer", "timeout-now"]);

/**
 * What a group goes through under loss and disorder. Left out, as if lost, is what the
 * specification has no rule for: terms learnt from messages that it does not know, and votes asked
 * of followers that have a leader in that term.
 */
function traceOf(seed: number, voters: readonly NodeId[], steps: number): TraceEvent[] {
  const random = seeded(seed);
  const events: TraceEvent[] = [];
  let flights: Message[] = [];
  const members = voters.map((id, at) => {
    const member = new Member(
      {
        id,
        configuration: majority(voters),
        timing,
        random: seeded(seed * 31 + at),
        trace: (event) => events.push(event),
      },
      {
        send: (message) => flights.push(message),
        apply: () => undefined,
        install: () => undefined,
        read: () => undefined,
      },
    );
    // The specification begins with a committed entry: before it, heartbeats commit nothing.
    const hardState = { term: 1, vote: undefined, commitIndex: 1 };
    member.disk.write({ hardState, reset: undefined, entries: [entry(1, 1)] });
    member.start();
    return member;
  });
  const settle = (member: Member): void => {
    while (member.collect() !== undefined || member.writes.length > 0) member.completeWrites(1);
  };
  const loss = random() * 0.3;
  for (let step = 0; step < steps; step++) {
    const member = members[Math.floor(random() * members.length)]!;
    const { id, term, leader } = member.raft.status();
    const choice = random();
    if (choice < 0.3) member.raft.tick();
    else if (choice < 0.4) member.raft.propose([bytes(`${step}`), bytes("more")]);
    else {
      const mine = flights.filter((message) => message.to === id);
      const message = mine[Math.floor(random() * mine.length)];
      flights = flights.filter((other) => other !== message);
      if (message === undefined || random() < loss) continue;
      if (untraced.has(message.type) && message.term > term + 1) continue;
      if (message.type === "pre-vote-answer" && message.reject && message.term > term) continue;
      if (message.type === "vote" && message.term === term && leader !== undefined) continue;
      member.raft.step(message);
    }
    settle(member);
  }
  return events;
}

const names = [
  "InitState",
  "BecomeCandidate",
  "BecomeFollower",
  "BecomeLeader",
  "Commit",
  "Replicate",
  "Ready",
  ...["Send", "Receive"].flatMap((verb) =>
    ["AppendEntries", "RequestVote"].flatMap((call) => [
      `${verb}${call}Request`,
      `${verb}${call}Response`,
    ]),
  ),
];

test("runs are steps that the public specification allows, and exercise all of them", () => {
  const found = new Set<string>();
  for (let seed = 1; seed <= 60; seed++) {
    const model = new TraceModel();
    const events = traceOf(seed, seed % 2 === 0 ? ["a", "b", "c"] : ["a", "b", "c", "d", "e"], 600);
    events.forEach((event, at) => {
      found.add(event.name);
      try {
        model.step(event);
      } catch (error) {
        throw new Error(`seed ${seed}, event ${at}`, { cause: error });
      }
    });
  }
  expect([...found].toSorted()).toEqual(names.toSorted());
});

test("a step that the specification does not allow is noticed", () => {
  const events = traceOf(2, ["a", "b", "c"], 600);
  const judge = (altered: readonly TraceEvent[]): void => {
    const model = new TraceModel();
    for (const event of altered) model.step(event);
  };
  judge(events);
  for (const name of ["Ready", "BecomeCandidate", "Replicate", "SendAppendEntriesRequest"]) {
    const altered = events.filter((event) => event.name !== name);
    expect(() => judge(altered), `without ${name}`).toThrow(/./);
  }
});

test("every message that is received was sent, with the same content", () => {
  const events = traceOf(7, ["a", "b", "c"], 2000);
  const sent = new Map<string, number>();
  let received = 0;
  for (const { name, nid, msg } of events) {
    if (msg === undefined) continue;
    const key = `${name.replace(/^Send|^Receive/, "")} ${JSON.stringify(msg)}`;
    const count = sent.get(key) ?? 0;
    expect(nid).toBe(name.startsWith("Send") ? msg.from : msg.to);
    const isSent = name.startsWith("Send");
    assert(isSent || count > 0, `${key} was sent before`);
    if (!isSent) received += 1;
    sent.set(key, count + (isSent ? 1 : -1));
  }
  expect(received).toBeGreaterThan(100);
});

test("events have the fields of the specification, and survive JSON", () => {
  const events = traceOf(3, ["a", "b", "c"], 300);
  for (const event of events) {
    expect(JSON.parse(JSON.stringify(event))).toEqual(event);
    expect(Object.keys(event).slice(0, 6)).toEqual(["name", "nid", "state", "role", "log", "conf"]);
    expect(Object.keys(event.state)).toEqual(["term", "vote", "commit"]);
  }
  const keys = "type term from to vote entries logTerm index commit reject rejectHint";
  const messages = events.flatMap(({ msg }) => (msg === undefined ? [] : [msg]));
  expect(new Set(messages.map((msg) => Object.keys(msg).join(" ")))).toEqual(new Set([keys]));
});

test("changes of members are told when they are appended and when they count", () => {
  const events: TraceEvent[] = [];
  const solo = new Solo({ trace: (event) => events.push(event) });
  solo.lead();
  solo.accept("b", 1);
  events.length = 0;
  const next = { ...majority(["a", "b", "d"], ["l"]), autoLeave: true };
  const joint = { ...next, outgoingGroups: majority(["a", "b", "c"]).groups };
  solo.raft.proposeConfiguration(joint);
  const told = events.filter(({ prop }) => prop !== undefined);
  expect(told.map(({ name, conf, prop }) => ({ name, conf, ...prop }))).toEqual([
    {
      name: "ChangeConf",
      conf: [["a", "b", "c"], []],
      cc: {
        changes: [
          { nid: "d", action: "AddNewServer" },
          { nid: "l", action: "AddLearner" },
          { nid: "c", action: "RemoveServer" },
        ],
      },
    },
    {
      name: "ApplyConfChange",
      conf: [
        ["a", "b", "d"],
        ["a", "b", "c"],
      ],
      cc: { newconf: ["a", "b", "d"] },
    },
  ]);
});

test("snapshots are appends of everything up to their end", () => {
  const events: TraceEvent[] = [];
  const solo = new Solo({ trace: (event) => events.push(event) });
  const mark = { index: 7, term: 2, configuration: majority(["a", "b", "c"]) };
  solo.step({ type: "snapshot", from: "b", to: "a", term: 2, mark });
  const got = events.filter(({ name }) => name === "ReceiveAppendEntriesRequest");
  expect(got).toMatchObject([{ msg: { type: "MsgSnap", entries: 7, index: 0, logTerm: 0 } }]);
});
