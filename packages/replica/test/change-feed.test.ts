import type { Change, Position, Transaction } from "@meridian/tree";
import { Tree } from "@meridian/tree";
import {
  ChangeFrame,
  type Encodable,
  FollowFrame,
  type IChangeFrame,
  type IFollowFrame,
  OpenOutcome,
} from "@meridian/wire";
import { expect, test } from "vitest";
import { ChangeFeed, type Member } from "@meridian/replica";
import { unpack } from "@meridian/transport";
import { NodeClock, VirtualClock, zones } from "./harness/index.ts";

const own = { session: 0, sequence: 0, acknowledged: 0, timeMs: 1 };
const root = "/regions/us-west";

/** A node with a tree, and consumers of it. */
class Producer {
  readonly time: VirtualClock = new VirtualClock();
  readonly clock: NodeClock = new NodeClock(this.time, 1_000);
  readonly tree: Tree = new Tree();
  readonly feed: ChangeFeed;
  incarnation = 1;
  takesPart = true;

  constructor(table: Uint8Array = zones) {
    const incarnation = (): number => this.incarnation;
    const takesPart = (): boolean => this.takesPart;
    const { tree } = this;
    const member: Member = {
      place: { node: "a", region: "us-west", tier: "regional", cluster: "us-west" },
      leader: "a",
      get takesPart() {
        return takesPart();
      },
      serving: true,
      vouches: true,
      get incarnation() {
        return incarnation();
      },
      tree,
      ageMs: () => 0,
      reach: ({ index }) => index,
      submit: () => false,
      retryAfterMs: 0,
      barrier: () => {},
      touch: () => {},
    };
    this.feed = new ChangeFeed(member, this.clock);
    this.apply({
      kind: "bootstrap",
      cluster: "us-west",
      zones: table,
      regions: ["eu-west", "us-west"],
    });
  }

  apply(operation: Parameters<Tree["apply"]>[2]["operation"]): void {
    const { tree } = this;
    tree.apply(tree.appliedIndex + 1, 1, { ...own, operation });
  }

  create(name: string, bytes: number = 0): void {
    const data = Buffer.alloc(bytes);
    const node = { mode: "persistent", ttlMs: 0, parents: false } as const;
    this.apply({ kind: "create", path: `${root}/${name}`, data, ...node });
  }

  /** Takes over transactions of eu-west, all in one entry of the own log. */
  takeOver(from: number, bytes: readonly number[]): void {
    const transactions = bytes.map((size, place) => foreign(from + 1 + place, size));
    const to = from + bytes.length;
    const range = { origin: "eu-west", incarnation: 1, from, to };
    this.apply({ kind: "apply-remote", ...range, transactions });
  }
}

function foreign(index: number, bytes: number): Transaction {
  const stat: Change["stat"] = {
    czxid: index,
    mzxid: index,
    pzxid: index,
    ctimeMs: 1,
    mtimeMs: 1,
    version: 0,
    cversion: 0,
    aversion: 0,
    ephemeralOwner: 0,
    dataLength: bytes,
    numChildren: 0,
  };
  const path = `/regions/eu-west/n${index}`;
  const change: Change = {
    kind: "created",
    path,
    data: Buffer.alloc(bytes),
    stat,
    mode: "persistent",
    ttlMs: 0,
  };
  return { index, origin: "eu-west", incarnation: 1, timeMs: 1, changes: [change] };
}

/** A consumer that gives as much credit as it is told to. */
class Consumer {
  readonly frames: IChangeFrame[] = [];
  closed = false;
  /** What the stream was ended with. */
  error: Error | undefined;
  buffered = 0;
  /** What is sent waits until `drain`. */
  buffers = false;
  readonly #handler: ReturnType<ChangeFeed["accept"]>;

