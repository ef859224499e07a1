import { expect, test } from "vitest";
import { contactMaxMs, SessionLiveness } from "../src/session-liveness.ts";

const sessions = [{ id: 1, timeoutMs: 2_000 }];
const leaseMs = 1_000;
const always = (): boolean => true;

/** Virtual time at which a leader finds session 1 overdue, looking every 10 ms. */
function expiryOf(
  liveness: SessionLiveness,
  fromMs: number,
  each: (nowMs: number) => void = () => {},
) {
  for (let nowMs = fromMs; nowMs < 60_000; nowMs += 10) {
    each(nowMs);
    if (liveness.overdue(sessions, nowMs, 500).length > 0) return nowMs;
  }
  return Infinity;
}

test("a silent session of the leader's own client is overdue after its timeout, not before", () => {
  const liveness = new SessionLiveness(leaseMs);
  liveness.lead(-10_000);
  liveness.touch(1, 500);
  expect(expiryOf(liveness, 500)).toBe(2_510);
});

test("a new leader gives every session its full timeout, and more than members may vouch", () => {
  const liveness = new SessionLiveness(leaseMs);
  liveness.touch(1, 0);
  liveness.lead(5_000);
  expect(expiryOf(liveness, 5_000)).toBeGreaterThan(5_000 + leaseMs + contactMaxMs + 2_000);
});

test("three leader changes in a row never shorten a session's life", () => {
  for (const [first, second, third] of [
    [1_000, 2_000, 3_000],
    [1_900, 3_800, 5_700],
  ] as const) {
    const liveness = new SessionLiveness(leaseMs);
    for (const nowMs of [first, second, third]) liveness.lead(nowMs);
    expect(expiryOf(liveness, third)).toBeGreaterThan(third + 2_000);
  }
});

test("a session that a member reports as silent is overdue soon after its timeout", () => {
  const liveness = new SessionLiveness(leaseMs);
  liveness.lead(-10_000);
  liveness.heard("b", [1], 0, always);
  const expiredMs = expiryOf(liveness, 0, (nowMs) => {
    if (nowMs % 200 === 0) liveness.heard("b", [], nowMs, always);
  });
  expect(expiredMs).toBeGreaterThan(2_000);
  expect(expiredMs).toBeLessThan(3_000);
});

test("a session outlives what its member may have vouched for after the last report", () => {
  const liveness = new SessionLiveness(leaseMs);
  liveness.lead(-10_000);
  liveness.heard("b", [1], 0, always);
  liveness.heard("b", [], 1_000, always);
  // The member may have answered the client until 1,000 + contactMaxMs.
  expect(expiryOf(liveness, 1_000)).toBeGreaterThan(1_000 + contactMaxMs + 2_000);
});

test("a session outlives what a member may have vouched for that its client just moved to", () => {
  const liveness = new SessionLiveness(leaseMs);
  liveness.lead(-10_000);
  liveness.heard("b", [], 1_000, always);
  liveness.touch(1, 400);
  // The client loses the leader and goes on at b, which lost it too and answers until then.
  expect(expiryOf(liveness, 1_000)).toBeGreaterThan(1_000 + contactMaxMs + 2_000);
});

test("a session outlives what members may have vouched for that never reported to a leader", () => {
  const liveness = new SessionLiveness(leaseMs);
  liveness.lead(0);
  liveness.touch(1, 10);
  expect(expiryOf(liveness, 10)).toBeGreaterThan(leaseMs + contactMaxMs + 2_000);
});

test("a session of the leader's own client lives until a member that it moved to reports", () => {
  const liveness = new SessionLiveness(leaseMs);
  liveness.lead(-10_000);
  liveness.touch(1, 0);
  // Its client lost the leader, and came to b just before it would have called it expired.
  const expiredMs = expiryOf(liveness, 0, (nowMs) => {
    if (nowMs % 250 === 0) liveness.heard("b", nowMs === 2_250 ? [1] : [], nowMs, always);
  });
  expect(expiredMs).toBeGreaterThan(2_250 + 2_000);
});

test("a sign of life is reported until the leader has confirmed a report that holds it", () => {
  const liveness = new SessionLiveness(leaseMs);
  liveness.touch(1, 100);
  expect(liveness.report()).toEqual([1]);
  liveness.touch(2, 150);
  expect(liveness.report()).toEqual([1, 2]);
  liveness.confirmed(100);
  expect(liveness.report()).toEqual([2]);
});

test("nothing is kept of sessions that have ended or never were", () => {
  const liveness = new SessionLiveness(leaseMs);
  liveness.lead(0);
  liveness.touch(1, 10);
  liveness.heard("b", [2, 3], 10, (session) => session === 2);
  expect(liveness.size).toBe(2);
  liveness.forget(1);
  liveness.forget(2);
  expect(liveness.size).toBe(0);
  expect(liveness.report()).toEqual([]);
});
