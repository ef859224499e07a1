import { expect, test } from "vitest";
import type { Queue } from "../src/recipes/queue.ts";
import { Disturbance } from "./disturbance.ts";
import { FakeFleet } from "./fake-fleet.ts";
import { codeOf } from "./scene.ts";

const path = "/locks/work";

/** What became of every item: how its offer ended, and how each attempt to acknowledge it did. */
class Ledger {
  readonly offers = new Map<string, string>();
  readonly acks = new Map<string, string[]>();

  noteAck(text: string, code: string): void {
    this.acks.set(text, [...(this.acks.get(text) ?? []), code]);
  }
}

async function produce(fleet: FakeFleet, queue: Queue, record: Ledger, name: string) {
  const { runtime } = fleet;
  const open: Promise<void>[] = [];
  for (let n = 0; n < 40; n += 1) {
    const text = `${name}${n}`;
    const deadlineMs = n % 7 === 0 ? 1_000 + runtime.random() * 8_000 : Infinity;
    const offer = codeOf(queue.offer(text, { deadlineMs }));
    open.push(offer.then((code) => void record.offers.set(text, code)));
    await runtime.pause(runtime.random() * 500);
  }
  await Promise.all(open);
}

async function consume(fleet: FakeFleet, queue: Queue, record: Ledger, signal: AbortSignal) {
  const { runtime } = fleet;
  while (!signal.aborted) {
    const items = await queue
      .takeMany(1 + Math.floor(runtime.random() * 3), { signal })
      .catch(() => []);
    for (const item of items) {
      await runtime.pause(runtime.random() * 400);
      if (runtime.random() < 0.1) await item.release();
      else record.noteAck(item.text, await codeOf(item.ack()));
    }
  }
}

test.each(Array.from({ length: 8 }, (_, n) => n + 1))(
  "under faults and ends of sessions of seed %i each item is acknowledged once, and none is lost",
  async (seed) => {
    const fleet = new FakeFleet(seed);
    const { runtime } = fleet;
    fleet.cluster("global").seed("/locks");
    const disturbance = new Disturbance(fleet, 0.25);
    const record = new Ledger();
    const stop = new AbortController();
    const queues: Queue[] = [];
    // Operations that are soon given up leave much of which nobody knows what became of it.
    const impatient = { strictDeadlineMs: 1_000, sessionTimeoutMs: 8_000 };
    for (let n = 0; n < 5; n += 1) queues.push((await fleet.client(impatient)).queue(path));
    const [a, b, ...others] = queues;
    if (a === undefined || b === undefined) throw new Error("five clients");
    const producing = Promise.all([produce(fleet, a, record, "a"), produce(fleet, b, record, "b")]);
    const consuming = others.map((queue) => consume(fleet, queue, record, stop.signal));
    for (let n = 0; n < 25; n += 1) {
      disturbance.strike();
      await runtime.run(runtime.random() * 2_000);
    }
    disturbance.heal();
    await runtime.until(producing, 600_000);
    await runtime.run(120_000);
    expect(await runtime.until(a.size({ consistency: "strict" })), `seed ${seed}`).toBe(0);
    stop.abort();
    await runtime.until(Promise.all(consuming));
    const wrong = [...record.offers].filter(([text, code]) => {
      const acks = record.acks.get(text) ?? [];
      const done = acks.filter((ack) => ack === "none").length;
      const perhaps = acks.filter((ack) => ack === "UNKNOWN").length;
      if (done > 1) return true;
      if (code === "none") return done + perhaps === 0;
      return code !== "UNKNOWN" && acks.length > 0;
    });
    expect(wrong, `seed ${seed}`).toEqual([]);
    const codes = [...record.offers.values(), ...[...record.acks.values()].flat()];
    for (const code of codes) exercised.set(code, (exercised.get(code) ?? 0) + 1);
  },
  60_000,
);

/** How many offers and acknowledgements ended how, over all seeds. */
const exercised = new Map<string, number>();

test("the faults were worth the name", () => {
  const rare = ["none", "UNKNOWN", "SESSION_EXPIRED"].filter(
    (code) => (exercised.get(code) ?? 0) < 5,
  );
  expect([rare, Object.fromEntries(exercised)]).toEqual([[], expect.anything()]);
});