  constructor(producer: Producer) {
    const buffered = (): number => this.buffered;
    this.#handler = producer.feed.accept({
      get bufferedBytes() {
        return buffered();
      },
      send: (frame) => {
        const bytes = ChangeFrame.encode(frame);
        if (this.buffers) this.buffered += bytes.byteLength;
        this.frames.push(ChangeFrame.decode(bytes));
      },
      close: (error) => {
        this.closed = true;
        this.error ??= error;
      },
    });
  }

  send(frame: Encodable<IFollowFrame>): void {
    this.#handler.onFrame(FollowFrame.decode(FollowFrame.encode(frame)));
  }

  open(index: number, creditBytes: number = 10_000_000, rest: object = {}): void {
    const from = { cluster: "us-west", incarnation: 1, index };
    this.send({ open: { consumer: "test", from, ...rest }, creditBytes, sentAtMs: 1 });
  }

  /** Takes everything that was sent. */
  drain(): void {
    this.buffered = 0;
    this.#handler.onDrain?.();
  }

  hangUp(): void {
    this.#handler.onClose(undefined);
  }

  get transactions(): readonly string[] {
    return this.frames.flatMap(({ transactions }) =>
      transactions.map(({ origin, index }) => `${origin}/${index}`),
    );
  }

  get position(): Position | undefined {
    return this.frames.findLast(({ bookmark }) => bookmark !== undefined)?.bookmark?.position;
  }

  get outcome(): number | undefined {
    return this.frames[0]?.opened?.outcome;
  }
}

test("a consumer that resumes gets what it missed, once, and then what happens", () => {
  const producer = new Producer();
  for (const name of ["a", "b", "c"]) producer.create(name);
  const consumer = new Consumer(producer);
  consumer.open(2);
  expect(consumer.outcome).toBe(OpenOutcome.CONTINUE);
  producer.create("d");
  producer.feed.onTurnEnd();
  producer.feed.onTurnEnd();
  expect(consumer.transactions).toEqual(["us-west/3", "us-west/4", "us-west/5"]);
});

test("transactions of one index are never cut apart, however large they are", () => {
  const producer = new Producer();
  producer.apply({
    kind: "seed-remote",
    origin: "eu-west",
    incarnation: 1,
    index: 10,
    last: true,
    afterPath: "",
    toPath: "",
    nodes: [],
  });
  const first = new Consumer(producer);
  first.open(producer.tree.appliedIndex);
  producer.takeOver(10, [200_000, 200_000, 200_000]);
  producer.create("a");
  producer.feed.onTurnEnd();
  expect(first.transactions).toEqual(["eu-west/11", "eu-west/12", "eu-west/13", "us-west/4"]);
});

test("no more is sent than there is credit for, and all once there is", () => {
  const producer = new Producer();
  const consumer = new Consumer(producer);
  consumer.open(1, 1);
  for (let count = 0; count < 20; count += 1) producer.create(`n${count}`, 100_000);
  producer.feed.onTurnEnd();
  expect(consumer.transactions).toHaveLength(1);
  for (let round = 0; round < 50; round += 1) {
    const costBytes = consumer.frames.reduce((sum, frame) => sum + frame.costBytes, 0);
    expect(costBytes).toBeLessThan(400_000 + round * 100_000);
    consumer.send({ creditBytes: 100_000 });
  }
  expect(consumer.transactions).toHaveLength(20);
});

test("a bookmark in the middle of a backlog does not say how fresh all is", () => {
  const producer = new Producer();
  const consumer = new Consumer(producer);
  consumer.open(1, 1);
  for (let count = 0; count < 5; count += 1) producer.create(`n${count}`, 100_000);
  producer.feed.onTurnEnd();
  consumer.send({ sentAtMs: 5 });
  const last = consumer.frames.at(-1)?.bookmark;
  expect(last?.position?.index).toBe(2);
  expect(last?.ages).toEqual([]);
  consumer.send({ creditBytes: 10_000_000 });
  expect(consumer.frames.at(-1)?.bookmark?.ages.map(({ origin }) => origin)).toEqual(["us-west"]);
});

