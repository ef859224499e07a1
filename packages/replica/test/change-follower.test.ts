import { deflateSync } from "node:zlib";
import { ChangeFollower, type FollowOptions, silentLog } from "@meridian/replica";
import type { FrameHandler } from "@meridian/transport";
import type { Position } from "@meridian/tree";
import {
  ChangeFrame,
  type Encodable,
  FollowFrame,
  type IBookmark,
  type IChangeFrame,
  type IFollowFrame,
  OpenOutcome,
} from "@meridian/wire";
import { expect, test } from "vitest";
import { NodeClock, randomOf, VirtualClock } from "./harness/index.ts";

/** One stream to one producer, answered by the test. */
interface Stream {
  readonly producer: number;
  readonly sent: IFollowFrame[];
  readonly handler: FrameHandler<IChangeFrame>;
  closed: boolean;
}

/** A follower of some producers, and what its owner heard. */
class Consumer {
  readonly time: VirtualClock = new VirtualClock();
  readonly clock: NodeClock = new NodeClock(this.time, 5_000);
  readonly streams: Stream[] = [];
  readonly bookmarks: { readonly bookmark: IBookmark; readonly askedAtMs: number }[] = [];
  readonly follower: ChangeFollower;
  from: Position = { cluster: "global", incarnation: 1, index: 7 };
  /** Called when transactions are handed over. */
  onTransactions: FollowOptions["onTransactions"] = () => {};

  constructor(producers: number) {
    this.follower = new ChangeFollower({
      consumer: "test",
      region: "us-west",
      ownOnly: true,
      log: silentLog,
      producers: Array.from({ length: producers }, (_, at) => (handler) => this.#open(at, handler)),
      from: () => this.from,
      onSeed: () => {},
      onTransactions: (...handed) => this.onTransactions(...handed),
      onBookmark: (bookmark, askedAtMs) =>
        this.bookmarks.push({
          bookmark,
          askedAtMs,
        }),
      clock: this.clock,
      random: randomOf(1),
    });
  }

  get stream(): Stream {
    const stream = this.streams.at(-1);
    if (stream === undefined) throw new Error("there is no stream");
    return stream;
  }

  /** What the producer says on the latest stream. */
  hear(frame: Encodable<IChangeFrame>): void {
    this.stream.handler.onFrame(ChangeFrame.decode(ChangeFrame.encode(frame)));
  }

  opened(outcome: number = OpenOutcome.CONTINUE): void {
    this.hear({ opened: { outcome } });
  }

  bookmark(index: number, ageMs: number): void {
    const position = { cluster: "global", incarnation: 1, index };
    const ages = [{ origin: "global", incarnation: 1, index, ageMs }];
    const echoMs = this.stream.sent.findLast(({ sentAtMs }) => sentAtMs > 0)?.sentAtMs ?? 0;
    this.hear({ bookmark: { position, echoMs, heldMs: 0, ages } });
  }

  #open(producer: number, handler: FrameHandler<IChangeFrame>) {
    const stream: Stream = { producer, sent: [], handler, closed: false };
    this.streams.push(stream);
    return {
      bufferedBytes: 0,
      send: (frame: Encodable<IFollowFrame>) => {
        stream.sent.push(FollowFrame.decode(FollowFrame.encode(frame)));
      },
      close: () => (stream.closed = true),
    };
  }
}

test("a lost stream is opened again where its owner says, at the next producer", async () => {
  const consumer = new Consumer(3);
  consumer.opened();
  expect(consumer.stream.sent[0]?.open?.from?.index).toBe(7);
  consumer.from = { ...consumer.from, index: 9 };
  consumer.stream.handler.onClose(undefined);
  expect(consumer.follower.connected).toBe(false);
  await consumer.time.run(300);
  expect(consumer.streams.map(({ producer }) => producer)).toEqual([0, 1]);
  expect(consumer.stream.sent[0]?.open?.from?.index).toBe(9);
});

test("a producer that falls silent is left", async () => {
  const consumer = new Consumer(2);
  consumer.opened();
  for (let count = 0; count < 10; count += 1) {
    await consumer.time.run(1_000);
    consumer.bookmark(8, 0);
  }
  expect(consumer.streams).toHaveLength(1);
  await consumer.time.run(8_000);
  expect(consumer.streams[1]?.producer).toBe(1);
  expect(consumer.streams[0]?.closed).toBe(true);
});

test("a producer that is itself out of date is left for another", async () => {
  const consumer = new Consumer(2);
  let begun = 0;
  for (let beat = 0; beat < 300; beat += 1) {
    await consumer.time.run(200);
    if (begun < consumer.streams.length) consumer.opened();
    else consumer.bookmark(8, 5_000 + beat * 200);
    begun = consumer.streams.length;
  }
  const producers = consumer.streams.map(({ producer }) => producer);
  expect(producers.slice(0, 4)).toEqual([0, 1, 0, 1]);
  // It does not hurry when all are: the whole cluster may be without a leader.
  expect(producers.length).toBeLessThan(25);
});

test("a single producer is kept however old its data is", async () => {
  const consumer = new Consumer(1);
  consumer.opened();
  for (let beat = 0; beat < 50; beat += 1) {
    await consumer.time.run(200);
    consumer.bookmark(8, 1_000_000);
  }
  expect(consumer.streams).toHaveLength(1);
});

