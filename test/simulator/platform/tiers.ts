import { EdgeObserver } from "@meridian/edge";
import { electionTiming, GlobalMember, type GroupRank } from "@meridian/global";
import { RegionalMember } from "@meridian/region";
import {
  type GroupMemberOptions,
  memberLimits,
  silentLog,
  type TopologyNode,
} from "@meridian/replica";
import { type Group, NodeClock, type Part, Scene } from "@meridian/replica/harness";
import type { MemoryServing } from "@meridian/transport";
import { globalGroups, regions, type Shape, wayBetween } from "./shape.ts";

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
  readonly #groups = new Map<string, Group>();
  readonly #edges = new Map<string, EdgeLife>();
  readonly #regionOf = new Map<string, string>();

  constructor(
    seed: number,
    shape: Shape,
    onLife: (options: GroupMemberOptions, part: Part) => void,
  ) {
    this.shape = shape;
    this.#onLife = onLife;
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
    for (const plan of [global, ...regional]) {
      const make = (options: GroupMemberOptions): Part => this.#make(options);
      this.#groups.set(plan.cluster, await this.scene.group(plan, { make, limits }));
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

  /** A server goes down without warning, if it is up. */
  kill(node: string): void {
    if (this.#edges.has(node)) return this.killEdge(node);
    const group = this.#groupOf(node);
    if (group?.runs(node) === true) group.crash(node);
  }

  /** A server starts, if it is down. */
  async revive(node: string): Promise<void> {
    const group = this.#groupOf(node);
    if (group !== undefined && !group.runs(node)) await group.boot(node);
    if (this.edgeNames.includes(node) && !this.#edges.has(node)) this.startEdge(node);
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

  /** All links are as they were at the beginning. */
  mend(): void {
    this.scene.heal();
    for (const from of regions) for (const to of regions) this.slow(from, to, undefined);
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
