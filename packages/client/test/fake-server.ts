import {
  Consistency,
  ErrorCode,
  Tier,
  type Encodable,
  type IClientFrame,
  type IError,
  type IHello,
  type IOpened,
  type INodeAddress,
  type IRequest,
  type IResponse,
  type IServerFrame,
  type IStatusResponse,
  type IWatchEvent,
} from "@meridian/wire";
import { parentOf, pathOf, refused, type FakeChange, type FakeNode } from "./fake-cluster.ts";
import { FakeFeed, type FeedSink } from "./fake-feed.ts";
import type { FakeFleet } from "./fake-fleet.ts";

/** Sending half of a fake stream. */
export interface FakeSink {
  send(frame: Encodable<IServerFrame>): void;
  close(): void;
  /** As when the process dies. */
  break(): void;
}

interface Frozen {
  readonly nodes: ReadonlyMap<string, FakeNode>;
  readonly index: number;
}

/** One node of the fake fleet. It answers as a real one would, unless a test scripts it. */
export class FakeServer {
  readonly place: INodeAddress;
  readonly fleet: FakeFleet;
  /** Connections are refused. */
  isDown = false;
  /** Nothing arrives and nothing leaves: a black hole. */
  isSilent = false;
  /** Age that it states for what it mirrors. */
  stalenessMs = 0;
  /** Hellos with a session are turned away with this. */
  dismissal: Encodable<IError> | undefined;
  /** Names that it gives in one answer. */
  childrenMax = Infinity;
  /** A watch is answered at once and told what it missed only after this. */
  catchUpMs = 0;
  /** Node that it takes for the leader; undefined: the one who leads. */
  leaderSeen: string | undefined;
  /** Answers in place of the server; undefined: the server does. "drop": nobody does. */
  script: ((request: IRequest) => Encodable<IResponse> | "drop" | undefined) | undefined;
  /** All requests but pings, in the order of their arrival. */
  readonly seen: IRequest[] = [];
  readonly hellos: IHello[] = [];
  readonly streams = new Set<FakeStream>();
  readonly feeds = new Set<FakeFeed>();
  /** Change streams are opened with this in place of what the history says. */
  outcome: Encodable<IOpened> | undefined;
  /** Change streams say nothing at all. */
  isMute = false;
  /** Parts of snapshots that went into change streams. */
  seedsSent = 0;
  /** Clusters whose age it states in its change streams, beside its own. */
  readonly mirrored = new Set<string>();
  readonly #frozen = new Map<string, Frozen>();

  constructor(fleet: FakeFleet, place: Partial<INodeAddress>) {
    this.fleet = fleet;
    this.place = {
      node: "",
      region: "",
      tier: Tier.REGIONAL,
      role: "",
      group: "",
      address: "",
      addressFrom: {},
      cluster: "",
      ...place,
    };
  }

  accept(sink: FakeSink): FakeStream {
    const stream = new FakeStream(this, sink);
    this.streams.add(stream);
    return stream;
  }

  /** Accepts a change stream. */
  follow(sink: FeedSink): FakeFeed {
    const feed = new FakeFeed(this, sink);
    this.feeds.add(feed);
    return feed;
  }

  /** Session of the last hello that had one. */
  get lastSession(): number {
    return this.hellos.findLast(({ sessionId }) => sessionId > 0)?.sessionId ?? 0;
  }

  /** Dies: connections break, and new ones are refused. */
  kill(): void {
    this.isDown = true;
    for (const stream of this.streams) stream.sink.break();
    for (const feed of this.feeds) feed.sink.break();
  }

  /** Stops following a cluster. */
  freeze(cluster: string): void {
    const { nodes, index } = this.fleet.cluster(cluster);
    this.#frozen.set(cluster, { nodes: new Map(nodes), index });
  }

  /** Follows it again. */
  thaw(cluster: string): void {
    this.#frozen.delete(cluster);
    for (const stream of this.streams) stream.catchUp();
  }

  /** What it knows of a cluster. */
  view(cluster: string): Frozen {
    return this.#frozen.get(cluster) ?? this.fleet.cluster(cluster);
  }

  status(): IStatusResponse {
    const { node, region, tier, role, cluster } = this.place;
    const leader = this.leaderSeen ?? this.fleet.cluster(cluster).leader;
    return { node, region, tier, role, cluster, leader } as IStatusResponse;
  }
}

/** One stream to a fake node. */
export class FakeStream {
  readonly sink: FakeSink;
  readonly #server: FakeServer;
  readonly #watches = new Map<number, FakeWatch>();
  #hello: IHello | undefined;
  #waiting: IRequest[] = [];
  #refusedFrom = Infinity;

  constructor(server: FakeServer, sink: FakeSink) {
    this.#server = server;
    this.sink = sink;
  }