test("an abandoned history is followed anew from a snapshot", async () => {
  const consumer = new Consumer(1);
  consumer.opened(OpenOutcome.FORKED);
  consumer.stream.handler.onClose(undefined);
  await consumer.time.run(500);
  expect(consumer.stream.sent[0]?.open?.from?.index).toBe(0);
  consumer.opened(OpenOutcome.COMPACTED);
  consumer.stream.handler.onClose(undefined);
  await consumer.time.run(500);
  expect(consumer.stream.sent[0]?.open?.from?.index).toBe(7);
});

test("the bookmark of a frame that could not be dealt with proves nothing", () => {
  const consumer = new Consumer(1);
  consumer.opened();
  consumer.onTransactions = () => consumer.follower.restart("the log is full");
  const position = { cluster: "global", incarnation: 1, index: 8 };
  const ages = [{ origin: "global", incarnation: 1, index: 8, ageMs: 0 }];
  consumer.hear({
    transactions: [{ index: 8, origin: "global", incarnation: 1 }],
    bookmark: { position, echoMs: 5_000, heldMs: 0, ages },
  });
  expect(consumer.bookmarks).toEqual([]);
});

test("what is packed is handed over as if it were not, or asked for again if damaged", async () => {
  const consumer = new Consumer(1);
  const handed: (readonly [readonly number[], number])[] = [];
  consumer.onTransactions = (transactions, costBytes) => {
    handed.push([transactions.map(({ index }) => index), costBytes]);
  };
  consumer.opened();
  const transactions = [8, 9].map((index) => ({ index, origin: "global", incarnation: 1 }));
  const packed = deflateSync(ChangeFrame.encode({ transactions }));
  consumer.hear({ packed, costBytes: 500 });
  expect(handed).toEqual([[[8, 9], 500]]);
  const large = ChangeFrame.encode({ transactions, packed: Buffer.alloc(5 << 20) });
  for (const bad of [packed.subarray(0, -1), deflateSync(large), deflateSync(Buffer.from([7]))]) {
    const streams = consumer.streams.length;
    consumer.hear({ packed: bad, costBytes: 500 });
    expect(consumer.stream.closed).toBe(true);
    await consumer.time.run(3_000);
    expect(consumer.streams).toHaveLength(streams + 1);
    consumer.opened();
  }
  expect(handed).toHaveLength(1);
});

test("beginning again many times leaves one attempt, and stopping leaves none", async () => {
  const consumer = new Consumer(1);
  consumer.opened();
  const pending = consumer.time.pending;
  for (let count = 0; count < 100; count += 1) consumer.follower.restart("again");
  expect(consumer.time.pending).toBe(pending + 1);
  consumer.follower.stop();
  expect(consumer.time.pending).toBe(0);
  await consumer.time.run(10_000);
  expect(consumer.streams).toHaveLength(1);
});

test("what an old stream still says is not heard", async () => {
  const consumer = new Consumer(1);
  consumer.opened();
  const [old] = consumer.streams;
  consumer.follower.restart("again");
  await consumer.time.run(1_000);
  const frame = { bookmark: { echoMs: 5_000, heldMs: 0, ages: [] } };
  old?.handler.onFrame(ChangeFrame.decode(ChangeFrame.encode(frame)));
  expect(consumer.bookmarks).toEqual([]);
});

test("how long ago the producer was asked is never told too short", async () => {
  const consumer = new Consumer(1);
  consumer.opened();
  const askedAtMs = consumer.clock.nowMs();
  const echoMs = consumer.stream.sent[0]?.sentAtMs ?? 0;
  await consumer.time.run(700);
  consumer.hear({ bookmark: { echoMs, heldMs: 200, ages: [] } });
  const told = consumer.bookmarks[0]?.askedAtMs ?? Infinity;
  expect(told).toBeLessThanOrEqual(askedAtMs + 200);
  expect(told).toBeGreaterThan(askedAtMs + 190);
});

test("little credit goes back with the next question, much at once, none twice", async () => {
  const consumer = new Consumer(1);
  consumer.opened();
  const { sent } = consumer.stream;
  const given = (): number => sent.reduce((sum, { creditBytes }) => sum + creditBytes, 0);
  const windowBytes = given();
  for (let change = 0; change < 100; change += 1) consumer.follower.credit(1_000);
  expect(sent).toHaveLength(1);
  await consumer.time.run(2_000);
  expect(sent).toHaveLength(2);
  expect(given() - windowBytes).toBe(100_000);
  consumer.follower.credit(windowBytes / 2);
  expect(sent).toHaveLength(3);
  expect(given() - windowBytes).toBe(100_000 + windowBytes / 2);
});

test("a new stream begins with the whole window, whatever was owed on the one before", async () => {
  const consumer = new Consumer(1);
  consumer.opened();
  const [windowBytes] = consumer.stream.sent.map(({ creditBytes }) => creditBytes);
  consumer.follower.credit(1_000);
  consumer.follower.restart("again");
  consumer.follower.credit(1_000);
  await consumer.time.run(500);
  consumer.opened();
  expect(consumer.streams).toHaveLength(2);
  await consumer.time.run(2_000);
  const { sent } = consumer.stream;
  expect(sent.map(({ creditBytes }) => creditBytes)).toEqual([windowBytes, 0]);
});
