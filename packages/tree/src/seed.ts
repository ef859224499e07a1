import type { Change } from "./change.ts";
import type { NodeStore } from "./node-store.ts";
import { isWithin } from "./path.ts";
import type { ZoneTable } from "./zone-table.ts";

/** What a consumer starts from. */
export interface SeedFilter {
  /** Only what this cluster owns, and the eventual zones. */
  readonly ownOnly: boolean;
  /** Only paths at or below one of these; empty: all. */
  readonly prefixes: readonly string[];
}

/** The nodes in a range of paths, in tree order. */
export interface SeedRange {
  /** Paths after this one are covered; "": from the first. */
  readonly afterPath: string;
  /** Paths up to this one are covered; "": to the last. */
  readonly toPath: string;
  readonly nodes: readonly Change[];
  readonly last: boolean;
}

/** What seeding reads. */
export interface SeedContext {
  readonly nodes: NodeStore;
  readonly zones: ZoneTable;
  readonly cluster: string;
}

/** The state in ranges of about `bytesMax`; deletions of eventual zones come with the last. */
export function* seedRanges(
  context: SeedContext,
  tombstones: Iterable<Change>,
  filter: SeedFilter,
  bytesMax: number,
): Generator<SeedRange, undefined> {
  const passes = passing(context, filter);
  let nodes: Change[] = [];
  let bytes = 0;
  let afterPath = "";
  for (const node of context.nodes.walk(undefined)) {
    if (!passes(node.path)) continue;
    nodes.push(node.change("created"));
    bytes += 256 + node.path.length + node.data.byteLength;
    if (bytes < bytesMax) continue;
    yield { afterPath, toPath: node.path, nodes, last: false };
    afterPath = node.path;
    nodes = [];
    bytes = 0;
  }
  for (const change of tombstones) if (passes(change.path)) nodes.push(change);
  yield { afterPath, toPath: "", nodes, last: true };
  return undefined;
}

function passing(context: SeedContext, filter: SeedFilter): (path: string) => boolean {
  const { prefixes, ownOnly } = filter;
  return (path) => {
    if (prefixes.length > 0 && !prefixes.some((prefix) => isWithin(path, prefix))) return false;
    if (!ownOnly) return true;
    const { cluster } = context.zones.ownership(path);
    return cluster === undefined ? context.cluster !== "global" : cluster === context.cluster;
  };
}
