import type { FrameStream } from "@meridian/transport";
import type { Position } from "@meridian/tree";
import {
  type Encodable,
  errorCodeName,
  type IClientFrame,
  type IServerFrame,
  WatchKind,
} from "@meridian/wire";
import { expect, test, vi } from "vitest";
import { Scene, SessionClient } from "./harness/index.ts";

vi.setConfig({ testTimeout: 60_000 });

const plan = { cluster: "us-west", voters: 3 };
const root = "/regions/us-west";
const path = `${root}/w`;
const kind = WatchKind.PERSISTENT_RECURSIVE;
const watchId = 7;
const readId = 9;

async function started(seed: number) {
  const scene = new Scene(seed, [plan]);
  const group = await scene.group(plan);
  const leader = await group.led();
  const writer = new SessionClient(scene, "writer", 7, 60_000);
  await writer.open(leader.place.node);
  await scene.answered(writer.create(path, "0"));
  return { scene, group, leader, writer };
}

type Started = Awaited<ReturnType<typeof started>>;

/** A stream that notes everything that it is told, in the order in which it has to be taken. */
class Listener {
  /** `value N`, `answer ID`, or the code of what ended the watch. */
  readonly told: string[] = [];
  readonly values: number[] = [];
  /** Where the watch would go on. */
  reached: readonly Position[] = [];
  /** Codes of errors that ended watches. */
  readonly ends: string[] = [];
  welcomed = false;
  over = false;
  readonly #stream: FrameStream<Encodable<IClientFrame>>;

  constructor(scene: Scene, address: string, node: string) {
    scene.join(address);
    this.#stream = scene.network.openChannel(address, node).session({
      onFrame: (frame) => this.#onFrame(frame),
      onClose: () => (this.over = true),
    });
    const hello = { sessionId: 0, secret: new Uint8Array(0), region: "us-west" };
    this.#stream.send({ hello });
  }

  watch(from: readonly Position[] = []): void {
    const watch = { path, kind, withData: true, from };
    this.#stream.send({ requests: [{ id: watchId, watch }] });
  }

  read(): void {
    this.#stream.send({ requests: [{ id: readId, get: { path } }] });
  }

  hangUp(): void {
    this.#stream.close();
  }

  #onFrame({ welcome, responses, events }: IServerFrame): void {
    if (welcome !== undefined) this.welcomed = true;
    const answers = [...responses];
    const answer = (left: number): void => {
      for (const { id, node } of answers.splice(0, answers.length - left)) {
        const value = Buffer.from(node?.data ?? [])
          .toString()
          .trim();
        this.told.push(`answer ${id} ${value}`.trim());
      }
    };
    for (const { events: list, positions, error, laterResponses } of events) {
      answer(laterResponses);
      for (const { data } of list) {
        const value = Number(Buffer.from(data).toString());
        this.values.push(value);
        this.told.push(`value ${value}`);
      }
      if (positions.length > 0) this.reached = positions;
      if (error !== undefined) this.ends.push(errorCodeName(error.code));
    }
    answer(0);
  }
}

/** A value with so many bytes that it counts. */
function padded(value: number): string {
  return String(value).padEnd(1_024, " ");
}

/** Writes the values `[from, to)`, some at a time. */
async function write({ scene, writer }: Started, from: number, to: number): Promise<void> {
  for (let value = from; value < to; value += 100) {
    const values = Array.from({ length: Math.min(100, to - value) }, (_, at) => value + at);
    const set = (data: string) => ({ set: { path, data: Buffer.from(data), version: -1 } });
    await scene.answered(...writer.writeAll(values.map((one) => set(padded(one)))));
  }
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from }, (_, at) => from + at);
}

test("who does not read is cut and resumes without a gap; others are told at once", async () => {
  const all = await started(1);
  const { scene, leader } = all;
  const slow = Array.from({ length: 5 }, (_, at) => {
    return new Listener(scene, `slow-${at}`, leader.place.node);
  });
  const quick = new Listener(scene, "quick", leader.place.node);
  for (const listener of [...slow, quick]) listener.watch();
  await scene.run(100);
  for (const [at] of slow.entries()) {
    scene.network.setLink(leader.place.node, `slow-${at}`, { cut: true });
  }
  await write(all, 1, 6_001);
  await scene.run(100);
  expect(quick.values).toEqual(range(1, 6_001));
  expect(quick.ends).toEqual([]);
  // Only the watch of the quick one is left.
  expect(leader.sessions.watches.size).toBe(1);
  for (const [at] of slow.entries()) {
    scene.network.setLink(leader.place.node, `slow-${at}`, { cut: false });
  }
  await scene.until("the slow hear that they were cut", () =>
    slow.every(({ ends }) => ends.length === 1),
  );
  for (const listener of slow) {
    expect(listener.ends).toEqual(["OVERLOADED"]);
    expect(listener.over).toBe(false);
    listener.watch(listener.reached);
  }
  await write(all, 6_001, 6_101);
  await scene.until("all have everything", () =>
    slow.every(({ values }) => values.length >= 6_100),
  );
  for (const { values } of slow) expect(values).toEqual(range(1, 6_101));
});

