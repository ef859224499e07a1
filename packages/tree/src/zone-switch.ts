import type { Draft } from "./draft.ts";
import type { State } from "./state.ts";
import { utf8Text } from "./utf8.ts";
import {
  expandPrefix,
  globalCluster,
  parseZones,
  sameOwners,
  type ZoneTable,
  zonesPath,
} from "./zone-table.ts";
import { nothing, Znode } from "./znode.ts";

/**
 * The zone table was written: it rules from here on. Every cluster does this by itself when it
 * comes to know the table, and all do the same.
 */
export function switchZones(state: State, draft: Draft): void {
  const before = state.zones;
  // What this version cannot read was written by a newer one: the old table stays in force.
  if (!readZones(state) || state.founding === undefined) return;
  endMovedEphemerals(state, before, draft);
  ensureRoots(state, draft);
  forgetCursors(state, before);
}

/** Reads the table from its node; false when it cannot be read. */
export function readZones(state: State): boolean {
  const table = parseZones(utf8Text(state.nodes.get(zonesPath)?.data ?? nothing));
  if (typeof table === "string") return false;
  state.zones = table;
  return true;
}

/** Makes the nodes that the table implies, so that each zone has a root to write below. */
export function ensureRoots(state: State, draft: Draft): void {
  fixRoots(state);
  for (const path of state.fixed) {
    const node = state.nodes.get(path);
    if (node === undefined) draft.create(Znode.blank(path));
    else if (node.isTransient) draft.keep(node);
  }
}

/** Notes which nodes the table implies. */
export function fixRoots(state: State): void {
  state.fixed = new Set(state.zones.roots(state.founding?.regions ?? []));
  state.eventual.configure(state.cluster, state.fixed);
}

/** A session is known to one cluster only: where another takes over, its nodes go. */
function endMovedEphemerals(state: State, before: ZoneTable, draft: Draft): void {
  for (const node of state.nodes.ephemerals().sort(byPath)) {
    const { path } = node;
    const hasMoved = before.ownership(path).cluster !== state.zones.ownership(path).cluster;
    // Not counted at the parent, as each cluster comes here at an index of its own.
    if (hasMoved && node.numChildren === 0) draft.delete(node, node.deletion(0));
  }
}

/**
 * Where the table takes a path from one cluster and gives it to another, changes of the new owner
 * may have arrived already and been passed over, as they were not its to make. So the new owner
 * must be taken over anew. The global cluster tells of the table and of its changes in one order,
 * and what no zone covered was taken from whoever told it.
 */
function forgetCursors(state: State, before: ZoneTable): void {
  const regions = state.founding?.regions ?? [];
  for (const prefix of differences(before, state.zones)) {
    for (const path of expandPrefix(prefix, regions)) {
      const { cluster } = state.zones.ownership(path);
      if (before.isStructure(path) || before.ownership(path).cluster === cluster) continue;
      for (const [name, cursor] of state.cursors) {
        if (name === globalCluster || (cluster ?? name) !== name) continue;
        state.cursors.set(name, { ...cursor, index: 0 });
      }
    }
  }
}

/** Prefixes of zones that are in one table only, or rule otherwise there. */
function differences(before: ZoneTable, after: ZoneTable): readonly string[] {
  const old = new Map(before.zones.map((zone) => [zone.prefix, zone]));
  const prefixes: string[] = [];
  for (const zone of after.zones) {
    const known = old.get(zone.prefix);
    if (known === undefined || !sameOwners(known, zone)) prefixes.push(zone.prefix);
    old.delete(zone.prefix);
  }
  return [...prefixes, ...old.keys()];
}

function byPath(a: Znode, b: Znode): number {
  return a.path < b.path ? -1 : 1;
}
