import type { TopologySnapshot } from "@meridian/client";
import type { IQuotasResponse, IQuotaUsage } from "@meridian/wire";
import { addressFor, type TopologyNode } from "./address.ts";

/** A connection to one node, as far as quotas are concerned. */
export interface QuotaChannel {
  quotas(options: { readonly deadlineMs: number }): Promise<IQuotasResponse>;
  close(): unknown;
}

/** How to look. */
export interface QuotaUsageOptions {
  /** Makes a connection to `host:port`; it is closed when the node has answered or not. */
  openChannel(address: string): QuotaChannel;
  /** Region of the observer: asked at the addresses for it, and for what every region writes. */
  readonly region?: string | undefined;
  /** Time for one node's answer; the members of a cluster are asked in turn. Default 2 s. */
  readonly deadlineMs?: number | undefined;
}

/** A quota and what is used of it. */
export interface QuotaUsage {
  readonly path: string;
  /** Undefined: any number. */
  readonly nodesMax: number | undefined;
  readonly bytesMax: number | undefined;
  readonly nodes: number;
  readonly bytes: number;
  /** What was there before the quota is still being counted, and nothing is refused yet. */
  readonly isCounting: boolean;
  /** Cluster that owns the path and refuses what is beyond; "": each region its own writes. */
  readonly owner: string;
  /** Cluster whose tree was counted; another than the owner when that cannot be reached. */
  readonly toldBy: string;
}

/** What was found. */
export interface QuotaUsages {
  /** In the order of their table. */
  readonly quotas: readonly QuotaUsage[];
  /** Clusters of which no member answered. */
  readonly unreachable: readonly string[];
}

const deadlineMs = 2_000;

/** Asks one member of each cluster what is used of the quotas; the owner of a path knows best. */
export async function quotaUsages(
  topology: TopologySnapshot,
  options: QuotaUsageOptions,
): Promise<QuotaUsages> {
  const told: IQuotasResponse[] = [];
  const unreachable: string[] = [];
  const asked = [...membersOf(topology)].map(async ([cluster, nodes]) => {
    const answer = await askInTurn(nodes, options);
    if (answer === undefined) unreachable.push(cluster);
    else told.push(answer);
  });
  await Promise.all(asked);
  // The owner of the table itself knows its order first.
  told.sort((a, b) => rankOf(a, options) - rankOf(b, options));
  const quotas = new Map<string, QuotaUsage>();
  for (const { cluster, quotas: usages } of told) {
    for (const usage of usages) {
      const known = quotas.get(usage.path);
      const isBetter = usage.owner === cluster || isNear(usage, cluster, options);
      if (known === undefined || isBetter) quotas.set(usage.path, usageOf(usage, cluster));
    }
  }
  return { quotas: [...quotas.values()], unreachable: unreachable.sort() };
}

/** Members that keep a tree, by cluster, those of the observer's region first. */
function membersOf({ nodes = [] }: TopologySnapshot): Map<string, TopologyNode[]> {
  const clusters = new Map<string, TopologyNode[]>();
  for (const node of nodes) {
    const { cluster = "", role = "" } = node;
    if (role === "edge" || role === "witness") continue;
    const known = clusters.get(cluster);
    if (known === undefined) clusters.set(cluster, [node]);
    else known.push(node);
  }
  return clusters;
}

async function askInTurn(
  nodes: readonly TopologyNode[],
  options: QuotaUsageOptions,
): Promise<IQuotasResponse | undefined> {
  const { region } = options;
  const near = nodes.filter((node) => node.region === region);
  for (const node of [...near, ...nodes.filter((other) => other.region !== region)]) {
    const channel = options.openChannel(addressFor(node, region));
    try {
      return await channel.quotas({ deadlineMs: options.deadlineMs ?? deadlineMs });
    } catch {
      // Whoever comes next may answer; a cluster of which nobody does is part of the result.
    } finally {
      await channel.close();
    }
  }
  return undefined;
}

/** Of what every region writes, the own region's count is the one that counts. */
function isNear({ owner }: IQuotaUsage, cluster: string, { region }: QuotaUsageOptions): boolean {
  return owner === "" && cluster === region;
}

function rankOf({ cluster }: IQuotasResponse, { region }: QuotaUsageOptions): number {
  if (cluster === "global") return 0;
  return cluster === region ? 1 : 2;
}

function usageOf(usage: IQuotaUsage, toldBy: string): QuotaUsage {
  const { path, nodesMax, bytesMax, nodes, bytes, counting, owner } = usage;
  return {
    path,
    nodesMax: nodesMax === 0 ? undefined : nodesMax,
    bytesMax: bytesMax === 0 ? undefined : bytesMax,
    nodes,
    bytes,
    isCounting: counting,
    owner,
    toldBy,
  };
}
