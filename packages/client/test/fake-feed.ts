import {
  ChangeKind,
  EventKind,
  OpenOutcome,
  type Encodable,
  type IChange,
  type IChangeFrame,
  type IFollowFrame,
  type IOpenChanges,
  type ITransaction,
} from "@meridian/wire";
import type { FakeChange, FakeCluster } from "./fake-cluster.ts";
import type { FakeServer } from "./fake-server.ts";

/** Sending half of a fake change stream. */
export interface FeedSink {
  send(frame: Encodable<IChangeFrame>): void;
  close(): void;
  /** As when the process dies. */
  break(): void;
}

const bookmarkMs = 200;
/** Changes of one frame, in bytes. */
const frameBytes = 1_000;

/** A change stream of a fake node: as the real one, over the history of the fake cluster. */
export class FakeFeed {
  readonly sink: FeedSink;
  /** Bytes that it may still send. */
  credit = 0;
  open: IOpenChanges | undefined;
  readonly #server: FakeServer;
  readonly #cancel: () => void;
  #cursor = 0;
  #echoMs = 0;
  #echoedAtMs = 0;
  #seeds: Encodable<IChangeFrame>[] = [];
  #isOver = false;

  constructor(server: FakeServer, sink: FeedSink) {
    this.#server = server;
    this.sink = sink;
    const { runtime } = server.fleet;
    let cancel = (): void => undefined;
    const beat = (): void => {
      cancel = runtime.after(bookmarkMs, () => {
        this.pump(true);
        if (!this.#isOver) beat();
      });
    };
    beat();
    this.#cancel = () => cancel();
  }

  onFrame(frame: IFollowFrame): void {
    this.credit += frame.creditBytes;
    if (frame.sentAtMs > 0) {
      this.#echoMs = frame.sentAtMs;
      this.#echoedAtMs = this.#server.fleet.runtime.nowMs();
    }
    if (frame.open !== undefined) {
      this.open = frame.open;
      this.#begin(frame.open);
    }
    this.pump(true);
  }

  onClose(): void {
    this.#isOver = true;
    this.#cancel();
    this.#server.feeds.delete(this);
  }

  /** Sends what there is credit for. */
  pump(isBookmark: boolean): void {
    if (this.#isOver || this.open === undefined || this.#server.isMute) return;
    let wasSent = false;
    while (this.credit > 0) {
      const seed = this.#seeds.shift();
      if (seed !== undefined) this.#server.seedsSent += 1;
      const frame = seed ?? this.#nextFrame();
      if (frame === undefined) break;
      this.credit -= frame.costBytes ?? 0;
      this.sink.send(frame);
      wasSent = true;
    }
    if (!isBookmark || wasSent) return;
    this.sink.send(this.#seeds.length > 0 ? {} : { bookmark: this.#bookmark() });
  }

  get #cluster(): FakeCluster {
    return this.#server.fleet.cluster(this.#server.place.cluster);
  }

  #begin({ from, prefixes }: IOpenChanges): void {
    const { name: cluster, incarnation, index, floor, nodes } = this.#cluster;
    const position = { cluster, incarnation, index };
    const scripted = this.#server.outcome;
    if (scripted !== undefined) {
      this.sink.send({ opened: { position, ...scripted } });
      return this.sink.close();
    }
    const asked = from?.index ?? 0;
    if (asked > 0 && from?.incarnation !== incarnation) {
      const fork = { cluster, incarnation, index: 0 };
      this.sink.send({ opened: { outcome: OpenOutcome.FORKED, position, fork } });
      return this.sink.close();
    }
    const isSnapshot = asked === 0 || asked < floor;
    const outcome = isSnapshot ? OpenOutcome.COMPACTED : OpenOutcome.CONTINUE;
    this.sink.send({ opened: { outcome, position } });
    this.#cursor = isSnapshot ? index : asked;
    if (!isSnapshot) return;
    const changes = [...nodes]
      .filter(([path]) => passes(path, prefixes))
      .map(([path, { data, stat }]) => ({ kind: ChangeKind.CREATED, path, data, stat }));
    for (let at = 0; at === 0 || at < changes.length; at += 10) {
      const last = at + 10 >= changes.length;
      const part = { origin: cluster, incarnation, index, nodes: changes.slice(at, at + 10), last };
      this.#seeds.push({ seed: part, costBytes: frameBytes });
    }
  }

  /** Steps are never torn apart: there is no place between the transactions of one. */
  #nextFrame(): Encodable<IChangeFrame> | undefined {
    const { prefixes = [] } = this.open ?? {};
    const transactions: Encodable<ITransaction>[] = [];
    let costBytes = 0;
    for (const step of this.#cluster.history()) {
      if (step.index <= this.#cursor) continue;
      if (costBytes >= frameBytes) break;
      this.#cursor = step.index;
      for (const transaction of step.transactions) {
        const changes = transaction.changes.filter(({ path }) => passes(path, prefixes));
        if (changes.length === 0) continue;
        transactions.push({ ...transaction, changes: changes.map(encoded) });
        for (const { node } of changes) costBytes += 100 + (node?.data.byteLength ?? 0);
      }
    }
    if (transactions.length === 0) {
      this.#cursor = Math.max(this.#cursor, this.#cluster.index);
      return undefined;
    }
    return { transactions, costBytes, bookmark: this.#bookmark() };
  }

  #bookmark(): NonNullable<Encodable<IChangeFrame>["bookmark"]> {
    const { name: cluster, incarnation, index } = this.#cluster;
    const position = { cluster, incarnation, index: this.#cursor };
    const { fleet, stalenessMs: ageMs, mirrored } = this.#server;
    const heldMs = Math.ceil(fleet.runtime.nowMs() - this.#echoedAtMs);
    const others = [...mirrored].map((origin) => {
      return { origin, incarnation: 1, index: fleet.cluster(origin).index, ageMs };
    });
    const own = { origin: cluster, incarnation, index: this.#cursor, ageMs };
    const ages = this.#cursor >= index ? [own, ...others] : [];
    return { position, echoMs: this.#echoMs, heldMs, ages };
  }
}

function passes(path: string, prefixes: readonly string[]): boolean {
  return prefixes.length === 0 || prefixes.some((prefix) => isWithin(path, prefix));
}

function isWithin(path: string, prefix: string): boolean {
  return path === prefix || prefix === "/" || path.startsWith(`${prefix}/`);
}

function encoded({ kind, path, node }: FakeChange): Encodable<IChange> {
  const kinds = new Map<number, number>([
    [EventKind.CREATED, ChangeKind.CREATED],
    [EventKind.CHANGED, ChangeKind.CHANGED],
    [EventKind.DELETED, ChangeKind.DELETED],
  ]);
  return { kind: kinds.get(kind) ?? 0, path, data: node?.data, stat: node?.stat };
}