test("bookmarks tell of progress although a filter lets nothing through", async () => {
  const producer = new Producer();
  const consumer = new Consumer(producer);
  consumer.open(1, 10_000_000, { prefixes: ["/shared"] });
  for (let count = 0; count < 5; count += 1) producer.create(`n${count}`);
  producer.feed.onTurnEnd();
  await producer.time.run(300);
  expect(consumer.transactions).toEqual([]);
  expect(consumer.position?.index).toBe(producer.tree.appliedIndex);
});

test("a consumer of a cluster's own changes does not get those taken over from others", () => {
  const producer = new Producer();
  producer.apply({
    kind: "seed-remote",
    origin: "eu-west",
    incarnation: 1,
    index: 10,
    last: true,
    afterPath: "",
    toPath: "",
    nodes: [],
  });
  const consumer = new Consumer(producer);
  consumer.open(2, 10_000_000, { ownOnly: true });
  producer.takeOver(10, [10]);
  producer.create("a");
  producer.feed.onTurnEnd();
  expect(consumer.transactions).toEqual(["us-west/4"]);
  expect(consumer.position?.index).toBe(4);
});

test("a consumer from nothing gets a snapshot, then the tail, although the tree goes on", () => {
  const producer = new Producer();
  for (let count = 0; count < 40; count += 1) producer.create(`n${count}`, 100_000);
  const consumer = new Consumer(producer);
  consumer.open(0, 1);
  expect(consumer.outcome).toBe(OpenOutcome.COMPACTED);
  for (let round = 0; consumer.position === undefined; round += 1) {
    // Nodes go, change and come while the snapshot is on its way.
    if (round < 15) {
      producer.apply({ kind: "delete", path: `${root}/n${39 - round}`, version: -1 });
      producer.apply({
        kind: "set",
        path: `${root}/n${round}`,
        data: Buffer.from("new"),
        version: -1,
      });
      producer.create(`m${round}`);
    }
    producer.feed.onTurnEnd();
    consumer.send({ creditBytes: 256 * 1024 });
  }
  consumer.send({ creditBytes: 10_000_000 });
  const paths = new Set<string>();
  for (const { seed, transactions } of consumer.frames) {
    for (const { path } of seed?.nodes ?? []) paths.add(path);
    for (const { changes } of transactions) {
      for (const { path, kind } of changes) {
        if (kind === 3) paths.delete(path);
        else paths.add(path);
      }
    }
  }
  const children = producer.tree.children(root)?.names ?? [];
  const sent = [...paths].filter((path) => path.startsWith(`${root}/`));
  expect(sent.sort()).toEqual(children.map((name) => `${root}/${name}`).sort());
});

test("a long snapshot that waits for credit is not silent", async () => {
  const producer = new Producer();
  for (let count = 0; count < 10; count += 1) producer.create(`n${count}`, 100_000);
  const consumer = new Consumer(producer);
  consumer.open(0, 1);
  const before = consumer.frames.length;
  await producer.time.run(1_000);
  expect(consumer.frames.length).toBeGreaterThan(before + 3);
  expect(consumer.position).toBeUndefined();
});

test("a node that takes no part tells nobody of its tree, and sends them elsewhere", () => {
  const producer = new Producer();
  producer.takesPart = false;
  for (const index of [0, 1]) {
    const consumer = new Consumer(producer);
    consumer.open(index);
    expect(consumer.frames).toEqual([]);
    expect(consumer.error).toMatchObject({ code: "NOT_LEADER" });
  }
  expect(producer.feed.size).toBe(0);
  producer.takesPart = true;
  const consumer = new Consumer(producer);
  consumer.open(1);
  expect(consumer.frames[0]?.opened?.outcome).toBe(OpenOutcome.CONTINUE);
});

