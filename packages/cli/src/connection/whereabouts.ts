import { existsSync } from "node:fs";
import { resolve } from "node:path";

import { addressForm, parseAddress } from "../config/address.ts";
import { nearest } from "../config/nearest.ts";
import type { TierName } from "../config/role.ts";
import {
  addressOf,
  readTopology,
  regionsOf,
  type Topology,
  type TopologyNode,
} from "../config/topology.ts";
import { usageError } from "../failure/command-error.ts";

/** Options of every command that talks to a platform. */
export interface PlatformChoice {
  readonly topology?: string | undefined;
  /** host:port, several with commas between them. */
  readonly endpoints?: string | undefined;
  readonly region?: string | undefined;
}

/** Where the caller is and where the platform is. */
export interface Whereabouts {
  readonly region: string;
  /** host:port of nodes to begin with, best first. */
  readonly endpoints: readonly string[];
  /** Undefined when only endpoints were given. */
  readonly topology: Topology | undefined;
}

/** Topology file of a local platform with its default directory, seen from where it was started. */
const localTopology = ".meridian/topology.yaml";

/**
 * Finds the platform: what the options say, else the environment (MERIDIAN_ENDPOINTS,
 * MERIDIAN_TOPOLOGY), else a local platform of the current directory.
 * @throws {CommandError} usage, with the ways to name a platform, when there is none.
 */
export function findPlatform(
  choice: PlatformChoice,
  environment: NodeJS.ProcessEnv = process.env,
): Whereabouts {
  const region = choice.region ?? nonEmpty(environment["MERIDIAN_REGION"]);
  const fromOptions = choice.endpoints !== undefined || choice.topology !== undefined;
  const endpoints = fromOptions ? choice.endpoints : nonEmpty(environment["MERIDIAN_ENDPOINTS"]);
  if (endpoints !== undefined) return atEndpoints(endpoints, region);
  return inTopology(topologyFile(choice, environment), region);
}

/**
 * Nodes to begin with, for a caller in a region: its regional cluster and edge, then everything
 * else.
 */
export function entryPoints(topology: Topology, region: string): readonly string[] {
  const order = ({ region: at, tier }: TopologyNode): number =>
    (at === region ? 0 : 10) + tierOrder[tier];
  const serving = topology.nodes.filter(({ role }) => role !== "witness");
  const sorted = serving.toSorted((a, b) => order(a) - order(b));
  return sorted.map((node) => addressOf(node, region));
}

function topologyFile({ topology }: PlatformChoice, environment: NodeJS.ProcessEnv): string {
  const file = topology ?? nonEmpty(environment["MERIDIAN_TOPOLOGY"]);
  if (file !== undefined) return file;
  if (existsSync(localTopology)) return resolve(localTopology);
  throw usageError(
    "which platform? Start a local one with `npx meridian dev` (or `npm start`) in this " +
      "directory, or name one with --topology FILE or --endpoints HOST:PORT,... " +
      "(MERIDIAN_TOPOLOGY and MERIDIAN_ENDPOINTS do the same)",
  );
}

function atEndpoints(list: string, region: string | undefined): Whereabouts {
  const endpoints = list
    .split(",")
    .map((text) => text.trim())
    .filter((text) => text !== "");
  const wrong = endpoints.find((text) => parseAddress(text) === undefined);
  if (wrong !== undefined) throw usageError(`an endpoint is ${addressForm}; found "${wrong}"`);
  if (endpoints.length === 0) throw usageError("--endpoints names no host:port");
  return { region: region ?? "", endpoints, topology: undefined };
}

function inTopology(file: string, asked: string | undefined): Whereabouts {
  const topology = readTopology(file);
  const known = [...new Set(topology.nodes.map(({ region }) => region))];
  const region = asked ?? regionsOf(topology)[0] ?? known[0];
  if (region === undefined) throw usageError(`${file} names no node`);
  if (!known.includes(region)) {
    const guess = nearest(region, known);
    const tail = guess === undefined ? `it has ${known.join(", ")}` : `did you mean ${guess}?`;
    throw usageError(`${file} has no region ${region}; ${tail}`);
  }
  return { region, endpoints: entryPoints(topology, region), topology };
}

/** Which tier to begin with: a regional cluster knows everything and is near. */
const tierOrder: Readonly<Record<TierName, number>> = { regional: 0, edge: 1, global: 2 };

function nonEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}
