import { writeFileSync } from "node:fs";

import type { Member } from "../config/node-config.ts";
import { formatTopology, type Topology, type TopologyNode } from "../config/topology.ts";
import { roundTripMs, type RoundTripTimes } from "../wan/round-trip-times.ts";
import type { PlatformDirectory } from "./directory.ts";
import { regionalRegions, type PlannedNode } from "./picture.ts";

/** A node with its addresses. */
export interface PlacedNode extends PlannedNode {
  readonly process: string;
  readonly address: string;
  /** host:port for callers of the other regions, by region. */
  readonly addressFrom: Readonly<Record<string, string>>;
}

/** The topology file of a platform. */
export function topologyOf(
  nodes: readonly PlacedNode[],
  control: string,
  directory: PlatformDirectory,
): Topology {
  return {
    control,
    nodes: nodes.map(
      ({ name, region, tier, role, group, process, address, addressFrom }): TopologyNode => ({
        name,
        region,
        tier,
        role,
        ...(group === undefined ? {} : { group }),
        process,
        pidFile: directory.pid(name),
        address,
        addressFrom,
      }),
    ),
  };
}

/** Writes the topology file and the configuration of every node, over those of an earlier start. */
export function writeLayout(
  nodes: readonly PlacedNode[],
  control: string,
  times: RoundTripTimes,
  directory: PlatformDirectory,
): void {
  const configs = new ConfigWriter(nodes, times, directory);
  for (const node of nodes) {
    directory.prepare(node.name);
    writeFileSync(directory.config(node.name), configs.textOf(node));
  }
  const comment = "Written by `meridian dev` at every start: every node of the local platform.";
  const topology = topologyOf(nodes, control, directory);
  writeFileSync(directory.topology, formatTopology(topology, comment));
}

/**
 * Makes configuration files, in the part of YAML that is JSON: it is read ten times as fast. They
 * share most of their text, which is made once: all of it is what a start waits for.
 */
export class ConfigWriter {
  readonly #nodes: readonly PlacedNode[];
  readonly #times: RoundTripTimes;
  readonly #directory: PlatformDirectory;
  readonly #texts = new Map<string, string>();

  constructor(nodes: readonly PlacedNode[], times: RoundTripTimes, directory: PlatformDirectory) {
    this.#nodes = nodes;
    this.#times = times;
    this.#directory = directory;
  }

  /** The configuration of one node, as it stands in its file. */
  textOf({ name, region, role, group, tier, address }: PlacedNode): string {
    const own = {
      node: name,
      region,
      role,
      ...(group === undefined ? {} : { group }),
      listen: address,
      advertise: address,
      // All nodes share one disk: what each would hold back for a full one, it would lack 33 times.
      ...(tier === "edge" ? {} : { data: this.#directory.data(name), limits: { reserveBytes: 0 } }),
    };
    const parts = [
      inner(own),
      tier === "global" ? this.#shared("cluster", () => ({ cluster: this.#global() })) : "",
      tier === "regional"
        ? this.#shared(`cluster ${region}`, () => ({ cluster: this.#members(region) }))
        : "",
      this.#shared("global", () => ({ global: this.#global() })),
      this.#shared(`regions ${region}`, () => ({ regions: this.#regionsFrom(region) })),
      this.#shared("edges", () => ({ edges: this.#edges() })),
    ];
    const head = "# Written by `meridian dev` at every start; changes are lost.";
    return `${head}\n{\n${parts.filter((part) => part !== "").join(",\n")}\n}\n`;
  }

  #shared(key: string, make: () => object): string {
    const known = this.#texts.get(key);
    if (known !== undefined) return known;
    const text = inner(make());
    this.#texts.set(key, text);
    return text;
  }

  #global(): readonly Member[] {
    return this.#nodes.filter(({ tier }) => tier === "global").map(memberOf);
  }

  #members(region: string): readonly Member[] {
    return this.#nodes
      .filter((other) => other.tier === "regional" && other.region === region)
      .map(memberOf);
  }

  #edges(): readonly Member[] {
    return this.#nodes.filter(({ tier }) => tier === "edge").map(memberOf);
  }

  /** Every regional cluster, nearest first. */
  #regionsFrom(region: string): Readonly<Record<string, readonly Member[]>> {
    const distance = (to: string): number => roundTripMs(this.#times, region, to) ?? 0;
    const byDistance = regionalRegions.toSorted((a, b) => distance(a) - distance(b));
    return Object.fromEntries(byDistance.map((each) => [each, this.#members(each)]));
  }
}

/** The keys of an object as JSON, without the braces around them. */
function inner(value: object): string {
  return JSON.stringify(value, undefined, 2).slice(2, -2);
}

function memberOf({ name, region, role, group, address, addressFrom }: PlacedNode): Member {
  return {
    node: name,
    region,
    role,
    ...(group === undefined ? {} : { group }),
    address,
    addressFrom,
  };
}
