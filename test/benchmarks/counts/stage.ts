import { connect, type Meridian, type RawSession } from "@meridian/client";
import { GlobalMember } from "@meridian/global";
import { RegionalMember } from "@meridian/region";
import { type GroupMemberOptions, memberLimits } from "@meridian/replica";
import {
  type Group,
  type GroupOptions,
  type GroupPlan,
  type Part,
  Scene,
} from "@meridian/replica/harness";
import type { DiskOperation } from "@meridian/storage";
import { runtimeOf } from "../../scene-runtime.ts";
import type { Counts } from "./counter.ts";
import type { Ground } from "./ground.ts";

/** One way between two regions. */
const farMs = 40;

/** Nothing that takes place every so many entries falls into a measurement. */
const limits = { ...memberLimits, snapshotEntries: 1_000_000, keptEntries: 1_000_000 };

/** What was made durable since the beginning. */
interface DiskUse {
  /** Operations that end with an fsync. */
  syncs: number;
  bytes: number;
}

/**
 * Whole regional clusters of three real members each, and real clients, within one process, on
 * virtual time: with one seed everything happens in the same order in every run.
 */
export class Stage implements Ground {
  readonly scene: Scene;
  readonly groups: readonly Group[];
  readonly #disk: DiskUse;
  /** Addresses of clients. */
  readonly #clients = new Set<string>();

  private constructor(scene: Scene, groups: readonly Group[], disk: DiskUse) {
    this.scene = scene;
    this.groups = groups;
    this.#disk = disk;
  }

  /** Starts clusters and waits until all have a leader. */
  static async start(plans: readonly GroupPlan[]): Promise<Stage> {
    const scene = new Scene(5, plans);
    for (const one of scene.topology) {
      const far = scene.topology.filter(({ region }) => region !== one.region);
      scene.link(
        [one.address],
        far.map(({ address }) => address),
        { delayMs: farMs },
      );
    }
    const disk: DiskUse = { syncs: 0, bytes: 0 };
    const hooks: GroupOptions["hooks"] = { writing: (_, operation) => note(disk, operation) };
    const make = (options: GroupMemberOptions): Part => partOf(scene, options);
    const groups: Group[] = [];
    for (const plan of plans) groups.push(await scene.group(plan, { make, limits, hooks }));
    for (const group of groups) await group.led();
    return new Stage(scene, groups, disk);
  }

  /** A cluster, by the place of its plan. */
  group(place: number): Group {
    const group = this.groups[place];
    if (group === undefined) throw new Error(`there is no cluster ${place}`);
    return group;
  }

  /**
   * A client that reaches one node whatever it asks for, so that no choice of its own changes what
   * is counted.
   */
  async client(address: string, node: string): Promise<Meridian> {
    const { scene } = this;
    scene.join(address);
    this.#clients.add(address);
    const client = connect({
      endpoints: [node],
      region: this.#regionOf(node),
      runtime: runtimeOf(scene),
      openChannel: () => scene.network.openChannel(address, node),
    });
    return await scene.clock.settled(client);
  }

  /** A session with a cluster at one of its nodes. */
  async session(address: string, group: Group, node: string): Promise<RawSession> {
    return (await this.client(address, node)).session(group.plan.cluster);
  }

  /** Node that leads a cluster, and another one. */
  nodes(group: Group): { readonly leader: string; readonly follower: string } {
    const leader = group.leader?.place.node ?? "";
    const follower = group.names.find((name) => name !== leader) ?? "";
    return { leader, follower };
  }

  tally(): Partial<Counts> {
    const { syncs: diskSyncs, bytes: diskBytes } = this.#disk;
    const counts = { ...noTraffic, diskSyncs, diskBytes, turns: this.scene.clock.steps };
    for (const { from, to, messages, bytes } of this.scene.network.traffic()) {
      const way = this.#wayOf(from, to);
      counts[`${way}Frames`] += messages;
      counts[`${way}Bytes`] += bytes;
    }
    return counts;
  }

  idle(turns: number): Promise<void> {
    const { clock } = this.scene;
    for (let turn = 0; turn < turns; turn += 1) clock.after(0, () => undefined);
    return clock.run(0);
  }

  #wayOf(from: string, to: string): "request" | "answer" | "peer" | "region" {
    if (this.#clients.has(from)) return "request";
    if (this.#clients.has(to)) return "answer";
    return this.#regionOf(from) === this.#regionOf(to) ? "peer" : "region";
  }

  /** Region of a node; "" for clients. */
  #regionOf(address: string): string {
    return this.scene.topology.find((node) => node.address === address)?.region ?? "";
  }
}

const noTraffic = {
  requestFrames: 0,
  requestBytes: 0,
  answerFrames: 0,
  answerBytes: 0,
  peerFrames: 0,
  peerBytes: 0,
  regionFrames: 0,
  regionBytes: 0,
};

function note(disk: DiskUse, { bytes }: DiskOperation): void {
  disk.syncs += 1;
  disk.bytes += bytes;
}

/** A member of the tier that its cluster belongs to. */
function partOf(scene: Scene, options: GroupMemberOptions): Part {
  const { place } = options;
  const follow = scene.follow(place.node);
  const tier =
    place.tier === "global"
      ? new GlobalMember(options)
      : new RegionalMember({ ...options, follow });
  return { member: tier.member, services: () => tier.services(), stop: () => tier.stop() };
}
