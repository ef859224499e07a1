import { connect, type Meridian, type RawSession, type Runtime } from "@meridian/client";
import { RegionalMember } from "@meridian/region";
import { type GroupMemberOptions, memberLimits } from "@meridian/replica";
import { type Group, type GroupOptions, type Part, Scene } from "@meridian/replica/harness";
import type { DiskOperation } from "@meridian/storage";

/** Regions of a stage, each with a cluster of three voters. */
export type Regions = readonly [string, ...string[]];

/** Nothing that takes place every so many entries falls into a measurement. */
const limits = { ...memberLimits, snapshotEntries: 1_000_000, keptEntries: 1_000_000 };

/** What was made durable since the beginning. */
export interface DiskUse {
  /** Operations that end with an fsync. */
  syncs: number;
  bytes: number;
}

/**
 * Whole regional clusters of three real members each, and real clients, within one process, on
 * virtual time: with one seed everything happens in the same order in every run.
 */
export class Stage {
  readonly scene: Scene;
  readonly groups: readonly Group[];
  readonly disk: DiskUse;
  /** Addresses of clients. */
  readonly clients: Set<string> = new Set();

  private constructor(scene: Scene, groups: readonly Group[], disk: DiskUse) {
    this.scene = scene;
    this.groups = groups;
    this.disk = disk;
  }

  /** Starts a cluster in each region and waits until all have a leader. */
  static async start(regions: Regions, delayMs: number = 1): Promise<Stage> {
    const plans = regions.map((cluster) => ({ cluster, voters: 3 }));
    const scene = new Scene(5, plans);
    const disk: DiskUse = { syncs: 0, bytes: 0 };
    const options: Partial<GroupOptions> = {
      make: (of) => regionalPart(scene, of),
      limits,
      hooks: {
        writing: (_, operation) => note(disk, operation),
      },
    };
    const groups: Group[] = [];
    for (const plan of plans) groups.push(await scene.group(plan, options));
    for (const group of groups) {
      for (const other of groups) {
        if (other !== group) scene.link(group.names, other.names, { delayMs });
      }
      await group.led();
    }
    return new Stage(scene, groups, disk);
  }

  /** The cluster of a region, by its place. */
  group(place: number): Group {
    const group = this.groups[place];
    if (group === undefined) throw new Error(`there is no region ${place}`);
    return group;
  }

  /**
   * A client that reaches one node whatever it asks for, so that no choice of its own changes what
   * is counted.
   */
  async client(address: string, group: Group, node: string): Promise<Meridian> {
    const { scene } = this;
    scene.join(address);
    this.clients.add(address);
    const client = connect({
      endpoints: [node],
      region: group.plan.cluster,
      runtime: runtimeOf(scene),
      openChannel: () => scene.network.openChannel(address, node),
    });
    return await scene.clock.settled(client);
  }

  /** A session with a cluster at one of its nodes. */
  async session(address: string, group: Group, node: string): Promise<RawSession> {
    return (await this.client(address, group, node)).session(group.plan.cluster);
  }

  /** Node that leads a cluster, and another one. */
  nodes(group: Group): { readonly leader: string; readonly follower: string } {
    const leader = group.leader?.place.node ?? "";
    const follower = group.names.find((name) => name !== leader) ?? "";
    return { leader, follower };
  }
}

function note(disk: DiskUse, { bytes }: DiskOperation): void {
  disk.syncs += 1;
  disk.bytes += bytes;
}

function regionalPart(scene: Scene, options: GroupMemberOptions): Part {
  const follow = scene.follow(options.place.node);
  const regional = new RegionalMember({ ...options, follow });
  const { member } = regional;
  return { member, services: () => regional.services(), stop: () => regional.stop() };
}

function runtimeOf({ clock, random }: Scene): Runtime {
  return {
    nowMs: () => clock.nowMs(),
    after: (delayMs, callback) => clock.after(delayMs, callback),
    defer: (callback) => void clock.after(0, callback),
    random,
    randomBytes: (length) => Uint8Array.from({ length }, () => Math.floor(random() * 256)),
  };
}
