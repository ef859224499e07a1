import { z } from "zod";

import { addressForm, parseAddress } from "./address.ts";
import type { Limits, LogLevel, Member, Timeouts, ZoneConfig } from "./node-config.ts";
import { roles, tierOf, type Role } from "./role.ts";

/**
 * A node's configuration as it stands in the file: optional keys still open, paths still relative.
 */
export interface NodeDocument {
  readonly node: string;
  readonly region: string;
  readonly role: Role;
  readonly group?: string | undefined;
  readonly listen: string;
  readonly advertise?: string | undefined;
  readonly data?: string | undefined;
  readonly cluster: readonly Member[];
  readonly global: readonly Member[];
  readonly regions: Readonly<Record<string, readonly Member[]>>;
  readonly edges: readonly Member[];
  readonly zones?: readonly ZoneConfig[] | undefined;
  readonly reads?: "quorum" | "lease" | undefined;
  readonly timeouts: Timeouts;
  readonly limits: Limits;
  readonly log: { readonly level: LogLevel };
}

const name = z
  .string()
  .refine(
    (text) => /^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/.test(text),
    "a name of lower-case letters, digits, dots and dashes (at most 63)",
  );
const address = z.string().refine((text) => parseAddress(text) !== undefined, addressForm);
const reachable = address.refine(
  (text) => parseAddress(text)?.port !== 0,
  "an address with a port that others can connect to",
);
const pathPrefix = z
  .string()
  .refine((text) => /^\/(?:[^/]+(?:\/[^/]+)*)?$/.test(text), "an absolute path such as /shared");
const positive = z.int().min(1);
const milliseconds = z.int().min(1).max(86_400_000);

const member = z.strictObject({
  node: name,
  region: name,
  role: z.enum(roles),
  group: name.optional(),
  address: reachable,
  addressFrom: z.record(name, reachable).default({}),
});

const zone = z.strictObject({
  prefix: pathPrefix,
  consistency: z.enum(["strict", "regional", "eventual"]),
  home: z.string().default(""),
  conflict: z.enum(["lww"]).default("lww"),
  replicate: z
    .union([z.enum(["all", "none"]), z.array(name)], "all, none or a list of regions")
    .default("all"),
});

const timeouts = z.strictObject({
  tickMs: milliseconds.optional(),
  heartbeatMs: milliseconds.optional(),
  electionMs: milliseconds.optional(),
  sessionMinMs: milliseconds.optional(),
  sessionMaxMs: milliseconds.optional(),
  leaderlessMs: milliseconds.optional(),
});

const limits = z.strictObject({
  streamsMax: positive.optional(),
  writesMax: positive.optional(),
  writeBytesMax: positive.optional(),
  snapshotEntries: positive.optional(),
  keptEntries: positive.optional(),
  reserveBytes: z.int().min(0).optional(),
});

const log = z.strictObject({
  level: z.enum(["trace", "debug", "info", "warn", "error", "silent"]).default("info"),
});

/** The whole file: every key, and the rules that span several of them. */
export const nodeConfigSchema: z.ZodType<NodeDocument> = z
  .strictObject({
    node: name,
    region: name,
    role: z.enum(roles),
    group: name.optional(),
    listen: address,
    advertise: reachable.optional(),
    data: z.string().min(1).optional(),
    cluster: z.array(member).default([]),
    global: z.array(member).default([]),
    regions: z.record(name, z.array(member)).default({}),
    edges: z.array(member).default([]),
    zones: z.array(zone).optional(),
    reads: z.enum(["quorum", "lease"]).optional(),
    timeouts: timeouts.default({}),
    limits: limits.default({}),
    tls: reserved("encrypt the network path between nodes by other means (a VPN or a mesh)"),
    metrics: reserved("`meridian status -o json` shows the state of every node"),
    log: log.default({ level: "info" }),
  })
  .superRefine((config, context) => {
    for (const { path, message } of brokenRules(config)) {
      context.addIssue({ code: "custom", path: [...path], message, params: { rule: true } });
    }
  });