test("a position of an abandoned history is answered with the fork, not with changes", () => {
  const producer = new Producer();
  producer.incarnation = 2;
  const consumer = new Consumer(producer);
  consumer.open(1);
  expect(consumer.outcome).toBe(OpenOutcome.FORKED);
  expect(consumer.closed).toBe(true);
});

test("consumers that take nothing, or never say what they want, are cut", async () => {
  const producer = new Producer();
  const [slow, mute] = [new Consumer(producer), new Consumer(producer)];
  slow.open(1);
  slow.buffered = 2_000_000;
  await producer.time.run(11_000);
  expect([slow.closed, mute.closed]).toEqual([false, true]);
  await producer.time.run(5_000);
  expect(slow.closed).toBe(true);
  expect(producer.feed.size).toBe(0);
});

test("a consumer with credit that does not read is sent a window, and then all", () => {
  const producer = new Producer();
  const [slow, other] = [new Consumer(producer), new Consumer(producer)];
  slow.open(1);
  other.open(1);
  slow.buffers = true;
  for (let count = 0; count < 40; count += 1) {
    producer.create(`n${count}`, 100_000);
    producer.feed.onTurnEnd();
  }
  expect(other.transactions).toHaveLength(40);
  expect(slow.buffered).toBeLessThan(1_500_000);
  while (slow.transactions.length < 40) {
    slow.drain();
    expect(slow.buffered).toBeLessThan(1_500_000);
  }
  expect(slow.transactions).toEqual(other.transactions);
});

test("nothing is left to happen once a feed has stopped", async () => {
  const producer = new Producer();
  const consumer = new Consumer(producer);
  consumer.open(1);
  const gone = new Consumer(producer);
  gone.open(0);
  gone.hangUp();
  producer.feed.stop();
  expect(consumer.closed).toBe(true);
  expect(producer.time.pending).toBe(0);
});

test("a place in the history of another cluster is not taken for one in its own", () => {
  const producer = new Producer();
  producer.create("a");
  const consumer = new Consumer(producer);
  const from = { cluster: "eu-west", incarnation: 1, index: 1 };
  consumer.send({ open: { consumer: "test", from }, creditBytes: 1_000 });
  expect(consumer.frames.map(({ opened }) => opened)).toEqual([
    expect.objectContaining({
      outcome: OpenOutcome.MOVED,
      fork: { cluster: "eu-west", incarnation: 0, index: 0 },
    }),
  ]);
  expect(consumer.closed).toBe(true);
});

test("what this cluster has no copy of is not followed here in silence", () => {
  const kept = { consistency: "regional", home: "{region}", replicate: "none" };
  const table = [
    { prefix: "/global", consistency: "strict", replicate: "all" },
    { prefix: "/kept/{region}", ...kept },
  ];
  const producer = new Producer(Buffer.from(JSON.stringify(table)));
  const outcomes = [
    [["/kept/us-west", "/global/a", "/"], OpenOutcome.COMPACTED, undefined],
    [["/global", "/kept/eu-west/a"], OpenOutcome.MOVED, "eu-west"],
  ] as const;
  for (const [prefixes, outcome, owner] of outcomes) {
    const consumer = new Consumer(producer);
    consumer.open(0, 1_000, { prefixes });
    const [opened] = consumer.frames.map((frame) => frame.opened);
    expect([opened?.outcome, opened?.fork?.cluster]).toEqual([outcome, owner]);
    expect(consumer.closed).toBe(outcome === OpenOutcome.MOVED);
  }
});

/** Frames of a consumer in another region; `content` of what is packed in them. */
function packedOf({ frames }: Consumer): readonly IChangeFrame[] {
  const packed = frames.filter((frame) => frame.packed.byteLength > 0);
  return packed.map((frame) => ChangeFrame.decode(unpack(frame.packed, 1 << 20)));
}

