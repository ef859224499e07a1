import type { Change } from "./change.ts";
import type { NodeView } from "./node-view.ts";
import { isWithin } from "./path.ts";
import type { State } from "./state.ts";
import { zonesPath } from "./zone-table.ts";

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

/** Nodes looked at for one range: some milliseconds, even when hardly any passes the filter. */
const scannedMax = 10_000;

type Passes = (path: string) => boolean;

/**
 * The state of this very moment in ranges of about `bytesMax`, read while the tree goes on. The
 * first range brings the zone table, as it decides what the consumer makes of the others. After the
 * nodes come deletions of eventual zones, in ranges that cover nothing. A range that is read too
 * late throws a `ViewLostError`.
 */
export function seedRanges(
  state: State,
  filter: SeedFilter,
  bytesMax: number,
): Generator<SeedRange, undefined> {
  // Decided here and now: a generator does nothing before it is first asked.
  const { zones, cluster } = state;
  const passes = passing((path) => {
    const owner = zones.ownership(path).cluster;
    return owner === undefined ? cluster !== "global" : owner === cluster;
  }, filter);
  const table = state.nodes.get(zonesPath);
  const head = table !== undefined && passes(zonesPath) ? [table.change("created")] : [];
  const tombstones = [...state.eventual.tombstones()];
  return ranges(state.nodes.view(), head, tombstones, passes, bytesMax);
}

function* ranges(
  view: NodeView,
  head: readonly Change[],
  tombstones: readonly Change[],
  passes: Passes,
  bytesMax: number,
): Generator<SeedRange, undefined> {
  try {
    const root = view.read({ recordsMax: 1, bytesMax, scannedMax: 1 }, passes);
    const nodes = [...root.records.map(({ change }) => change), ...head];
    yield { afterPath: "", toPath: "/", nodes, last: false };
    const bounds = { recordsMax: Infinity, bytesMax, scannedMax };
    let afterPath = "/";
    do {
      const { records, upTo = "" } = view.read(bounds, passes);
      const changes = records.map(({ change }) => change);
      yield { afterPath, toPath: upTo, nodes: changes, last: false };
      afterPath = upTo;
    } while (!view.ended);
    yield* buried(
      tombstones.filter(({ path }) => passes(path)),
      bytesMax,
    );
  } finally {
    view.end();
  }
  return undefined;
}

/** Deletions, in ranges without nodes; the last one is there even without any. */
function* buried(tombstones: readonly Change[], bytesMax: number): Generator<SeedRange, undefined> {
  const nowhere = { afterPath: "/", toPath: "/" };
  let nodes: Change[] = [];
  let bytes = 0;
  for (const change of tombstones) {
    if (bytes >= bytesMax) {
      yield { ...nowhere, nodes, last: false };
      nodes = [];
      bytes = 0;
    }
    nodes.push(change);
    bytes += 256 + change.path.length;
  }
  yield { ...nowhere, nodes, last: true };
  return undefined;
}

function passing(isOwn: Passes, { ownOnly, prefixes }: SeedFilter): Passes {
  return (path) => {
    if (prefixes.length > 0 && !prefixes.some((prefix) => isWithin(path, prefix))) return false;
    return !ownOnly || isOwn(path);
  };
}
