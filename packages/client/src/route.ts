import { MeridianError } from "@meridian/wire";
import type { ZonePolicy } from "./zone-table.ts";

/** How fresh a read has to be; `quorum`: the newest of a majority of regions. */
export type ReadConsistency = "strict" | "regional" | "eventual" | "quorum";

/**
 * Who can serve a step: a cluster's members, the edges, or the regional clusters of other regions.
 */
export type Destination =
  | { readonly kind: "cluster"; readonly cluster: string }
  | { readonly kind: "edges" }
  | { readonly kind: "elsewhere" };

/** One place to ask, and what to ask it for. */
export interface Step {
  readonly destination: Destination;
  readonly consistency: Exclude<ReadConsistency, "quorum">;
}

/** Where the caller is, and which regions there are. */
export interface Vantage {
  /** Region whose cluster is nearest: the caller's own, if it has one. */
  readonly region: string;
  /** All regions that have a regional cluster. */
  readonly regions: readonly string[];
}

/** Name of the cluster that owns strict zones. */
export const GLOBAL = "global";

/**
 * Cluster that takes the writes of a path, and answers its strict reads: semantics table,
 * column "write goes to". Eventual zones belong to the writer's own region.
 */
export function ownerOf(policy: ZonePolicy, vantage: Vantage): string {
  switch (policy.consistency) {
    case "strict":
      return GLOBAL;
    case "regional":
      return policy.home;
    case "eventual":
      return vantage.region;
  }
}

/** Clusters whose histories decide what a read of this path shows: only they matter to a token. */
export function originsOf(policy: ZonePolicy, vantage: Vantage): readonly string[] {
  return policy.consistency === "eventual" ? vantage.regions : [ownerOf(policy, vantage)];
}

/**
 * Where to read a path, nearest first: each step is taken when those before it cannot answer
 * or are too stale, and the last one is final. `quorum` has no order; see `quorumOf`.
 * @throws {MeridianError} UNSUPPORTED for a strict read of an eventual zone.
 */
export function readSteps(
  policy: ZonePolicy,
  consistency: Exclude<ReadConsistency, "quorum">,
  vantage: Vantage,
): readonly Step[] {
  const owner = ownerOf(policy, vantage);
  if (policy.consistency === "eventual" && consistency === "strict") {
    throw new MeridianError(
      "UNSUPPORTED",
      `${policy.prefix} is an eventual zone: no single cluster owns it, so that there is no ` +
        `strict read; ask for "quorum" or "regional"`,
    );
  }
  const steps: Step[] = [];
  if (consistency === "eventual" && edgesHold(policy, vantage.region)) {
    steps.push({ destination: { kind: "edges" }, consistency: "eventual" });
  }
  if (consistency !== "strict") {
    if (holds(policy, vantage.region)) steps.push(inCluster(vantage.region, consistency));
    if (policy.replicate === "all" && vantage.regions.length > 1) {
      steps.push({ destination: { kind: "elsewhere" }, consistency });
    }
  }
  if (policy.consistency === "eventual") return steps;
  if (!steps.some((step) => isCluster(step, owner))) steps.push(inCluster(owner, "strict"));
  return steps;
}

/** Regions to ask for a quorum read, and how many of them have to answer. */
export function quorumOf(
  policy: ZonePolicy,
  vantage: Vantage,
): { readonly regions: readonly string[]; readonly majority: number } {
  const regions = vantage.regions.filter((region) => holds(policy, region));
  return { regions, majority: Math.floor(regions.length / 2) + 1 };
}

/** What a read delivers when the caller does not say. */
export function defaultConsistency(policy: ZonePolicy): Exclude<ReadConsistency, "quorum"> {
  return policy.consistency;
}

/** Places to run a watch at, best first; it moves on when one cannot be reached. */
export function watchSteps(
  policy: ZonePolicy,
  consistency: Exclude<ReadConsistency, "quorum">,
  vantage: Vantage,
): readonly Step[] {
  const steps = readSteps(policy, consistency, vantage);
  if (consistency !== "regional") return steps;
  // A watch resumes from positions, so that an edge serves it without a gap, only later.
  if (!edgesHold(policy, vantage.region)) return steps;
  const near = steps.slice(0, 1);
  return [...near, { destination: { kind: "edges" }, consistency: "eventual" }, ...steps.slice(1)];
}

/**
 * Cluster whose change stream shows a path: the own region's, which mirrors the others, unless the
 * zone is kept from it; then the owner's.
 */
export function streamedBy(policy: ZonePolicy, vantage: Vantage): string {
  return holds(policy, vantage.region) ? vantage.region : ownerOf(policy, vantage);
}

function inCluster(cluster: string, consistency: Step["consistency"]): Step {
  return { destination: { kind: "cluster", cluster }, consistency };
}

function isCluster(step: Step, cluster: string): boolean {
  return step.destination.kind === "cluster" && step.destination.cluster === cluster;
}

/** Edges mirror what their region has, unless the zone is not to be copied at all. */
function edgesHold(policy: ZonePolicy, region: string): boolean {
  return policy.replicate === "all" || (policy.replicate.length > 0 && holds(policy, region));
}

/** Whether a region keeps the data of a zone: at home, or as a mirror. */
function holds(policy: ZonePolicy, region: string): boolean {
  if (policy.home === region) return true;
  return policy.replicate === "all" || policy.replicate.includes(region);
}
