import { expect, test } from "vitest";
import type { TraceEvent } from "../src/index.ts";
import { majority } from "../src/index.ts";
import { assert } from "./support/checks.ts";
import { Solo } from "./support/solo.ts";
import { traceOf } from "./support/traced-run.ts";
import { TraceModel } from "./support/trace-model.ts";

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
