import { Tier, type Encodable, type ITopologyResponse } from "@meridian/wire";
import { GLOBAL, type Destination, type Vantage } from "./route.ts";
import { ZoneTable } from "./zone-table.ts";

/** A node that serves clients, and where this client reaches it. */
export interface Place {
  readonly node: string;
  readonly region: string;
  readonly cluster: string;
  readonly role: string;
  /** host:port for callers of the client's region. */
  readonly address: string;
}

/** A topology answer, or one that was written down by hand: missing fields take their default. */
export type TopologySnapshot = Encodable<ITopologyResponse>;

/** Who is where: the nodes that serve clients, the regions and the zones, as last heard. */
export class Directory implements Vantage {
  /** Region whose cluster is nearest: the caller's own, or a stand-in when that has none. */
  readonly region: string;
  readonly regions: readonly string[];
  readonly zones: ZoneTable;
  readonly #callerRegion: string;
  readonly #places = new Map<string, Place>();
  readonly #edges: readonly Place[];

  /**
   * `order` gives a number in [0, 1) per call: equals are put in random order, so that many clients
   * do not all choose the same node.
   */
  constructor(topology: TopologySnapshot, callerRegion: string, order: () => number) {
    this.#callerRegion = callerRegion;
    this.zones = new ZoneTable(topology.zones ?? []);
    const edges: Place[] = [];
    for (const node of shuffle(topology.nodes ?? [], order)) {
      const place = {
        node: node.node ?? "",
        region: node.region ?? "",
        cluster: node.cluster ?? "",
        role: node.role ?? "",
        address: ownValue(node.addressFrom, callerRegion) ?? node.address ?? "",
      };
      if (place.role === "witness" || place.address === "") continue;
      if (node.tier === Tier.EDGE || place.role === "edge") edges.push(place);
      else this.#places.set(place.node, place);
    }
    this.regions = topology.regions ?? [];
    this.region = this.#nearestRegion();
    this.#edges = this.#nearestFirst(edges);
  }

  /**
   * Nodes that can serve a destination, best first. Observers come before voters for reads, so that
   * the voters have time for writes, and behind them for writes, which the voters do.
   */
  candidates(destination: Destination, purpose: "read" | "write" = "read"): readonly Place[] {
    switch (destination.kind) {
      case "edges":
        return this.#edges;
      case "elsewhere":
        return this.#members((cluster) => cluster !== GLOBAL && cluster !== this.region, purpose);
      case "cluster":
        return this.#members((cluster) => cluster === destination.cluster, purpose);
    }
  }

  /** Whether there is a cluster of this name: the global one, or a region's. */
  has(cluster: string): boolean {
    return cluster === GLOBAL || this.regions.includes(cluster);
  }

  #members(wanted: (cluster: string) => boolean, purpose: "read" | "write"): readonly Place[] {
    const members = [...this.#places.values()].filter(({ cluster }) => wanted(cluster));
    const observers = members.filter(({ role }) => role === "regional-observer");
    const voters = members.filter(({ role }) => role !== "regional-observer");
    const sorted = purpose === "read" ? [...observers, ...voters] : [...voters, ...observers];
    return this.#nearestFirst(sorted);
  }

  #nearestFirst(places: readonly Place[]): readonly Place[] {
    const own = places.filter(({ region }) => region === this.#callerRegion);
    const near = places.filter(
      ({ region }) => region !== this.#callerRegion && region === this.region,
    );
    const far = places.filter(
      ({ region }) => region !== this.#callerRegion && region !== this.region,
    );
    return [...own, ...near, ...far];
  }

  #nearestRegion(): string {
    if (this.regions.includes(this.#callerRegion)) return this.#callerRegion;
    return this.regions[0] ?? this.#callerRegion;
  }
}

function shuffle<T>(items: readonly T[], random: () => number): readonly T[] {
  return items
    .map((item) => ({ item, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}

function ownValue(
  record: Readonly<Record<string, string | undefined>> | undefined,
  key: string,
): string | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}
