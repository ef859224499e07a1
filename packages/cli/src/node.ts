import type { Configuration, VoterGroup } from "@meridian/consensus";
import { EdgeObserver } from "@meridian/edge";
import { electionTiming, GlobalMember, type GroupRank } from "@meridian/global";
import { RegionalMember } from "@meridian/region";
import {
  addressFor,
  AdmissionError,
  globalCluster,
  type GroupMemberOptions,
  inStep,
  type MemberData,
  memberLimits,
  type OpenFollow,
  type ReplicaTiming,
  type Succession,
  systemClock,
  type TopologyNode,
} from "@meridian/replica";
import {
  type Channel,
  createPeerTransport,
  openChannel,
  type PeerHandler,
  type PeerIdentity,
  type PeerTransport,
  type Services,
  serve,
} from "@meridian/transport";

import type { Member, NodeConfig } from "./config/node-config.ts";
import { tierOf } from "./config/role.ts";
import { defaultZones } from "./config/default-zones.ts";
import type { Log } from "./server/log.ts";
import { loopDelay } from "./server/loop-delay.ts";
import { openData, storedIncarnation, succeedData } from "./server/member-data.ts";
import { version } from "./version.ts";

/** A node that serves until it is closed. */
export interface RunningNode {
  /** Rejects when the node must not go on, for a reason that its operator has to know. */
  readonly failed: Promise<never>;
  close(): Promise<void>;
}

/** What every kind of node comes down to. */
interface Part {
  readonly ready: boolean;
  services(): Services;
  stop(): void;
}

const readyPollMs = 100;
const memoryBytes = (): number => process.memoryUsage.rss();

/**
 * Starts one node as its configuration says. When its cluster goes on in another incarnation it
 * begins again by itself. Rejects with a StorageError or a ListenError.
 */
export async function startNode(
  config: NodeConfig,
  { log }: { readonly log: Log },
): Promise<RunningNode> {
  loopDelay(); // From now on it is measured.
  let fail: (error: Error) => void = () => {};
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failed.catch(() => {});
  let closed = false;
  let turn: Promise<void> = Promise.resolve();
  const succeed = (succession: Succession): void => {
    turn = after(turn, succession).catch((error: unknown) => fail(error as Error));
  };
  const incarnation = config.data === undefined ? 0 : await storedIncarnation(config);
  let life = await startLife(config, incarnation, { log, fail, succeed });
  async function after(before: Promise<void>, succession: Succession): Promise<void> {
    await before;
    if (closed || life.data === undefined) return;
    await life.end();
    await succeedData(config, life.data.storage, succession, log);
    if (!closed) life = await startLife(config, succession.incarnation, { log, fail, succeed });
  }
  return {
    failed,
    async close() {
      closed = true;
      await turn;
      await life.end();
      await life.data?.storage.close();
    },
  };
}

/** What a life of a node tells of itself. */
interface LifeEvents {
  readonly log: Log;
  readonly fail: (error: Error) => void;
  readonly succeed: (succession: Succession) => void;
}

/** A node in one incarnation of its cluster. */
interface Life {
  readonly data: MemberData | undefined;
  /** Ends everything but the storage. */
  end(): Promise<void>;
}

async function startLife(
  config: NodeConfig,
  incarnation: number,
  events: LifeEvents,
): Promise<Life> {
  const { log } = events;
  const channels = new Channels();
  const identity = { cluster: clusterOf(config), node: config.node, incarnation };
  const data = config.data === undefined ? undefined : await openData(config, identity, log);
  try {
    const part =
      data === undefined ? edge(config, channels, log) : member(config, data, channels, events);
    const server = await serve({
      ...part.services(),
      listen: config.listen,
      onFault: (error) => log.error({ error: String(error) }, "a handler failed"),
    }).catch((error: unknown) => {
      part.stop();
      throw error;
    });
    const endPoll = inStep(systemClock, readyPollMs, () => server.setServing(part.ready));
    return {
      data,
      async end() {
        endPoll();
        part.stop();
        channels.close();
        await server.close();
      },
    };
  } catch (error) {
    channels.close();
    await data?.storage.close();
    throw error;
  }
}

/**
 * Connections to producers of changes, one for each address however often its stream is opened
 * again.
 */
class Channels {
  readonly #channels = new Map<string, Channel>();

  readonly follow = (address: string): OpenFollow => {
    return (handler) => {
      const channel = this.#channels.get(address) ?? openChannel(address, { isFar: true });
      this.#channels.set(address, channel);
      return channel.follow(handler);
    };
  };

