import {
  addressFor,
  inStep,
  globalCluster,
  GroupMember,
  type GroupMemberOptions,
  type OpenFollow,
  type TopologyNode,
} from "@meridian/replica";
import type { Services } from "@meridian/transport";
import {
  type PartitionEvent,
  PartitionMonitor,
  partitionStates,
  type PartitionThresholds,
  partitionThresholds,
} from "./partition-monitor.ts";
import { Puller } from "./puller.ts";

/** What makes a group member a member of a region. */
export interface RegionalMemberOptions extends GroupMemberOptions {
  /** Opens a change stream to an address. */
  readonly follow: (address: string) => OpenFollow;
  readonly thresholds?: PartitionThresholds;
}

const observePeriodMs = 250;

/**
 * A voter or observer of a regional cluster: owns the zones homed in the region, takes writes for
 * eventual zones, and, while it leads, pulls the global tier's and the other regions' changes into
 * the region's log. Works on when all of those are gone.
 */
export class RegionalMember {
  readonly member: GroupMember;
  readonly #options: RegionalMemberOptions;
  readonly #monitor: PartitionMonitor;
  readonly #cancel: () => void;
  #pullers = new Map<string, Puller>();

  constructor(options: RegionalMemberOptions) {
    this.#options = options;
    const { clock, thresholds = partitionThresholds } = options;
    this.#monitor = new PartitionMonitor(thresholds, clock.nowMs());
    this.member = new GroupMember(options);
    this.member.partitionState = () => this.#monitor.state;
    const { replica } = this.member;
    replica.contact.ages = () => this.#ages();
    replica.listen({
      onSoftState: () => this.#stopPulling(),
      onTurnEnd: () => {
        this.#pullWhileLeading();
        for (const puller of this.#pullers.values()) puller.onTurnEnd();
      },
    });
    this.#cancel = inStep(clock, observePeriodMs, () => this.#observe());
  }

  /** Changes of the partition state, oldest first. */
  get partitionEvents(): readonly PartitionEvent[] {
    return this.#monitor.events;
  }

  get ready(): boolean {
    return this.member.ready;
  }

  services(): Services {
    return this.member.services();
  }

  stop(): void {
    this.#cancel();
    this.#stopPulling();
    this.member.stop();
  }

  /** Pullers are for one term: what another had proposed is applied before they begin. */
  #pullWhileLeading(): void {
    const { replica, tree } = this.member;
    if (this.#pullers.size > 0 || !replica.isSettled || tree.cluster === "") return;
    this.#pullers = this.#startPullers();
  }

  #stopPulling(): void {
    for (const puller of this.#pullers.values()) puller.stop();
    this.#pullers = new Map();
  }

  #startPullers(): Map<string, Puller> {
    const { topology, place, follow, clock, random, log } = this.#options;
    const { replica } = this.member;
    const pullers = new Map<string, Puller>();
    for (const [origin, nodes] of producersOf(topology, place.region)) {
      const producers = nodes.map((node) => follow(addressFor(node, place.region)));
      const puller = new Puller({
        origin,
        producers,
        replica,
        clock,
        random,
        log,
        region: place.region,
      });
      pullers.set(origin, puller);
    }
    return pullers;
  }

  #ages(): ReturnType<GroupMember["replica"]["contact"]["ages"]> {
    return [...this.member.tree.cursors().values()].map((cursor) => ({
      origin: cursor.cluster,
      incarnation: cursor.incarnation,
      index: cursor.index,
      ageMs: Math.min(Math.ceil(this.member.ageMs(cursor.cluster)), 2 ** 40),
      covers: this.member.reach(cursor),
    }));
  }

  #observe(): void {
    const { clock, log, topology } = this.#options;
    const { replica } = this.member;
    // A cluster without a global tier has nothing to be cut off from.
    if (!topology.some(({ cluster }) => cluster === globalCluster)) return;
    const nowMs = clock.nowMs();
    if (!replica.isLeader) {
      this.#monitor.adopt(partitionStates[replica.contact.partitionState] ?? "CONNECTED", nowMs);
      return;
    }
    let othersAgeMs = 0;
    for (const [origin, puller] of this.#pullers) {
      if (puller.connected) othersAgeMs = Math.max(othersAgeMs, this.member.ageMs(origin));
    }
    const globalAgeMs = this.member.ageMs(globalCluster);
    const event = this.#monitor.observe(globalAgeMs, othersAgeMs, nowMs, clock.wallMs());
    replica.contact.partitionState = partitionStates.indexOf(this.#monitor.state);
    if (event !== undefined) log.warn(event, "partition state");
  }
}

/** Who can be pulled from, by cluster: members that keep a tree, those in the region first. */
function producersOf(
  topology: readonly TopologyNode[],
  region: string,
): ReadonlyMap<string, readonly TopologyNode[]> {
  const producers = new Map<string, TopologyNode[]>();
  for (const node of topology) {
    if (node.role === "witness" || node.role === "edge" || node.cluster === region) continue;
    const known = producers.get(node.cluster) ?? [];
    producers.set(node.cluster, known);
    if (node.region === region) known.unshift(node);
    else known.push(node);
  }
  return producers;
}