test("an answer never shows a change before the events that tell of it", async () => {
  const all = await started(2);
  const { scene, writer } = all;
  const { leader } = all;
  const listener = new Listener(scene, "listener", leader.place.node);
  listener.watch();
  for (let value = 1; value <= 200; value += 1) {
    writer.set(path, String(value));
    if (value % 3 === 0) listener.read();
    if (value % 5 === 0) await scene.run(Math.floor(scene.random() * 4));
  }
  await scene.run(200);
  expect(listener.values).toEqual(range(1, 201));
  let told = 0;
  let answers = 0;
  for (const line of listener.told) {
    const [what, first = "", second = ""] = line.split(" ");
    if (what === "value") told = Number(first);
    if (what !== "answer" || Number(first) !== readId) continue;
    answers += 1;
    // Neither later nor earlier than the events around it.
    expect(Number(second)).toBe(told);
  }
  expect(answers).toBe(66);
});

test("reads behind a watch that resumes are answered after all that it missed", async () => {
  const all = await started(3);
  const { scene, leader } = all;
  const first = new Listener(scene, "first", leader.place.node);
  first.watch();
  await scene.run(100);
  const from = first.reached;
  first.hangUp();
  await write(all, 1, 5_001);
  const next = new Listener(scene, "next", leader.place.node);
  next.watch(from);
  next.read();
  await scene.until("it was answered", () => next.told.some((line) => line.includes("answer 9")));
  await scene.run(1_000);
  expect(next.values).toEqual(range(1, 5_001));
  expect(next.told.at(-1)).toBe("answer 9 5000");
});

test("a watch ends at its owner's wish while it is still told of the past", async () => {
  const all = await started(4);
  const { scene, leader } = all;
  const client = new SessionClient(scene, "client", 0);
  await client.open(leader.place.node);
  await write(all, 1, 3_001);
  scene.network.setLink(leader.place.node, "client", { cut: true });
  const from = [{ cluster: "us-west", incarnation: 1, index: leader.tree.appliedIndex - 2_500 }];
  const watch = client.ask({ watch: { path, kind, withData: true, from } });
  await scene.run(10);
  client.ask({ unwatch: { watch: client.idOf(watch) } });
  const read = client.ask({ get: { path } });
  await scene.run(10);
  scene.network.setLink(leader.place.node, "client", { cut: false });
  await scene.answered(read);
  expect(leader.sessions.watches.size).toBe(0);
  const told = client.events.flatMap(({ events }) => events).length;
  expect(told).toBeGreaterThan(0);
  expect(told).toBeLessThan(2_500);
});

test("a reader that takes nothing for long is cut off, and nothing is kept of it", async () => {
  const all = await started(5);
  const { scene, leader } = all;
  const stuck = new Listener(scene, "stuck", leader.place.node);
  stuck.watch();
  await scene.run(100);
  scene.network.setLink(leader.place.node, "stuck", { cut: true });
  await write(all, 1, 3_001);
  const before = leader.sessions.connections;
  await scene.run(20_000);
  expect(leader.sessions.connections).toBe(before - 1);
  expect(leader.sessions.flow.blockedCount).toBe(0);
});

test("idle watches, on streams of all kinds, hear in time where their node is", async () => {
  const all = await started(6);
  const { scene, leader } = all;
  const heard = new Map<string, number>();
  const listeners = Array.from({ length: 200 }, (_, at) => {
    const listener = new Listener(scene, `listener-${at}`, leader.place.node);
    listener.watch();
    return listener;
  });
  const channel = leader.sessions.watch(
    { path, kind, from: [], withData: false },
    {
      send: () => heard.set("unary", scene.clock.nowMs()),
      bufferedBytes: 0,
      close: () => undefined,
    },
  );
  await scene.run(1_000);
  await write(all, 1, 2);
  await scene.run(1_000);
  const index = leader.tree.appliedIndex;
  const begunMs = scene.clock.nowMs();
  const other = all.writer.create(`${root}/other`);
  await scene.answered(other);
  await scene.run(10_000);
  for (const { reached } of listeners) {
    expect(reached.find(({ cluster }) => cluster === "us-west")?.index).toBeGreaterThan(index);
  }
  expect(heard.get("unary")).toBeGreaterThan(begunMs);
  channel.onClose(undefined);
});
