import { dirname, resolve } from "node:path";

import { readDocument } from "./document.ts";
import { nodeConfigSchema } from "./schema.ts";
import type { Role } from "./role.ts";
import { readText } from "./text.ts";

/** A node as its neighbours know it. */
export interface Member {
  readonly node: string;
  readonly region: string;
  readonly role: Role;
  /** Voter group of a global voter or witness. */
  readonly group?: string | undefined;
  /** host:port for callers without a better one. */
  readonly address: string;
  /** host:port for callers of certain regions, by region. */
  readonly addressFrom: Readonly<Record<string, string>>;
}

/** Policy of a path prefix, as written to the zone table when a cluster is founded. */
export interface ZoneConfig {
  readonly prefix: string;
  readonly consistency: "strict" | "regional" | "eventual";
  readonly home: string;
  readonly conflict: "lww";
  readonly replicate: "all" | "none" | readonly string[];
}

/** Overrides of the defaults that the tiers bring; all in milliseconds. */
export interface Timeouts {
  readonly tickMs?: number | undefined;
  readonly heartbeatMs?: number | undefined;
  readonly electionMs?: number | undefined;
  /** Bounds of the session timeout that clients may ask for. */
  readonly sessionMinMs?: number | undefined;
  readonly sessionMaxMs?: number | undefined;
  /** Without a leader for this long, clients are sent elsewhere. */
  readonly leaderlessMs?: number | undefined;
}

/** Overrides of the bounds that the tiers bring. */
export interface Limits {
  /** Client streams of this node. */
  readonly streamsMax?: number | undefined;
  /** Writes that wait for the leader at this node, and their bytes. */
  readonly writesMax?: number | undefined;
  readonly writeBytesMax?: number | undefined;
  /** Entries between two snapshots. */
  readonly snapshotEntries?: number | undefined;
  /** Entries kept behind a snapshot for members that are a little behind. */
  readonly keptEntries?: number | undefined;
  /** Disk space held back for a full disk; 0: none. Default 48 MiB. */
  readonly reserveBytes?: number | undefined;
}

/** Severity from which on something is logged. */
export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "silent";

/** All that `meridian server` must know to run one node. Paths are absolute. */
export interface NodeConfig {
  readonly node: string;
  readonly region: string;
  readonly role: Role;
  readonly group: string | undefined;
  readonly listen: string;
  /** What others are told to connect to; `listen` unless stated. */
  readonly advertise: string;
  /** Directory; undefined for an edge, which keeps nothing. */
  readonly data: string | undefined;
  /** Members of the node's own Raft group, itself included; empty for an edge. */
  readonly cluster: readonly Member[];
  /** Members of the global tier, as seeds. */
  readonly global: readonly Member[];
  /**
   * Members of the regional clusters, as seeds; the order of the regions is the order of
   * preference.
   */
  readonly regions: Readonly<Record<string, readonly Member[]>>;
  /** Edges that clients may be pointed to. */
  readonly edges: readonly Member[];
  /** Zone table to found a cluster with; undefined: the built-in one. */
  readonly zones: readonly ZoneConfig[] | undefined;
  /**
   * How a leader makes sure that a strict read is not stale: by asking a quorum, the default, or by
   * a lease and clocks that run about equally fast. The same for all members of a cluster.
   */
  readonly reads?: "quorum" | "lease" | undefined;
  readonly timeouts: Timeouts;
  readonly limits: Limits;
  readonly log: { readonly level: LogLevel };
}

/**
 * Reads the configuration of one node from a YAML file.
 * @throws {ConfigError} when the file cannot be read or is not a valid configuration.
 */
export function readNodeConfig(file: string): NodeConfig {
  return parseNodeConfig(file, readText(file));
}

/** Like `readNodeConfig`, from text. Relative paths start from the file's directory. */
export function parseNodeConfig(file: string, text: string): NodeConfig {
  const raw = readDocument(file, text, nodeConfigSchema);
  return {
    ...raw,
    group: raw.group,
    advertise: raw.advertise ?? raw.listen,
    data: raw.data === undefined ? undefined : resolve(dirname(file), raw.data),
    zones: raw.zones,
  };
}
