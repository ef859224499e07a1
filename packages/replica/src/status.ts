import { type Configuration, membersOf, type Status } from "@meridian/consensus";
import type { Tree } from "@meridian/tree";
import {
  type Encodable,
  type IQuotasResponse,
  type IStatusResponse,
  type ITopologyResponse,
  Tier,
} from "@meridian/wire";
import { forkOf } from "./fork.ts";
import type { GroupMember } from "./group-member.ts";
import type { TopologyNode } from "./topology.ts";

/** How late a process came to what was due, within the last minute or two, in microseconds. */
export interface LoopDelay {
  /** 99 of 100 times no later than this. */
  readonly p99Us: number;
  /** The latest of all. */
  readonly maxUs: number;
}

/** What the status page says of a loop's delay; zeros where nobody measures it. */
export function loopFields(
  delay: LoopDelay | undefined,
): Pick<NodeFacts, "loopDelayP99Us" | "loopDelayMaxUs"> {
  return { loopDelayP99Us: delay?.p99Us ?? 0, loopDelayMaxUs: delay?.maxUs ?? 0 };
}

/** What the status page says of a node besides its state. */
export interface NodeFacts {
  readonly role: TopologyNode["role"];
  readonly group: string;
  readonly version: string;
  readonly uptimeMs: number;
  readonly memoryBytes: number;
  readonly loopDelayP99Us: number;
  readonly loopDelayMaxUs: number;
  /** See `Admission.waitsFor`. */
  readonly admission: string;
  readonly strangers: number;
}

const tiers: Readonly<Record<TopologyNode["role"], Tier>> = {
  "global-voter": Tier.GLOBAL,
  witness: Tier.GLOBAL,
  "regional-voter": Tier.REGIONAL,
  "regional-observer": Tier.REGIONAL,
  edge: Tier.EDGE,
};

/** A follower of the other group this far behind could not take over at once. */
const failoverLagMax = 10_000;

/** Status of a group member. */
export function memberStatus(member: GroupMember, facts: NodeFacts): Encodable<IStatusResponse> {
  const { place, incarnation, replica, sessions, tree } = member;
  const raft = replica.status();
  const { role, term, leader = "", commitIndex, firstIndex, lastIndex, recovering } = raft;
  const state = replica.isRemoved ? "removed" : isOutside(place.node, raft) ? "waiting" : role;
  return {
    ...facts,
    node: place.node,
    region: place.region,
    cluster: place.cluster,
    incarnation,
    tier: tiers[facts.role],
    state,
    admission: state === "waiting" ? toBeAdded(raft.configuration) : facts.admission,
    term,
    leader,
    commitIndex,
    appliedIndex: tree.appliedIndex,
    firstIndex,
    lastIndex,
    recovering,
    znodes: tree.nodeCount,
    sessions: tree.sessionCount,
    watches: sessions.watches.size,
    connections: sessions.connections,
    partitionState: member.partitionState(),
    mirrors: mirrorsOf(member, tree),
    members: [...raft.progress]
      .filter(([node]) => node !== place.node)
      .map(([node, { match, state, active }]) => ({
        node,
        matchIndex: match,
        state,
        active,
      })),
    failoverReady: role === "leader" && failoverReady(member),
    digest: facts.role === "witness" ? "" : tree.digest(),
  };
}

/** Whether nobody counts a member among theirs. One that still catches up has a leader. */
function isOutside(node: string, { configuration, leader }: Status): boolean {
  return leader === undefined && !membersOf(configuration).includes(node);
}

/** What a member waits for that belongs to no configuration. */
function toBeAdded(configuration: Configuration): string {
  const fork = forkOf(configuration);
  if (fork === undefined) return "to be added";
  return `to be added: incarnation ${fork.incarnation}, which it was of, was abandoned`;
}

/** Mirrors of a tree, with their ages as `ageMs` knows them. */
export function mirrorsOf(
  member: { ageMs(cluster: string): number },
  tree: Tree,
): NonNullable<Encodable<IStatusResponse>["mirrors"]> {
  return [...tree.cursors().values()].map(({ cluster, index }) => {
    const ageMs = Math.min(Math.ceil(member.ageMs(cluster)), 2 ** 40);
    return { origin: cluster, index, stalenessMs: ageMs, connected: ageMs < 5_000 };
  });
}

/** The nodes and zones as a client needs them to find its way. */
export function topologyResponse(
  nodes: readonly TopologyNode[],
  tree: Tree,
): Encodable<ITopologyResponse> {
  const { zones, version } = tree.zones();
  return {
    nodes: nodes.map((node) => ({ ...node, tier: tiers[node.role] })),
    zones: zones.map((zone) => ({
      ...zone,
      replicate: typeof zone.replicate === "string" ? [zone.replicate] : zone.replicate,
    })),
    zonesVersion: version,
    regions: tree.regions,
  };
}

/** The quotas as a tree knows them, each with who owns its path. */
export function quotasResponse(tree: Tree): Encodable<IQuotasResponse> {
  const quotas = tree.quotas().map(({ isCounting, ...quota }) => {
    return { ...quota, counting: isCounting, owner: tree.ownership(quota.path).cluster };
  });
  return { quotas, cluster: tree.cluster };
}

/**
 * Every group that keeps a tree, but for the leader's own, has a live majority that is nearly up to
 * date.
 */
function failoverReady(member: GroupMember): boolean {
  const { configuration, progress, commitIndex } = member.replica.status();
  return configuration.groups.every(({ voters }) => {
    if (voters.includes(member.place.node)) return true;
    if (voters.every((voter) => configuration.witnesses.includes(voter))) return true;
    const fit = voters.filter((voter) => {
      const known = progress.get(voter);
      return known?.active === true && commitIndex - known.match < failoverLagMax;
    });
    return fit.length * 2 > voters.length;
  });
}
