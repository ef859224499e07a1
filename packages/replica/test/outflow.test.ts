import { expect, test } from "vitest";
import { type Flowing, Outflow } from "../src/outflow.ts";

/** A clock on which sending takes time, and what was deferred runs when it is told to. */
class SlowClock {
  ms = 0;
  #deferred: (() => void)[] = [];

  nowMs = (): number => this.ms;
  wallMs = (): number => this.ms;
  after = (): (() => void) => () => undefined;
  defer = (callback: () => void): void => void this.#deferred.push(callback);

  get isIdle(): boolean {
    return this.#deferred.length === 0;
  }

  /** Runs what was deferred until now; how long it took. */
  turn(): number {
    const beganMs = this.ms;
    for (const callback of this.#deferred.splice(0)) callback();
    return this.ms - beganMs;
  }
}

function streams(count: number, clock: SlowClock, takesMs: number) {
  const sent: number[] = [];
  const all = Array.from({ length: count }, (_, at): Flowing => ({
    flush: () => {
      clock.ms += takesMs;
      sent.push(at);
    },
    onBlocked: () => undefined,
  }));
  return { all, sent };
}

test("ten thousand streams are served in slices, each once, in their order", () => {
  const clock = new SlowClock();
  const flow = new Outflow(clock);
  const { all, sent } = streams(10_000, clock, 0.05);
  for (const stream of all) flow.soon(stream);
  let turns = 0;
  for (; !clock.isIdle; turns += 1) expect(clock.turn()).toBeLessThanOrEqual(4);
  expect(sent).toEqual(all.map((_, at) => at));
  expect(turns).toBeGreaterThan(40);
});

test("however often it is asked to, it serves one slice in a turn while others wait", () => {
  const clock = new SlowClock();
  const flow = new Outflow(clock);
  const { all, sent } = streams(1_000, clock, 0.05);
  for (const stream of all) flow.soon(stream);
  const beganMs = clock.ms;
  for (let asked = 0; asked < 10; asked += 1) flow.flush();
  expect(clock.ms - beganMs).toBeLessThanOrEqual(4);
  expect(sent.length).toBeGreaterThan(0);
  while (!clock.isIdle) expect(clock.turn()).toBeLessThanOrEqual(4);
  expect(sent).toEqual(all.map((_, at) => at));
});

test("a stream that has more to say waits behind those that have not been served", () => {
  const clock = new SlowClock();
  const flow = new Outflow(clock);
  const { all, sent } = streams(100, clock, 5);
  for (const stream of all) flow.soon(stream);
  clock.turn();
  const [first] = all;
  if (first !== undefined) flow.soon(first);
  while (!clock.isIdle) clock.turn();
  expect(sent.slice(0, 100)).toEqual(all.map((_, at) => at));
  expect(sent.at(-1)).toBe(0);
});

test("what may wait for those who do not read is bounded, however many they are", () => {
  const flow = new Outflow(new SlowClock());
  const { all } = streams(10_000, new SlowClock(), 0);
  let boundBytes = 0;
  for (const [at, stream] of all.entries()) {
    boundBytes = Math.max(boundBytes, (flow.windowBytes + flow.backlogBytes) * (at + 1));
    flow.block(stream, true);
  }
  // Windows have a least size, so that everybody gets on.
  expect(boundBytes).toBeLessThan(200 * 1024 * 1024);
  for (const stream of all.slice(0, 9_950)) flow.forget(stream);
  expect((flow.windowBytes + flow.backlogBytes) * 50).toBeLessThan(32 * 1024 * 1024);
  for (const stream of all) flow.block(stream, false);
  expect([flow.windowBytes, flow.backlogBytes]).toEqual([128 * 1024, 1024 * 1024]);
});
