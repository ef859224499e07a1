import type { Operation } from "./command.ts";
import { quote, validatePath } from "./path.ts";
import type { Applied } from "./result.ts";
import { refused, type State, unchanged } from "./state.ts";
import { utf8Text } from "./utf8.ts";
import { ensureRoots } from "./zone-switch.ts";
import { globalCluster, parseZones, zonesPath } from "./zone-table.ts";

/**
 * Founds a cluster: its name, the regions there are, and the zone table, whose roots come into
 * being. Nobody is told of these first nodes as changes; the history begins behind them.
 */
export function found(
  state: State,
  index: number,
  timeMs: number,
  founding: Extract<Operation, { kind: "bootstrap" }>,
): Applied {
  if (state.founding !== undefined) return unchanged(index);
  const { cluster, regions, zones } = founding;
  const table = parseZones(utf8Text(zones));
  if (typeof table === "string") return refused(index, table);
  const names = cluster === globalCluster ? regions : [cluster, ...regions];
  const fault = names.map(faultOfRegion).find((found) => found !== undefined);
  if (fault !== undefined) return refused(index, fault);
  state.founding = founding;
  state.cluster = cluster;
  state.zones = table;
  ensureRoots(state, state.draft(index, timeMs));
  const node = state.nodes.get(zonesPath);
  if (node !== undefined) {
    state.nodes.touch(node);
    state.nodes.setData(node, zones);
  }
  state.resetHistory();
  return unchanged(index);
}

/** A region's name must do as a component of a path, and not be taken for the global cluster. */
function faultOfRegion(region: string): string | undefined {
  if (region === "" || region === globalCluster || region.includes("/")) {
    return `a region cannot be called ${quote(region)}`;
  }
  return validatePath(`/${region}`);
}