  onFrame(frame: IClientFrame): void {
    if (frame.hello !== undefined && !this.#open(frame.hello)) return;
    for (const request of frame.requests) this.#onRequest(request);
    if (!frame.goodbye) return;
    this.#server.fleet.cluster(this.#server.place.cluster).expire(this.#hello?.sessionId ?? 0);
    this.sink.close();
  }

  onClose(): void {
    this.#server.streams.delete(this);
    for (const watch of this.#watches.values()) watch.stop();
    this.#watches.clear();
  }

  /** The node has applied more. */
  catchUp(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const request of waiting) this.#read(request);
    for (const watch of this.#watches.values()) watch.flush();
  }

  respond(id: number, response: Encodable<IResponse>): void {
    this.sink.send({ responses: [{ index: 0, ...response, id }] });
  }

  #open(hello: IHello): boolean {
    const { place, fleet, hellos } = this.#server;
    const cluster = fleet.cluster(place.cluster);
    hellos.push(hello);
    this.#hello = hello;
    const { dismissal } = this.#server;
    if (dismissal !== undefined && hello.sessionId !== 0) {
      this.sink.send({ farewell: dismissal });
      this.sink.close();
      return false;
    }
    if (hello.sessionId !== 0 && !cluster.sessions.has(hello.sessionId)) {
      if (!hello.create) {
        this.sink.send({ farewell: refused("SESSION_EXPIRED").error });
        this.sink.close();
        return false;
      }
      cluster.open(hello.sessionId, hello.timeoutMs);
    }
    this.sink.send({
      welcome: {
        sessionId: hello.sessionId,
        timeoutMs: hello.timeoutMs,
        cluster: cluster.name,
        incarnation: cluster.incarnation,
        region: place.region,
        node: place.node,
        tier: place.tier,
        leader: place.tier === Tier.EDGE ? "" : this.#server.status().leader,
      },
    });
    return true;
  }

  #onRequest(request: IRequest): void {
    if (request.ping !== undefined) return this.respond(request.id, {});
    this.#server.seen.push(request);
    const scripted = this.#server.script?.(request);
    if (scripted === "drop") return;
    if (scripted !== undefined) {
      this.#noteRefused(request, scripted);
      return this.respond(request.id, scripted);
    }
    if (request.watch !== undefined) return this.#watch(request);
    if (request.unwatch !== undefined) {
      this.#watches.get(request.unwatch.watch)?.stop();
      this.#watches.delete(request.unwatch.watch);
      return this.respond(request.id, {});
    }
    if (request.sequence > 0) return this.#write(request);
    this.#read(request);
  }

