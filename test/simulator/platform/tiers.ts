import { EdgeObserver } from "@meridian/edge";
import { electionTiming, GlobalMember, type GroupRank } from "@meridian/global";
import { RegionalMember } from "@meridian/region";
import {
  type GroupMemberOptions,
  memberLimits,
  silentLog,
  type TopologyNode,
} from "@meridian/replica";
import {
  type Group,
  type Hooks,
  NodeClock,
  type Part,
  Scene,
  standIn,
} from "@meridian/replica/harness";
import { StorageError } from "@meridian/storage";
import type { MemoryServing, PeerFrame } from "@meridian/transport";
import { between, globalGroups, regions, type Shape, wayBetween } from "./shape.ts";

/** As servers have it: members of a region are near each other. */
const regionalTiming = {
  tickMs: 100,
  electionTicks: 10,
  electionJitterTicks: 6,
  heartbeatTicks: 2,
  leaseTicks: 10,
};

/** One life of an edge. */
interface EdgeLife {
  readonly edge: EdgeObserver;
  readonly clock: NodeClock;
  readonly serving: MemoryServing;
}

/** A whole platform on virtual time: the global tier, five regions and the edges. */
export class Tiers {
  readonly scene: Scene;
  readonly shape: Shape;
  /** By cluster: "global" and the regions. */
  readonly groups: ReadonlyMap<string, Group>;
  /** Called with each part of a member when a life of it begins. */
  readonly #onLife: (options: GroupMemberOptions, part: Part) => void;
  /** Called with each frame that a member sends to a peer. */
  readonly #onPeerFrame: (node: string, frame: PeerFrame) => void;
  readonly #groups = new Map<string, Group>();
  readonly #edges = new Map<string, EdgeLife>();
  readonly #regionOf = new Map<string, string>();
  readonly #disturbedAtMs = new Map<string, number>();

  constructor(
    seed: number,
    shape: Shape,
    onLife: (options: GroupMemberOptions, part: Part) => void,
    onPeerFrame: (node: string, frame: PeerFrame) => void = () => undefined,
  ) {
    this.shape = shape;
    this.#onLife = onLife;
    this.#onPeerFrame = onPeerFrame;
    this.groups = this.#groups;
    const edges = shape.edges.map((region, place): TopologyNode => {
      const node = `edge-${place + 1}`;
      return {
        node,
        region,
        role: "edge",
        group: "",
        address: node,
        addressFrom: {},
        cluster: region,
      };
    });
    this.scene = new Scene(seed, [shape.global, ...shape.regional], edges);
    for (const { node, region } of this.scene.topology) this.#settle(node, region);
  }

  /** Starts everything, and waits until all clusters have a leader and all edges their mirror. */
  async start(): Promise<void> {
    const { global, regional, snapshotEntries, keptEntries } = this.shape;
    const limits = { snapshotEntries, keptEntries };
    // No two wall clocks agree.
    const skews = new Map<string, number>();
    const hooks: Hooks = {
      booted: (name, { clock }) => {
        const skewMs = skews.get(name) ?? between(this.scene.random, -300, 300);
        skews.set(name, skewMs);
        clock.shiftWall(skewMs);
      },
      peers: (name, peers) =>
        standIn(peers, {
          send: (to, frame) => {
            this.#onPeerFrame(name, frame);
            peers.send(to, frame);
          },
        }),
    };
    for (const plan of [global, ...regional]) {
      const make = (options: GroupMemberOptions): Part => this.#make(options);
      this.#groups.set(plan.cluster, await this.scene.group(plan, { make, limits, hooks }));
    }
    for (const node of this.edgeNames) this.startEdge(node);
    await this.scene.until("all clusters are led and all edges ready", () => this.isUp);
  }

