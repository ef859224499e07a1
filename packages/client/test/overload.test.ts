import { expect, test } from "vitest";
import type { IRequest } from "@meridian/wire";
import { SendWindow } from "../src/send-window.ts";
import { refused } from "./fake-cluster.ts";
import { draftRequest } from "../src/request.ts";
import { attached, codeOf } from "./scene.ts";

/** Refuses writes while more than `writesMax` are under way, as a server does that has no room. */
function bounded(
  fleet: Awaited<ReturnType<typeof attached>>["fleet"],
  perSecond: number,
  writesMax: number,
): { refusals: number } {
  const { runtime } = fleet;
  const told = { refusals: 0 };
  let [waiting, sinceMs] = [0, runtime.nowMs()];
  fleet.server("global-us-east-1").script = (request: IRequest) => {
    if (request.sequence === 0) return undefined;
    const nowMs = runtime.nowMs();
    waiting = Math.max(0, waiting - ((nowMs - sinceMs) * perSecond) / 1_000);
    sinceMs = nowMs;
    if (waiting >= writesMax) {
      told.refusals += 1;
      return refused("OVERLOADED", { retryAfterMs: 100 });
    }
    waiting += 1;
    return undefined;
  };
  return told;
}

test("a burst beyond what a cluster takes is done in its order, most asked for once", async () => {
  const { fleet, client } = await attached();
  const told = bounded(fleet, 1_000, 200);
  const session = client.session();
  const done: number[] = [];
  const all = Promise.all(
    Array.from({ length: 3_000 }, (_, at) => {
      return new Promise<void>((resolve, reject) => {
        session.set("/global/a", new Uint8Array(0), (error) => {
          if (error !== undefined) return reject(error);
          done.push(at);
          resolve();
        });
      });
    }),
  );
  await fleet.runtime.until(all);
  expect(done).toEqual(Array.from({ length: 3_000 }, (_, at) => at));
  const sequences = fleet.cluster("global").applied.map((each) => Number(each.split(" ")[0]));
  expect(sequences).toEqual(sequences.toSorted((a, b) => a - b));
  expect(fleet.cluster("global").overtaken).toBe(0);
  // Those of the beginning, which went out at once, and few of those that came as there was room.
  expect(told.refusals).toBeLessThan(6_000);
});

test("while a cluster takes less than is asked for, new requests are refused soon", async () => {
  const { fleet, client } = await attached();
  const { runtime } = fleet;
  bounded(fleet, 100, 50);
  const session = client.session();
  const [tookMs, refusedMs]: [number[], number[]] = [[], []];
  for (let atMs = 0; atMs < 20_000; atMs += 2) {
    const beganMs = runtime.nowMs();
    session.set("/global/a", new Uint8Array(0), (error) => {
      const ms = runtime.nowMs() - beganMs;
      if (error === undefined) tookMs.push(ms);
      else if (error.code === "OVERLOADED" && error.retryAfterMs > 0) refusedMs.push(ms);
      else throw error;
    });
    await runtime.run(2);
  }
  expect(tookMs.length).toBeGreaterThan(1_000);
  expect(refusedMs.length).toBeGreaterThan(5_000);
  expect(Math.max(...refusedMs)).toBe(0);
  // From the moment when it is known how much is done.
  expect(Math.max(...tookMs.slice(tookMs.length / 2))).toBeLessThan(2_500);
  // What waits is done long before its deadline, and so is what comes when the load is gone.
  await runtime.run(8_000);
  const beganMs = runtime.nowMs();
  expect(await runtime.until(codeOf(client.set("/global/a", "x")))).toBe("none");
  expect(runtime.nowMs() - beganMs).toBeLessThan(200);
});

test("a read that is given up behind a refused write holds nothing up", async () => {
  const { fleet, client } = await attached();
  let refusals = 0;
  fleet.server("global-us-east-1").script = (request: IRequest) => {
    if (request.get !== undefined) return "drop";
    if (request.sequence === 0 || refusals > 0) return undefined;
    refusals += 1;
    return refused("OVERLOADED", { retryAfterMs: 100 });
  };
  const session = client.session();
  const outcomes: string[] = [];
  const settle = (error: { code: string } | undefined): void => {
    outcomes.push(error?.code ?? "none");
  };
  session.set("/global/a", new Uint8Array(0), settle);
  const read = draftRequest();
  read.get = { path: "/global/a" };
  session.submit(read, settle, 300);
  await fleet.runtime.run(1_500);
  expect(refusals).toBe(1);
  expect(outcomes.toSorted()).toEqual(["DEADLINE", "none"]);
  expect(await fleet.runtime.until(codeOf(client.set("/global/a", "x")))).toBe("none");
});

test("the window is narrowed once for all that was on its way, and grows until it is none", () => {
  const window = new SendWindow();
  expect(window.isNarrow).toBe(false);
  window.refused(1_000, 200, 10, 20);
  for (let late = 0; late < 50; late += 1) window.refused(900, 900, 15, 30 + late);
  expect(window.room(0)).toBe(500);
  expect(window.room(600)).toBe(0);
  window.refused(500, 400, 40, 50);
  expect(window.room(0)).toBe(125);
  for (let done = 0; done < 125; done += 1) window.answered();
  expect(window.room(0)).toBe(250);
  for (let done = 0; done < 250; done += 1) window.answered();
  expect(window.room(0)).toBe(281);
  window.refused(10, 9, 60, 70);
  expect(window.room(0)).toBe(64);
  for (let done = 0; done < 200_000; done += 1) window.answered();
  expect(window.isNarrow).toBe(false);
});
