import {
  type Applied,
  type CreateMode,
  type NodeOperation,
  type Operation,
  type Position,
  type Result,
  type SnapshotRecord,
  type Stat,
  type Transaction,
  Tree,
  type TreeErrorCode,
  type TreeLimits,
  type TreeSnapshot,
  type Zone,
} from "../../src/index.ts";
import { bytes } from "./bytes.ts";

/** A zone as an operator writes it. */
export type ZoneDraft = Partial<Zone> & Pick<Zone, "prefix" | "consistency">;

const regions = ["ap", "eu", "us"];

/** The zones of most tests: one of each kind, and the place of the table itself. */
export const zones: readonly ZoneDraft[] = [
  { prefix: "/global", consistency: "strict" },
  { prefix: "/meridian", consistency: "strict" },
  { prefix: "/regions/{region}", consistency: "regional", home: "{region}" },
  { prefix: "/shared", consistency: "eventual" },
];

export interface ClusterOptions {
  readonly zones?: readonly ZoneDraft[] | string;
  readonly regions?: readonly string[];
  readonly limits?: Partial<TreeLimits>;
  readonly incarnation?: number;
}

export interface CommandOptions {
  readonly session?: number;
  readonly sequence?: number;
  readonly acknowledged?: number;
  readonly timeMs?: number;
  readonly term?: number;
}

export interface CreateOptions extends CommandOptions {
  readonly mode?: CreateMode;
  readonly ttlMs?: number;
  readonly parents?: boolean;
}

/** A log of commands with the tree that it makes: what a replica is, without everything else. */
export class Cluster {
  readonly name: string;
  readonly limits: Partial<TreeLimits>;
  tree: Tree;
  index = 0;
  timeMs = 1_000;
  readonly #done: Transaction[] = [];

  constructor(name: string, options: ClusterOptions = {}) {
    this.name = name;
    this.limits = options.limits ?? {};
    this.tree = new Tree({ limits: this.limits, incarnation: options.incarnation ?? 1 });
    this.apply({
      kind: "bootstrap",
      cluster: name,
      regions: options.regions ?? regions,
      zones: tableOf(options.zones ?? zones),
    });
  }

  apply(operation: Operation, options: CommandOptions = {}): Applied {
    const { session = 0, sequence = 0, acknowledged = 0, term = 1 } = options;
    this.index += 1;
    this.timeMs += 1;
    const { timeMs = this.timeMs } = options;
    const command = { session, sequence, acknowledged, timeMs, operation };
    const applied = this.tree.apply(this.index, term, command);
    this.#done.push(...applied.transactions.filter(({ origin }) => origin === this.name));
    return applied;
  }

  create(path: string, data = "", options: CreateOptions = {}): Applied {
    return this.apply(create(path, data, options), options);
  }

  set(path: string, data: string, version = -1, options: CommandOptions = {}): Applied {
    return this.apply(set(path, data, version), options);
  }

  delete(path: string, version = -1, options: CommandOptions = {}): Applied {
    return this.apply({ kind: "delete", path, version }, options);
  }

  multi(operations: readonly NodeOperation[], options: CommandOptions = {}): Applied {
    return this.apply({ kind: "multi", operations }, options);
  }

  open(session: number, secret = "secret"): Applied {
    return this.apply({
      kind: "open-session",
      session,
      secret: bytes(secret),
      timeoutMs: 30_000,
    });
  }

  close(session: number): Applied {
    return this.apply({ kind: "close-session", session });
  }

  /** Writes the zone table; at the global cluster. */
  setZones(table: readonly ZoneDraft[] | string): Applied {
    return this.apply({ kind: "set", path: "/meridian/zones", data: tableOf(table), version: -1 });
  }

  /** What this cluster itself did after an index. */
  own(after: number): readonly Transaction[] {
    return this.#done.filter(({ index }) => index > after);
  }

  /** Takes over what another cluster did since the cursor, up to an index of it. */
  pull(from: Cluster, to: number = from.index): Applied {
    const at = this.tree.cursors().get(from.name)?.index ?? 0;
    return this.take(from, at, to);
  }

  /** Takes over what another cluster did in `(after, to]`, whatever the cursor. */
  take(from: Cluster, after: number, to: number = from.index): Applied {
    const transactions = from.own(after).filter(({ index }) => index <= to);
    return this.apply({
      kind: "apply-remote",
      origin: from.name,
      incarnation: from.tree.incarnation,
      from: after,
      to,
      transactions,
    });
  }