  /** Every cluster has a leader that all of its members know, and every edge a mirror. */
  get isUp(): boolean {
    for (const group of this.#groups.values()) {
      const { leader } = group;
      if (leader === undefined || !leader.replica.isSettled) return false;
      const { node } = leader.place;
      if (group.members.some((member) => !member.ready || member.leader !== node)) return false;
    }
    return [...this.#edges.values()].every(({ edge }) => edge.ready);
  }

  get edgeNames(): readonly string[] {
    return this.shape.edges.map((_, place) => `edge-${place + 1}`);
  }

  /** A group by the cluster that it is. */
  group(cluster: string): Group {
    const group = this.#groups.get(cluster);
    if (group === undefined) throw new Error(`there is no cluster ${cluster}`);
    return group;
  }

  /** An edge that runs. */
  edge(node: string): EdgeObserver | undefined {
    return this.#edges.get(node)?.edge;
  }

  /** Region of a node or client. */
  regionOf(address: string): string {
    return this.#regionOf.get(address) ?? "";
  }

  /** Addresses of servers and clients in a region. */
  within(region: string): readonly string[] {
    return [...this.#regionOf].filter(([, of]) => of === region).map(([address]) => address);
  }

  /** A client takes part from now on. */
  join(address: string, region: string): void {
    this.scene.join(address);
    this.#settle(address, region);
  }

  startEdge(node: string): void {
    const { scene } = this;
    const region = this.regionOf(node);
    const clock = new NodeClock(scene.clock, Math.floor(scene.random() * 1_000_000));
    const edge = new EdgeObserver({
      node,
      region,
      version: "0.0.0",
      log: silentLog,
      limits: memberLimits,
      upstreams: [region, ...regions.filter((other) => other !== region)].slice(0, 2),
      topology: scene.topology,
      follow: scene.follow(node),
      clock,
      random: scene.random,
      memoryBytes: () => 0,
    });
    const serving = scene.network.serve(node, edge.services());
    this.#edges.set(node, { edge, clock, serving });
  }

  /** Ends an edge without warning. */
  killEdge(node: string): void {
    const life = this.#edges.get(node);
    if (life === undefined) return;
    this.#edges.delete(node);
    life.clock.kill();
    life.serving.close();
    life.edge.stop();
  }

  /**
   * A server goes down without warning, if it is up; of what its disk had not synced a part may
   * survive.
   */
  kill(node: string): void {
    this.#disturb(node);
    if (this.#edges.has(node)) return this.killEdge(node);
    const group = this.#groupOf(node);
    const { random } = this.scene;
    if (group?.runs(node) === true) group.crash(node, random() < 0.5 ? 0 : random() * 0.2);
  }

  /** A server starts, if it is down. */
  async revive(node: string): Promise<void> {
    this.#disturb(node);
    const group = this.#groupOf(node);
    if (group !== undefined && !group.runs(node)) await group.boot(node);
    if (this.edgeNames.includes(node) && !this.#edges.has(node)) this.startEdge(node);
  }

  /** A member's process is stopped, as by SIGSTOP, or goes on. */
  pause(node: string, isPaused: boolean): void {
    this.#disturb(node);
    this.cut([node], this.#others(node), isPaused);
    this.cut(this.#others(node), [node], isPaused);
    const group = this.#groupOf(node);
    if (group?.runs(node) !== true) return;
    const { clock } = group.life(node);
    if (isPaused) clock.pause();
    else clock.resume();
  }

  /** One server loses all others, or finds them again. */
  sever(node: string, isCut: boolean): void {
    this.#disturb(node);
    this.cut([node], this.#others(node), isCut);
    this.cut(this.#others(node), [node], isCut);
  }

  /** Everything that a member makes durable takes so long. */
  slowDisk(node: string, delayMs: number): void {
    this.#disturb(node);
    this.#groupOf(node)?.trouble(node, { delayMs });
  }

  /** The wall clock of a member is set. */
  shiftWall(node: string, byMs: number): void {
    const group = this.#groupOf(node);
    if (group?.runs(node) === true) group.life(node).clock.shiftWall(byMs);
  }

  /**
   * A bit of a member's data flips while it is down. Damage that it cannot be rebuilt from, which
   * ends the member for good, is taken back. True: it starts with what the others have.
   */
  async damage(node: string): Promise<boolean> {
    const group = this.#groupOf(node);
    const disk = group?.disk(node);
    if (group === undefined || disk === undefined || group.runs(node)) return false;
    const draws = [this.scene.random(), this.scene.random()];
    const flip = (): void => {
      let drawn = 0;
      disk.flipBit(() => draws[drawn++] ?? 0);
    };
    flip();
    try {
      await group.boot(node);
    } catch (error) {
      if (!(error instanceof StorageError) || error.repairable) throw error;
      flip();
      await group.boot(node);
    }
    return group.life(node).storage.member.recovering;
  }

  /** Starts again what had to end by itself; gives how many there were. */
  async tend(): Promise<number> {
    let count = 0;
    for (const group of this.#groups.values()) {
      const ended = Array.from(group.fatal.keys());
      group.fatal.clear();
      for (const node of ended) {
        this.kill(node);
        await this.revive(node);
        count += 1;
      }
    }
    return count;
  }

  /** Nothing has been done to a region's own servers for so long. */
  isSound(region: string, forMs: number): boolean {
    const { clock } = this.scene;
    const isUp = this.group(region).names.every((node) => this.group(region).runs(node));
    return isUp && clock.nowMs() - (this.#disturbedAtMs.get(region) ?? 0) >= forMs;
  }

  /** Cuts links in one direction, or joins them. */
  cut(from: readonly string[], to: readonly string[], cut: boolean): void {
    const { network } = this.scene;
    for (const a of from) for (const b of to) if (a !== b) network.setLink(a, b, { cut });
  }

  /** Gives the links from one region to another a delay; undefined: their own. */
  slow(from: string, to: string, delayMs: number | undefined): void {
    const ownMs = this.shape.delaysMs.get(wayBetween(from, to)) ?? 1;
    for (const a of this.within(from)) {
      for (const b of this.within(to)) {
        this.scene.network.setLink(a, b, { delayMs: delayMs ?? ownMs });
      }
    }
  }

  /** All links and disks are as they were at the beginning, and nobody is stopped. */
  mend(): void {
    this.scene.heal();
    for (const group of this.#groups.values()) {
      for (const node of group.names) {
        group.trouble(node, { delayMs: 1 });
        if (group.runs(node)) group.life(node).clock.resume();
      }
    }
    for (const from of regions) for (const to of regions) this.slow(from, to, undefined);
  }

  #others(node: string): readonly string[] {
    return [...this.#regionOf.keys()].filter((address) => address !== node);
  }

  /** Something is done to a server: for a while its region may be slow. */
  #disturb(node: string): void {
    this.#disturbedAtMs.set(this.regionOf(node), this.scene.clock.nowMs());
  }

  #groupOf(node: string): Group | undefined {
    return [...this.#groups.values()].find(({ names }) => names.includes(node));
  }

  /** Sets the delay of every link by the regions at its ends. */
  #settle(address: string, region: string): void {
    for (const [other, otherRegion] of this.#regionOf) {
      const way = wayBetween(region, otherRegion);
      const delayMs = this.shape.delaysMs.get(way) ?? 1;
      this.scene.link([address], [other], { delayMs });
    }
    this.#regionOf.set(address, region);
  }

  #make(options: GroupMemberOptions): Part {
    const { node, cluster } = options.place;
    const tier = cluster === "global" ? globalPart(options) : this.#regionalPart(options, node);
    const part = {
      member: tier.member,
      services: () => tier.services(),
      stop: () => tier.stop(),
    };
    this.#onLife(options, part);
    return part;
  }

  #regionalPart(options: GroupMemberOptions, node: string): RegionalMember {
    const follow = this.scene.follow(node);
    return new RegionalMember({ ...options, timing: regionalTiming, follow });
  }
}

function globalPart(options: GroupMemberOptions): GlobalMember {
  const rank = globalGroups.findIndex((name) => name === options.group) as GroupRank;
  return new GlobalMember({ ...options, timing: electionTiming(rank) });
}