/**
 * A key that later versions will know: refused with words of its own, so that nobody believes it
 * has an effect.
 */
function reserved(instead: string): z.ZodOptional<z.ZodUnknown> {
  const message = `reserved, not available in this version; ${instead}`;
  return z
    .unknown()
    .optional()
    .refine((value) => value === undefined, { message, params: { rule: true } });
}

interface BrokenRule {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

function brokenRules(config: NodeDocument): readonly BrokenRule[] {
  return [...rulesOfRole(config), ...rulesOfCluster(config), ...rulesOfSeeds(config)];
}

function* rulesOfRole(config: NodeDocument): Iterable<BrokenRule> {
  const { role, group, data, reads, cluster, regions } = config;
  const tier = tierOf(role);
  if (tier === "global" && group === undefined) {
    yield { path: ["group"], message: `missing; a ${role} belongs to a voter group` };
  }
  if (tier !== "global" && group !== undefined) {
    yield { path: ["group"], message: `only global voters and witnesses have one, not a ${role}` };
  }
  if (tier === "edge") {
    if (data !== undefined) yield { path: ["data"], message: "an edge keeps nothing on disk" };
    if (reads !== undefined) yield { path: ["reads"], message: "an edge has no quorum to ask" };
    if (cluster.length > 0) {
      yield { path: ["cluster"], message: "an edge belongs to no cluster; name `regions` instead" };
    }
    if (Object.keys(regions).length === 0) {
      yield { path: ["regions"], message: "missing; an edge follows a region, nearest first" };
    }
    return;
  }
  if (data === undefined) {
    yield { path: ["data"], message: `missing; a ${role} keeps its data in a directory` };
  }
}

function* rulesOfCluster(config: NodeDocument): Iterable<BrokenRule> {
  const { cluster, role, node, region, group } = config;
  if (role === "edge") return;
  const self = cluster.findIndex((entry) => entry.node === node);
  const own = cluster[self];
  if (own === undefined) {
    yield { path: ["cluster"], message: `the node itself (${node}) is not among the members` };
  } else if (
    own.role !== role ||
    own.region !== region ||
    own.group !== (tierOf(role) === "global" ? group : undefined)
  ) {
    const message = "says something else of this node than node, region, role and group at the top";
    yield { path: ["cluster", self], message };
  }
  const seen = new Set<string>();
  for (const [index, entry] of cluster.entries()) {
    if (seen.has(entry.node)) {
      yield { path: ["cluster", index, "node"], message: `${entry.node} is listed twice` };
    }
    seen.add(entry.node);
    if (tierOf(entry.role) !== tierOf(role)) {
      const message = `a ${entry.role} cannot be in one cluster with a ${role}`;
      yield { path: ["cluster", index, "role"], message };
    } else if (tierOf(role) === "regional" && entry.region !== region) {
      const message = `a regional cluster stays in its region (${region}), found ${entry.region}`;
      yield { path: ["cluster", index, "region"], message };
    } else if (tierOf(role) === "global" && entry.group === undefined) {
      yield { path: ["cluster", index], message: `${entry.node} needs a voter group` };
    }
  }
}

function* rulesOfSeeds({ global, regions, edges }: NodeDocument): Iterable<BrokenRule> {
  for (const [index, { role }] of edges.entries()) {
    if (role !== "edge") yield { path: ["edges", index, "role"], message: `a ${role} is no edge` };
  }
  for (const [index, { role }] of global.entries()) {
    if (tierOf(role) !== "global") {
      yield { path: ["global", index, "role"], message: `a ${role} is not of the global tier` };
    }
  }
  for (const [region, members] of Object.entries(regions)) {
    for (const [index, entry] of members.entries()) {
      if (tierOf(entry.role) !== "regional") {
        const message = `a ${entry.role} is not of the regional tier`;
        yield { path: ["regions", region, index, "role"], message };
      } else if (entry.region !== region) {
        const message = `listed under ${region}, found ${entry.region}`;
        yield { path: ["regions", region, index, "region"], message };
      }
    }
  }
}