test("to another region changes go packed, if it reads that and it saves something", () => {
  const producer = new Producer();
  const far = new Consumer(producer);
  const near = new Consumer(producer);
  const older = new Consumer(producer);
  far.open(1, 10_000_000, { region: "eu-west", unpacks: true });
  near.open(1, 10_000_000, { region: "us-west", unpacks: true });
  older.open(1, 10_000_000, { region: "eu-west" });
  producer.create("short");
  producer.feed.onTurnEnd();
  expect(packedOf(far)).toEqual([]);
  for (let count = 0; count < 20; count += 1) producer.create(`n${count}`, 100);
  producer.feed.onTurnEnd();
  const plain = near.frames.at(-1);
  expect(plain?.transactions).toHaveLength(20);
  expect(older.frames.at(-1)?.transactions).toEqual(plain?.transactions);
  expect(packedOf(far)[0]?.transactions).toEqual(plain?.transactions);
  expect(far.frames.at(-1)?.costBytes).toBe(plain?.costBytes);
  expect(far.position).toEqual(near.position);
  const bytes = ({ frames }: Consumer): number => ChangeFrame.encode(frames.at(-1) ?? {}).length;
  expect(bytes(far)).toBeLessThan(bytes(near) / 4);
});

test("a snapshot goes packed to another region", () => {
  const producer = new Producer();
  for (let count = 0; count < 50; count += 1) producer.create(`n${count}`, 100);
  const far = new Consumer(producer);
  const near = new Consumer(producer);
  far.open(0, 10_000_000, { region: "eu-west", unpacks: true });
  near.open(0, 10_000_000, { region: "us-west", unpacks: true });
  const seeds = near.frames.flatMap(({ seed }) => seed ?? []);
  const large = seeds.filter(({ nodes }) => nodes.length > 10);
  expect(large.length).toBeGreaterThan(0);
  expect(packedOf(far).map(({ seed }) => seed)).toEqual(large);
});

test("who asks for other places is sent other changes, however alike their names are", () => {
  const producer = new Producer();
  for (const name of ["a", "b", "a ", "a /regions", "a /regions/us-west"]) producer.create(name);
  const from = producer.tree.appliedIndex;
  // Joined by a space, what the two ask for is the same text.
  const [both, odd] = [new Consumer(producer), new Consumer(producer)];
  both.open(from, 10_000_000, { prefixes: [`${root}/a`, `${root}/b`] });
  odd.open(from, 10_000_000, { prefixes: [`${root}/a ${root}/b`] });
  for (const name of ["a/x", "b/y", "a /regions/us-west/b"]) producer.create(name);
  producer.feed.onTurnEnd();
  const pathsOf = ({ frames }: Consumer): readonly string[] => {
    const transactions = frames.flatMap((frame) => frame.transactions);
    return transactions.flatMap(({ changes }) => changes.map(({ path }) => path));
  };
  expect(pathsOf(both).filter((path) => /\/[xy]$/u.test(path))).toHaveLength(2);
  expect(pathsOf(both)).not.toContain(`${root}/a ${root}/b`);
  expect(pathsOf(odd)).toContain(`${root}/a ${root}/b`);
  expect(pathsOf(odd)).not.toContain(`${root}/b/y`);
});

test("other regions are told how old all is now and then, how far it reaches always", async () => {
  const producer = new Producer();
  const far = new Consumer(producer);
  far.open(1, 10_000_000, { region: "eu-west", unpacks: true, ownOnly: true });
  const told: (readonly [number, number])[] = [];
  for (let count = 0; count < 12; count += 1) {
    await producer.time.run(10);
    producer.create(`n${count}`);
    producer.feed.onTurnEnd();
    const { position, ages = [] } = far.frames.at(-1)?.bookmark ?? {};
    told.push([position?.index ?? 0, ages.length]);
  }
  expect(told.map(([index]) => index)).toEqual(Array.from({ length: 12 }, (_, at) => at + 2));
  const withAges = told.filter(([, ages]) => ages > 0).length;
  expect(withAges).toBeGreaterThanOrEqual(2);
  expect(withAges).toBeLessThanOrEqual(4);
});
