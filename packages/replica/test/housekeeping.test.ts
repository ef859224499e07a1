import { Tree } from "@meridian/tree";
import { expect, test } from "vitest";
import { Housekeeping } from "../src/housekeeping.ts";
import { SessionLiveness } from "../src/session-liveness.ts";

const timeoutMs = 2_000;
const root = "/regions/eu";

/** A leader's tree and its rounds, with a log that is applied when told to. */
class Leader {
  readonly tree = new Tree();
  readonly liveness = new SessionLiveness(1_000);
  readonly proposed: Parameters<Tree["apply"]>[2][] = [];
  readonly housekeeping: Housekeeping;
  term: number | undefined = 1;
  nowMs = 0;
  #deferred: (() => void)[] = [];
  #index = 0;
  /** What each entry did: sessions that ended and nodes that went. */
  readonly done: { readonly ended: number; readonly changes: number }[] = [];

  constructor() {
    this.housekeeping = new Housekeeping({
      tree: () => this.tree,
      liveness: this.liveness,
      clock: {
        nowMs: () => this.nowMs,
        wallMs: () => this.nowMs,
        after: () => () => undefined,
        defer: (callback) => void this.#deferred.push(callback),
      },
      term: () => this.term,
      propose: (command) => {
        this.proposed.push(command);
        return this.#index + this.proposed.length;
      },
    });
    const zones = new TextEncoder().encode(
      JSON.stringify([
        { prefix: "/meridian", consistency: "strict" },
        { prefix: "/regions/{region}", consistency: "regional", home: "{region}" },
      ]),
    );
    this.apply({ kind: "bootstrap", cluster: "eu", regions: ["eu"], zones });
    this.liveness.lead(0);
  }

  apply(operation: Parameters<Tree["apply"]>[2]["operation"], session = 0): void {
    this.#index += 1;
    const { nowMs: timeMs } = this;
    const command = { session, sequence: 0, acknowledged: 0, timeMs, operation };
    const { endedSessions, transactions } = this.tree.apply(this.#index, 1, command);
    const changes = transactions.reduce((sum, { changes: some }) => sum + some.length, 0);
    this.done.push({ ended: endedSessions.length, changes });
  }

  open(session: number): void {
    this.apply({ kind: "open-session", session, secret: new Uint8Array(16), timeoutMs });
  }

  create(path: string, session = 0, ttlMs = 0): void {
    const mode = ttlMs > 0 ? "ttl" : session > 0 ? "ephemeral" : "persistent";
    const data = new Uint8Array();
    this.apply({ kind: "create", path, data, mode, ttlMs, parents: false }, session);
  }

  /** Applies what was proposed, and lets what was put off run. */
  turn(): void {
    const commands = this.proposed.splice(0);
    for (const { operation } of commands) this.apply(operation);
    if (commands.length > 0) this.housekeeping.applied(this.#index);
    for (const callback of this.#deferred.splice(0)) callback();
  }

  /** Turns until nothing more is proposed; gives what each entry did. */
  settle(): readonly { readonly ended: number; readonly changes: number }[] {
    this.done.length = 0;
    for (let turns = 0; this.proposed.length > 0 && turns < 1_000; turns += 1) this.turn();
    return this.done;
  }
}

test("ten thousand sessions that are overdue end in portions, each behind the one before", () => {
  const leader = new Leader();
  for (let session = 1; session <= 10_000; session += 1) {
    leader.open(session);
    leader.create(`${root}/${session}`, session);
  }
  leader.housekeeping.run();
  expect(leader.proposed).toEqual([]);
  leader.nowMs = 60_000;
  leader.housekeeping.run();
  leader.housekeeping.run();
  expect(leader.proposed).toHaveLength(1);
  const done = leader.settle();
  expect(leader.tree.sessionCount).toBe(0);
  expect(leader.tree.children(root)?.names).toEqual([]);
  expect(Math.max(...done.map(({ ended }) => ended))).toBe(500);
  expect(done).toHaveLength(20);
});

test("a hundred thousand nodes of one session go in portions, without a sweep", () => {
  const leader = new Leader();
  leader.open(7);
  for (let at = 0; at < 100_000; at += 1) leader.create(`${root}/${at}`, 7);
  leader.apply({ kind: "close-session", session: 7 });
  expect(leader.done.at(-1)).toEqual({ ended: 1, changes: 2_000 });
  leader.housekeeping.run();
  const done = leader.settle();
  expect(leader.tree.children(root)?.names).toEqual([]);
  expect(done.map(({ changes }) => changes)).toEqual(Array.from({ length: 49 }, () => 2_000));
});

test("nodes whose time is over go in portions", () => {
  const leader = new Leader();
  for (let at = 0; at < 1_200; at += 1) leader.create(`${root}/${at}`, 0, 10);
  leader.nowMs = 60_000;
  leader.housekeeping.run();
  expect(leader.settle().map(({ changes }) => changes)).toEqual([500, 500, 200]);
  leader.housekeeping.run();
  expect(leader.proposed).toEqual([]);
});

test("with very many sessions each look is bounded, and all come round", () => {
  const leader = new Leader();
  for (let session = 1; session <= 25_000; session += 1) leader.open(session);
  let looked = 0;
  const { liveness } = leader;
  const overdue = liveness.overdue.bind(liveness);
  liveness.overdue = (sessions, nowMs, max) => {
    const some = [...sessions];
    looked += some.length;
    expect(some.length).toBeLessThanOrEqual(10_000);
    return overdue(some, nowMs, max);
  };
  for (let round = 0; round < 3; round += 1) leader.housekeeping.run();
  expect(looked).toBeGreaterThanOrEqual(25_000);
  leader.nowMs = 60_000;
  for (let round = 0; round < 3; round += 1) {
    leader.housekeeping.run();
    leader.settle();
  }
  expect(leader.tree.sessionCount).toBe(0);
});

test("what was proposed in a term that is over holds up nothing", () => {
  const leader = new Leader();
  leader.open(7);
  leader.housekeeping.run();
  leader.nowMs = 60_000;
  leader.housekeeping.run();
  expect(leader.proposed.splice(0)).toMatchObject([{ operation: { term: 1 } }]);
  leader.term = undefined;
  leader.housekeeping.run();
  expect(leader.proposed).toEqual([]);
  leader.term = 2;
  leader.housekeeping.run();
  expect(leader.proposed).toMatchObject([{ operation: { term: 2, sessions: [7] } }]);
});