  /** Takes over a snapshot of another cluster; `between` runs between two ranges. */
  seed(from: Cluster, rangeBytesMax = 1, between: () => void = () => undefined): Applied[] {
    const { index } = from;
    const applied: Applied[] = [];
    for (const range of from.tree.seed({ ownOnly: true, prefixes: [] }, rangeBytesMax)) {
      const origin = { origin: from.name, incarnation: from.tree.incarnation, index };
      applied.push(this.apply({ kind: "seed-remote", ...origin, ...range }));
      between();
    }
    return applied;
  }

  /** Starts again from a snapshot of itself, as after a restart. */
  restart(): void {
    this.tree = restored(recordsOf(this.tree), this.limits);
  }

  stat(path: string): Stat {
    const stat = this.tree.stat(path);
    if (stat === undefined) throw new Error(`${this.name} has no ${path}`);
    return stat;
  }
}

/** An operation that creates. */
export function create(
  path: string,
  data = "",
  options: Pick<CreateOptions, "mode" | "ttlMs" | "parents"> = {},
): Extract<NodeOperation, { kind: "create" }> {
  const { mode = "persistent", ttlMs = 0, parents = false } = options;
  return { kind: "create", path, data: bytes(data), mode, ttlMs, parents };
}

/** An operation that sets. */
export function set(
  path: string,
  data: string,
  version = -1,
): Extract<NodeOperation, { kind: "set" }> {
  return { kind: "set", path, data: bytes(data), version };
}

/** Bytes of a zone table. */
function tableOf(table: readonly ZoneDraft[] | string): Uint8Array {
  return bytes(typeof table === "string" ? table : JSON.stringify(table));
}

/** Code of a refusal; "" when there was none. */
export function codeOf({ result }: { readonly result: Result }): TreeErrorCode | "" {
  return result.kind === "failed" ? result.code : "";
}

/** Path that a create made. */
export function madeBy({ result }: Applied): string {
  if (result.kind !== "node") throw new Error(`expected a node, found ${JSON.stringify(result)}`);
  return result.path;
}

/** All records of a snapshot of the present state. */
export function recordsOf(tree: Tree): SnapshotRecord[] {
  const snapshot = tree.snapshot();
  const records: SnapshotRecord[] = [];
  for (let slice = sliceOf(snapshot); slice.length > 0; slice = sliceOf(snapshot)) {
    records.push(...slice);
  }
  snapshot.release();
  return records;
}

/** The next slice of a snapshot as records; empty: that was all. */
export function sliceOf(snapshot: TreeSnapshot): SnapshotRecord[] {
  const records: SnapshotRecord[] = [];
  snapshot.pour({ add: (record) => records.push(record), addPlain: () => false });
  return records;
}

/** The records of a cluster's snapshot, with another Stat of one node. */
export function recordsWith(
  { tree }: Cluster,
  path: string,
  edit: (stat: Stat) => Stat,
  nextSequence?: number,
): SnapshotRecord[] {
  return recordsOf(tree).map((record) => {
    if (record.kind !== "node" || record.change.path !== path) return record;
    const change = { ...record.change, stat: edit(record.change.stat) };
    return { ...record, change, nextSequence: nextSequence ?? record.nextSequence };
  });
}

/** A tree out of records. */
export function restored(
  records: readonly SnapshotRecord[],
  limits: Partial<TreeLimits> = {},
): Tree {
  const restorer = Tree.restorer(limits);
  for (const record of records) restorer.add(record);
  return restorer.finish();
}

/** An edge that follows a region: fed with everything that the region applied. */
export class Edge {
  readonly tree: Tree;
  readonly #region: Cluster;
  #index: number;

  constructor(region: Cluster, rangeBytesMax = 1) {
    this.#region = region;
    this.#index = region.index;
    this.tree = Tree.mirrorOf(region.name, region.tree.incarnation);
    for (const { nodes } of region.tree.seed({ ownOnly: false, prefixes: [] }, rangeBytesMax)) {
      this.tree.mirrorSeed(nodes);
    }
    this.tree.mirrorProgress(region.index, region.tree.cursors().values());
  }

  /** Catches up with the region. */
  follow(): readonly Transaction[] {
    const read = this.#region.tree.changesSince(this.#index);
    if (read.outcome !== "continue") throw new Error(`history is ${read.outcome}`);
    const seen = [...read.transactions].map(({ transaction }) => transaction);
    for (const transaction of seen) this.tree.mirror(transaction);
    this.#index = this.#region.index;
    this.tree.mirrorProgress(this.#index, this.#region.tree.cursors().values());
    return seen;
  }

  get position(): Position {
    return {
      cluster: this.#region.name,
      incarnation: this.#region.tree.incarnation,
      index: this.#index,
    };
  }
}
