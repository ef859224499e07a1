import { expect, test } from "vitest";

import { ClosedLoop, type Done } from "../src/load/closed-loop.ts";
import { drive } from "../src/load/drive.ts";
import { Tally } from "../src/load/tally.ts";
import { parseMix, rotation } from "../src/run/mix.ts";

function counted(): Tally {
  const tally = new Tally();
  tally.begin();
  return tally;
}

test("a closed loop keeps as many operations under way as it was told, and no more", async () => {
  const open: Done[] = [];
  let most = 0;
  const send = (_n: number, _sinceMs: number, done: Done): void => {
    open.push(done);
    most = Math.max(most, open.length);
  };
  const tally = counted();
  const loop = new ClosedLoop([send, send], 7, tally);
  for (let answered = 0; answered < 100; answered += 1) open.shift()?.(undefined);
  const stopped = loop.stop();
  while (open.length > 0) open.shift()?.(undefined);
  await stopped;
  expect(most).toBe(7);
  expect(tally.operations).toBe(107);
});

test("a refused operation is counted by its code, and its place is taken by another", async () => {
  let calls = 0;
  const send = (_n: number, _sinceMs: number, done: Done): void => {
    calls += 1;
    if (calls === 1) done("OVERLOADED");
    else setImmediate(() => done(undefined));
  };
  const tally = counted();
  const loop = new ClosedLoop([send], 1, tally);
  while (tally.operations === 0) await new Promise((resolve) => void setImmediate(resolve));
  await loop.stop();
  expect([...tally.failures]).toEqual([["OVERLOADED", 1]]);
});

test("an open loop counts from when an operation was due, however late it went out", async () => {
  const sent: { n: number; dueAtMs: number }[] = [];
  const send = (n: number, dueAtMs: number, done: Done): void => {
    sent.push({ n, dueAtMs });
    done(undefined);
  };
  const load = { outstanding: 100, ratePerSecond: 500, warmUpSeconds: 0, seconds: 0.2 };
  const result = await drive([send], load, { onMeasuring: () => {} });
  expect(sent.length).toBeGreaterThan(0);
  const [first] = sent;
  for (const { n, dueAtMs } of sent) expect(dueAtMs - (first?.dueAtMs ?? 0)).toBeCloseTo(2 * n, 5);
  expect(result.failures).toBe(0);
});

test("what is beyond the bound of an open loop is left out and counted", async () => {
  const open: Done[] = [];
  const load = { outstanding: 2, ratePerSecond: 1_000, warmUpSeconds: 0, seconds: 60 };
  const stop = new AbortController();
  let running: Tally | undefined;
  const driving = drive([(_n, _sinceMs, done) => open.push(done)], load, {
    signal: stop.signal,
    onMeasuring: (tally) => {
      running = tally;
    },
  });
  while ((running?.failures.get("OVERLOADED") ?? 0) === 0) {
    await new Promise((resolve) => void setTimeout(resolve, 5));
  }
  expect(open).toHaveLength(2);
  stop.abort();
  for (const done of open) done(undefined);
  const result = await driving;
  expect(result.failures).toBeGreaterThan(0);
});

test("nothing of a warm-up counts", () => {
  const tally = new Tally();
  tally.succeeded(performance.now());
  tally.failed("UNKNOWN");
  tally.begin();
  expect(tally.result()).toMatchObject({ operations: 0, failures: 0 });
  expect(tally.latencyUs).toEqual({ p50: 0, p90: 0, p99: 0, p999: 0, max: 0 });
});

test("a mix is taken as often as its shares say, and evenly", () => {
  const next = rotation(parseMix("read=80,write=20"));
  const taken = Array.from({ length: 100 }, () => next());
  expect(taken.filter((kind) => kind === "write")).toHaveLength(20);
  for (let from = 0; from < 100; from += 5) {
    expect(taken.slice(from, from + 5).filter((kind) => kind === "write")).toHaveLength(1);
  }
});

test.each([
  ["", "is no kind"],
  ["reads=1", "is no kind"],
  ["read", "a kind and its share"],
  ["read=x", "a kind and its share"],
  ["read=-1", "a kind and its share"],
  ["read=1,read=2", "twice"],
  ["read=0", "all shares are 0"],
])("the mix %j is refused", (text, why) => {
  expect(() => parseMix(text)).toThrow(why);
});
