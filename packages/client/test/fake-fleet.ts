import type { FrameHandler, FrameStream } from "@meridian/transport";
import {
  ChangeFrame,
  ClientFrame,
  FollowFrame,
  MeridianError,
  ServerFrame,
  Tier,
  TopologyResponse,
  type Codec,
  type Encodable,
  type IChangeFrame,
  type IServerFrame,
  type ITopologyResponse,
  type IZone,
} from "@meridian/wire";
import type { ClientChannel } from "../src/channel.ts";
import { connect } from "../src/connect.ts";
import type { Meridian } from "../src/client.ts";
import type { ConnectOptions } from "../src/options.ts";
import { FakeCluster } from "./fake-cluster.ts";
import { FakeServer } from "./fake-server.ts";
import { VirtualRuntime } from "./virtual-runtime.ts";

const zones: readonly Encodable<IZone>[] = [
  { prefix: "/global", consistency: "strict", replicate: ["all"] },
  { prefix: "/locks", consistency: "strict", replicate: ["all"] },
  { prefix: "/regions/{region}", consistency: "regional", home: "{region}", replicate: ["all"] },
  { prefix: "/private/{region}", consistency: "regional", home: "{region}", replicate: ["none"] },
  { prefix: "/shared", consistency: "eventual", replicate: ["all"] },
];
const regions = ["us-west", "eu-west", "apac"];
/** Wall clock at the virtual clock's origin. */
const wallOriginMs = Date.UTC(2026, 0, 1);

/**
 * The whole platform in miniature, in memory and on virtual time: three regions, a global cluster,
 * edges.
 */
export class FakeFleet {
  readonly runtime: VirtualRuntime;
  readonly servers = new Map<string, FakeServer>();
  readonly clusters = new Map<string, FakeCluster>();
  readonly clients: Meridian[] = [];
  /** Addresses that differ from the made-up ones. */
  readonly addresses = new Map<string, string>();
  /** Nodes that have just begun and know no zones yet. */
  readonly beginners = new Set<string>();
  /** One way. */
  latencyMs = 1;

  constructor(seed: number = 1) {
    this.runtime = new VirtualRuntime(seed);
    this.#addCluster("global", "us-east", ["us-east", "eu-central"], "global-voter");
    for (const region of regions) this.#addCluster(region, region, [region], "regional-voter");
    this.#add({ node: "witness-1", region: "us-west", role: "witness", cluster: "global" });
    for (const region of regions) {
      this.#add({ node: `edge-${region}`, region, role: "edge", cluster: region });
    }
  }

  /** A client in us-west, unless told otherwise. It is closed with the fleet. */
  async client(options: Partial<ConnectOptions> = {}): Promise<Meridian> {
    const connecting = connect({
      region: "us-west",
      endpoints: ["us-west-1:1", "eu-west-1:1"],
      runtime: this.runtime,
      openChannel: (address) => this.channel(address),
      ...options,
    });
    const client = await this.runtime.until(connecting);
    this.clients.push(client);
    return client;
  }

  server(node: string): FakeServer {
    const server = this.servers.get(node);
    if (server === undefined) throw new Error(`no node ${node}`);
    return server;
  }

  cluster(name: string): FakeCluster {
    const cluster = this.clusters.get(name);
    if (cluster === undefined) throw new Error(`no cluster ${name}`);
    return cluster;
  }

  /** Servers of a region, or for which this holds. */
  select(wanted: (server: FakeServer) => boolean): readonly FakeServer[] {
    return [...this.servers.values()].filter(wanted);
  }

  /** Cluster that owns a path; "" in eventual zones. */
  ownerOf(path: string): string {
    const [, top = "", second = ""] = path.split("/");
    if (top === "regions" || top === "private") return second;
    return top === "shared" ? "" : "global";
  }

  channel(address: string): ClientChannel {
    const node = address.slice(0, address.indexOf(":"));
    return new FakeChannel(this, this.server(node));
  }

  topology(asked: string = ""): ITopologyResponse {
    const nodes = [...this.servers.values()].map(({ place }) => {
      return { ...place, address: this.addresses.get(place.node) ?? place.address };
    });
    const known = this.beginners.has(asked) ? {} : { zones, zonesVersion: 1, regions };
    return TopologyResponse.decode(TopologyResponse.encode({ nodes, ...known }));
  }