  #noteRefused({ sequence }: IRequest, { error }: Encodable<IResponse>): void {
    if (sequence === 0 || error?.code !== ErrorCode.OVERLOADED) return;
    this.#refusedFrom = Math.min(this.#refusedFrom, sequence);
  }

  #write(request: IRequest): void {
    // What came before it was refused for now, and comes again.
    if (request.sequence > this.#refusedFrom) {
      return this.respond(request.id, refused("OVERLOADED", { retryAfterMs: 50 }));
    }
    if (request.sequence === this.#refusedFrom) this.#refusedFrom = Infinity;
    const cluster = this.#server.fleet.cluster(this.#server.place.cluster);
    cluster.commit(() => {
      const outcome = cluster.apply(this.#hello?.sessionId ?? 0, request.sequence, request);
      const isGlobal = cluster.name === "global";
      const consistency = isGlobal ? Consistency.STRICT : Consistency.REGIONAL;
      this.respond(request.id, { consistency, ...outcome });
    });
  }

  #read(request: IRequest): void {
    const { place, fleet, stalenessMs } = this.#server;
    const owner = fleet.ownerOf(pathOf(request)) || place.cluster;
    const view = this.#server.view(owner);
    const behind = request.after.find(
      ({ cluster, index }) =>
        fleet.clusters.has(cluster) && this.#server.view(cluster).index < index,
    );
    if (behind !== undefined) return this.#wait(request);
    const isOwner = place.cluster === owner && place.tier !== Tier.EDGE;
    if (request.consistency === Consistency.STRICT && !isOwner) {
      return this.respond(request.id, refused("MOVED", { hint: owner }));
    }
    if (isOwner && fleet.cluster(owner).isStuck && request.consistency === Consistency.STRICT)
      return;
    const ageMs = isOwner ? 0 : stalenessMs;
    if (request.maxStalenessMs > 0 && ageMs > request.maxStalenessMs) {
      return this.respond(request.id, refused("STALE"));
    }
    const { index, incarnation } = fleet.cluster(owner);
    this.respond(request.id, {
      ...answer(request, view.nodes, this.#server.childrenMax),
      index: this.#server.view(place.cluster).index,
      positions:
        owner === place.cluster
          ? []
          : [{ cluster: owner, incarnation, index: Math.min(index, view.index) }],
      consistency: request.consistency,
      stalenessMs: ageMs,
    });
  }

  #wait(request: IRequest): void {
    this.#waiting.push(request);
    this.#server.fleet.runtime.after(request.deadlineMs, () => {
      if (!this.#waiting.includes(request)) return;
      this.#waiting = this.#waiting.filter((each) => each !== request);
      this.respond(request.id, refused("STALE"));
    });
  }

  #watch(request: IRequest): void {
    const watch = new FakeWatch(this.#server, this.sink, request);
    this.#watches.set(request.id, watch);
    if (this.#server.catchUpMs === 0) watch.flush();
    else this.#server.fleet.runtime.after(this.#server.catchUpMs, () => watch.flush());
    this.respond(request.id, { index: this.#server.view(this.#server.place.cluster).index });
  }
}

/** A watch on the changes of the cluster that owns its path. */
class FakeWatch {
  readonly #server: FakeServer;
  readonly #sink: FakeSink;
  readonly #request: IRequest;
  readonly #owner: string;
  readonly #listener: () => void;
  #reached: number;

  constructor(server: FakeServer, sink: FakeSink, request: IRequest) {
    const path = request.watch?.path ?? "";
    this.#server = server;
    this.#sink = sink;
    this.#request = request;
    this.#owner = server.fleet.ownerOf(path) || server.place.cluster;
    const from = request.watch?.from.find(({ cluster }) => cluster === this.#owner);
    this.#reached = from?.index ?? server.view(this.#owner).index;
    this.#listener = () => this.flush();
    server.fleet.cluster(this.#owner).listeners.add(this.#listener);
  }

  stop(): void {
    this.#server.fleet.cluster(this.#owner).listeners.delete(this.#listener);
  }

  /** Sends what the node has applied and the watch has not reported, a transaction a batch. */
  flush(): void {
    const { index: upTo } = this.#server.view(this.#owner);
    const { changes, incarnation } = this.#server.fleet.cluster(this.#owner);
    const batches = new Map<number, IWatchEvent[]>();
    for (const change of changes) {
      if (change.index <= this.#reached || change.index > upTo) continue;
      const event = this.#eventOf(change, incarnation);
      if (event === undefined) continue;
      batches.set(change.index, [...(batches.get(change.index) ?? []), event]);
    }
    this.#reached = Math.max(this.#reached, upTo);
    const at = (index: number) => [{ cluster: this.#owner, incarnation, index }];
    for (const [index, events] of batches) {
      this.#sink.send({ events: [{ watch: this.#request.id, events, positions: at(index) }] });
    }
    // As of this node, which may be behind the place that the watch resumed from.
    const progress = { watch: this.#request.id, positions: at(upTo) };
    this.#sink.send({ events: [progress] });
  }

  #eventOf(change: FakeChange, incarnation: number): IWatchEvent | undefined {
    const { path = "", kind = 0 } = this.#request.watch ?? {};
    const isBelow = change.path.startsWith(`${path}/`);
    const isChild = parentOf(change.path) === path;
    const isRecursive = kind === 5 || kind === 0;
    if (change.path !== path && !(isRecursive && isBelow) && !isChild) return undefined;
    return {
      kind: change.kind,
      path: change.path,
      data: change.node?.data ?? new Uint8Array(0),
      stat: change.node?.stat,
      position: { cluster: this.#owner, incarnation, index: change.index },
    };
  }
}

function answer(
  request: IRequest,
  nodes: ReadonlyMap<string, FakeNode>,
  childrenMax: number,
): Encodable<IResponse> {
  if (request.sync !== undefined) return {};
  const path = pathOf(request);
  const node = nodes.get(path);
  if (request.exists !== undefined)
    return { exists: node === undefined ? {} : { stat: node.stat } };
  if (node === undefined) return refused("NO_NODE");
  if (request.children === undefined) return { node: { path, data: node.data, stat: node.stat } };
  const { limit, after, withData, withStats } = request.children;
  const prefix = path === "/" ? "/" : `${path}/`;
  const names = [...nodes.keys()]
    .filter((each) => each !== "/" && parentOf(each) === path)
    .map((each) => each.slice(prefix.length))
    .filter((name) => name > after)
    .sort();
  const page = names.slice(0, Math.min(limit === 0 ? Infinity : limit, childrenMax));
  const more = page.length < names.length;
  const children = page.map((name) => {
    const child = nodes.get(prefix + name);
    if (child === undefined || !(withData || withStats)) return { path: name };
    return { path: name, stat: child.stat, ...(withData ? { data: child.data } : {}) };
  });
  return { children: { children, stat: node.stat, more } };
}