  close(): void {
    for (const channel of this.#channels.values()) channel.close();
  }
}

function edge(config: NodeConfig, channels: Channels, log: Log): Part {
  const { node, region, regions } = config;
  return new EdgeObserver({
    node,
    region,
    log,
    memoryBytes,
    loopDelay,
    version: version(),
    upstreams: Object.keys(regions),
    topology: topologyOf(config),
    follow: channels.follow,
    clock: systemClock,
    random: Math.random,
    limits: limitsOf(config),
  });
}

function member(
  config: NodeConfig,
  { storage, tree }: MemberData,
  channels: Channels,
  { log, fail, succeed }: LifeEvents,
): Part {
  const { node, region, role, group = "", cluster, zones } = config;
  const tier = tierOf(role) === "global" ? "global" : "regional";
  const name = clusterOf(config);
  const options: GroupMemberOptions = {
    place: { node, region, tier, cluster: name },
    incarnation: storage.identity.incarnation,
    role,
    group,
    storage,
    log,
    memoryBytes,
    loopDelay,
    version: version(),
    configuration: configurationOf(cluster),
    timing: timingOf(config),
    tree,
    connect: (handler, noted) => connect(config, storage.identity, handler, noted),
    topology: topologyOf(config),
    clock: systemClock,
    random: Math.random,
    succeed,
    fatal(error) {
      if (error instanceof AdmissionError) return fail(error);
      // Durability can no longer be promised: end before anybody is told otherwise.
      log.error({ error: error.message }, "stopping: the storage failed");
      process.exit(1);
    },
    limits: limitsOf(config),
    bootstrap: {
      kind: "bootstrap",
      cluster: name,
      regions: Object.keys(config.regions).sort(),
      zones: Buffer.from(JSON.stringify(zones ?? defaultZones)),
    },
  };
  if (tier === "global") return new GlobalMember(options);
  return new RegionalMember({ ...options, follow: channels.follow });
}

function connect(
  config: NodeConfig,
  identity: PeerIdentity,
  handler: PeerHandler,
  noted: (node: string) => string | undefined,
): PeerTransport {
  const addresses = new Map(
    config.cluster.map((peer) => [peer.node, addressFor(peer, config.region)]),
  );
  const address = config.cluster.find(({ node }) => node === config.node)?.address;
  return createPeerTransport({
    identity: { ...identity, address },
    resolve: (node) => addresses.get(node) ?? noted(node),
    birthOf: (peer) => handler.birthOf?.(peer),
    onPeerDown: (peer, isGone) => handler.onPeerDown(peer, isGone),
    onDismissed: (peer) => handler.onDismissed?.(peer),
    onSuperseded: (peer) => handler.onSuperseded?.(peer),
  });
}

function clusterOf({ role, region }: Pick<NodeConfig, "role" | "region">): string {
  return tierOf(role) === "global" ? globalCluster : region;
}

/** Groups in the order of the members: the first is preferred for leadership. */
function configurationOf(members: readonly Member[]): Configuration {
  const voters = members.filter(({ role }) => role !== "regional-observer");
  const names = new Set(voters.map(({ group = "voters" }) => group));
  const groups: VoterGroup[] = [...names].map((name) => ({
    name,
    voters: voters.filter(({ group = "voters" }) => group === name).map(({ node }) => node),
    weight: 1,
  }));
  return {
    groups,
    learners: members.filter(({ role }) => role === "regional-observer").map(({ node }) => node),
    witnesses: members.filter(({ role }) => role === "witness").map(({ node }) => node),
    outgoingGroups: [],
    autoLeave: false,
  };
}

/** Members of a region are near each other: they notice a lost leader within about a second. */
const regionalTiming = {
  tickMs: 100,
  electionTicks: 10,
  electionJitterTicks: 6,
  heartbeatTicks: 3,
  leaseTicks: 10,
};

function timingOf(config: NodeConfig): ReplicaTiming {
  const { groups } = configurationOf(config.cluster);
  const rank = Math.max(
    0,
    groups.findIndex(({ name }) => name === config.group),
  );
  const timing =
    tierOf(config.role) === "global"
      ? electionTiming(Math.min(rank, 2) as GroupRank)
      : regionalTiming;
  const { tickMs = timing.tickMs, heartbeatMs, electionMs } = config.timeouts;
  const ticks = (ms: number | undefined, fallback: number): number =>
    ms === undefined ? fallback : Math.max(1, Math.round(ms / tickMs));
  const electionTicks = ticks(electionMs, timing.electionTicks);
  return {
    tickMs,
    electionTicks,
    electionJitterTicks: timing.electionJitterTicks,
    heartbeatTicks: ticks(heartbeatMs, timing.heartbeatTicks),
    leaseTicks: Math.min(timing.leaseTicks, electionTicks),
    ...(config.reads === "lease" ? { reads: config.reads } : {}),
  };
}

function limitsOf({ limits, timeouts }: NodeConfig): typeof memberLimits {
  const { sessionMinMs, sessionMaxMs, leaderlessMs } = timeouts;
  return {
    timeoutMinMs: sessionMinMs ?? memberLimits.timeoutMinMs,
    timeoutMaxMs: sessionMaxMs ?? memberLimits.timeoutMaxMs,
    leaderlessMaxMs: leaderlessMs ?? memberLimits.leaderlessMaxMs,
    streamsMax: limits.streamsMax ?? memberLimits.streamsMax,
    writesMax: limits.writesMax ?? memberLimits.writesMax,
    writeBytesMax: limits.writeBytesMax ?? memberLimits.writeBytesMax,
    snapshotEntries: limits.snapshotEntries ?? memberLimits.snapshotEntries,
    keptEntries: limits.keptEntries ?? memberLimits.keptEntries,
  };
}

function topologyOf(config: NodeConfig): readonly TopologyNode[] {
  const { cluster, global, regions, edges } = config;
  const members = [...cluster, ...global, ...Object.values(regions).flat(), ...edges];
  const nodes = new Map<string, TopologyNode>();
  for (const { node, region, role, group = "", address, addressFrom } of members) {
    nodes.set(node, {
      node,
      region,
      role,
      group,
      address,
      addressFrom,
      cluster: clusterOf({ role, region }),
    });
  }
  return [...nodes.values()];
}