  #addCluster(name: string, leaderRegion: string, where: readonly string[], role: string): void {
    const cluster = new FakeCluster(name);
    cluster.wallMs = () => Math.floor(wallOriginMs + this.runtime.nowMs());
    this.clusters.set(name, cluster);
    for (const region of where) {
      for (const number of [1, 2, 3]) {
        const node = name === "global" ? `global-${region}-${number}` : `${region}-${number}`;
        this.#add({ node, region, role, cluster: name });
      }
    }
    cluster.leader = name === "global" ? `global-${leaderRegion}-1` : `${name}-1`;
  }

  #add(place: { node: string; region: string; role: string; cluster: string }): void {
    const tier =
      place.role === "edge" ? Tier.EDGE : place.cluster === "global" ? Tier.GLOBAL : Tier.REGIONAL;
    const full = { ...place, tier, address: `${place.node}:1` };
    this.servers.set(place.node, new FakeServer(this, full));
  }
}

/** Sending half of a stream at a fake node. */
interface Sink<Down> {
  send(frame: Encodable<Down>): void;
  close(): void;
  /** As when the process dies. */
  break(): void;
}

class FakeChannel implements ClientChannel {
  readonly #fleet: FakeFleet;
  readonly #server: FakeServer;
  readonly #cuts = new Set<() => void>();

  constructor(fleet: FakeFleet, server: FakeServer) {
    this.#fleet = fleet;
    this.#server = server;
  }

  topology(): ReturnType<ClientChannel["topology"]> {
    return this.#call(() => this.#fleet.topology(this.#server.place.node));
  }

  status(): ReturnType<ClientChannel["status"]> {
    return this.#call(() => this.#server.status());
  }

  session(handler: FrameHandler<IServerFrame>): ReturnType<ClientChannel["session"]> {
    return this.#open(handler, [ClientFrame, ServerFrame], (sink) => this.#server.accept(sink));
  }

  follow(handler: FrameHandler<IChangeFrame>): ReturnType<ClientChannel["follow"]> {
    return this.#open(handler, [FollowFrame, ChangeFrame], (sink) => {
      const feed = this.#server.follow(sink);
      const cluster = this.#fleet.cluster(this.#server.place.cluster);
      const listener = (): void => feed.pump(false);
      cluster.listeners.add(listener);
      return {
        onFrame: (frame) => feed.onFrame(frame),
        onClose: () => {
          cluster.listeners.delete(listener);
          feed.onClose();
        },
      };
    });
  }

  /** A stream of frames in both directions, each encoded as on the wire. */
  #open<Up, Down>(
    handler: FrameHandler<Down>,
    [up, down]: readonly [Codec<Up>, Codec<Down>],
    accept: (sink: Sink<Down>) => Pick<FrameHandler<Up>, "onFrame"> & { onClose(): void },
  ): FrameStream<Encodable<Up>> {
    const { runtime } = this.#fleet;
    const server = this.#server;
    let isOver = false;
    let isCut = false; // once something was lost, nothing more comes over this connection
    const passes = (): boolean => {
      isCut ||= server.isSilent;
      return !isOver && !isCut;
    };
    const end = (error: Error | undefined): void => {
      if (isOver) return;
      isOver = true;
      this.#cuts.delete(cut);
      serving.onClose();
      handler.onClose(error);
    };
    const cut = (): void => end(new MeridianError("REGION_UNAVAILABLE", "the channel was closed"));
    this.#cuts.add(cut);
    const serving = accept({
      send: (frame) => {
        const bytes = down.encode(frame);
        runtime.after(this.#fleet.latencyMs, () => {
          if (passes()) handler.onFrame(down.decode(bytes));
        });
      },
      close: () => {
        runtime.after(this.#fleet.latencyMs, () => {
          if (passes()) end(undefined);
        });
      },
      break: () => end(new MeridianError("REGION_UNAVAILABLE", "connection reset")),
    });
    if (server.isDown) {
      runtime.after(this.#fleet.latencyMs, () =>
        end(new MeridianError("REGION_UNAVAILABLE", "No connection established: refused")),
      );
    }
    return {
      send: (frame) => {
        if (isOver) return;
        const bytes = up.encode(frame);
        runtime.after(this.#fleet.latencyMs, () => {
          if (passes() && !server.isDown) serving.onFrame(up.decode(bytes));
        });
      },
      bufferedBytes: 0,
      close: () => {
        isOver = true;
        this.#cuts.delete(cut);
        serving.onClose();
      },
    };
  }

  close(): void {
    for (const cut of this.#cuts) cut();
  }

  #call<T>(answer: () => T): Promise<T> {
    const { runtime, latencyMs } = this.#fleet;
    return new Promise((resolve, reject) => {
      runtime.after(2 * latencyMs, () => {
        if (this.#server.isDown) reject(new MeridianError("REGION_UNAVAILABLE", "refused"));
        else if (!this.#server.isSilent) resolve(answer());
      });
    });
  }
}
