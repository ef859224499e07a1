import { parentOf, quote, validatePath } from "./path.ts";
import { quotasPath } from "./quota-table.ts";
import type { Ownership, Zone } from "./zone.ts";

/** Name of the cluster that owns the strict zones. */
export const globalCluster = "global";
/** Where the zone table is kept, as JSON. */
export const zonesPath = "/meridian/zones";
/** Component of a prefix, or home, that stands for the name of any region. */
const regionTemplate = "{region}";

const zonesMax = 1_000;

/** The paths above all zones, such as "/": they exist everywhere, and nobody writes there. */
const structure: Ownership = {
  zone: { prefix: "/", consistency: "strict", home: "", conflict: "lww", replicate: "all" },
  cluster: globalCluster,
};

/** A component of prefixes, and what follows it. */
interface Branch {
  readonly named: Map<string, Branch>;
  any: Branch | undefined;
  zone: Zone | undefined;
  /** What was answered last, and for which region: most paths of a tree lie in the same few. */
  owned: Ownership | undefined;
  region: string;
}

/** The zones, and who owns what by them. */
export class ZoneTable {
  readonly zones: readonly Zone[];
  readonly #root: Branch = newBranch();
  /** Components of the longest prefix. */
  #depth = 0;
  /** The directory asked for last that is deeper than any prefix, and who owns all within. */
  #directory: string | undefined;
  #owned: Ownership = structure;

  constructor(zones: readonly Zone[]) {
    this.zones = zones;
    for (const zone of zones) this.#add(zone);
  }

  /**
   * Who owns a path: the zone with the longest prefix decides, and among prefixes of one length
   * the one whose first difference is a name rather than a template. Paths above all zones belong
   * to the global cluster, in a zone named "/".
   */
  ownership(path: string): Ownership {
    // Who asks mostly does so for one path after the other of the same directory.
    const length = path.lastIndexOf("/");
    if (this.#directory?.length === length && path.startsWith(this.#directory)) return this.#owned;
    const found = find(this.#root, path, 1, "") ?? structure;
    const directory = path.slice(0, length);
    if (componentsOf(directory) >= this.#depth) {
      this.#directory = directory;
      this.#owned = found;
    }
    return found;
  }

  /** True when no zone covers the path, so that nobody may write there. */
  isStructure(path: string): boolean {
    return this.ownership(path) === structure;
  }

  /**
   * Nodes that exist because of the table, ancestors first: the roots of the zones and everything
   * above them.
   */
  roots(regions: readonly string[]): readonly string[] {
    const roots = new Set<string>(["/", parentOf(zonesPath), zonesPath]);
    for (const { prefix } of this.zones) {
      for (const root of expandPrefix(prefix, regions)) {
        for (let path = root; path !== "/"; path = parentOf(path)) roots.add(path);
      }
    }
    return [...roots].sort();
  }

  #add(zone: Zone): void {
    let branch = this.#root;
    this.#depth = Math.max(this.#depth, componentsOf(zone.prefix));
    for (const name of zone.prefix.slice(1).split("/")) {
      const next = (name === regionTemplate ? branch.any : branch.named.get(name)) ?? newBranch();
      if (name === regionTemplate) branch.any = next;
      else branch.named.set(name, next);
      branch = next;
    }
    branch.zone = zone;
  }
}

/** Whether two zones rule alike who owns what. */
export function sameOwners(a: Zone, b: Zone): boolean {
  return a.prefix === b.prefix && a.consistency === b.consistency && a.home === b.home;
}

/** A table out of JSON text, or what is wrong with it. */
export function parseZones(text: string): ZoneTable | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "the zone table must be JSON";
  }
  if (!Array.isArray(value)) return "the zone table must be a JSON array of zones";
  if (value.length > zonesMax) return `the zone table may hold ${zonesMax} zones`;
  const zones = new Map<string, Zone>();
  for (const [place, candidate] of value.entries()) {
    const zone = parseZone(candidate);
    if (typeof zone === "string") return `zone ${place}: ${zone}`;
    if (zones.has(zone.prefix)) {
      return `zone ${place}: the prefix ${quote(zone.prefix)} is there twice`;
    }
    zones.set(zone.prefix, zone);
  }
  const table = new ZoneTable([...zones.values()]);
  const loose = [zonesPath, quotasPath].find((path) => {
    return table.ownership(path).cluster !== globalCluster;
  });
  return loose === undefined
    ? table
    : `the zone of ${loose}, where a table is kept, must be strict`;
}

function componentsOf(path: string): number {
  let count = 0;
  for (let at = path.indexOf("/"); at !== -1; at = path.indexOf("/", at + 1)) count += 1;
  return count;
}

function newBranch(): Branch {
  return { named: new Map(), any: undefined, zone: undefined, owned: undefined, region: "" };
}

/** The ownership by the deepest zone at or below a branch; `from`: the path's next component. */
function find(branch: Branch, path: string, from: number, region: string): Ownership | undefined {
  const { named: names, any } = branch;
  if (from >= path.length || (any === undefined && names.size === 0)) return owned(branch, region);
  const slash = path.indexOf("/", from);
  const name = slash === -1 ? path.slice(from) : path.slice(from, slash);
  const next = slash === -1 ? path.length : slash + 1;
  const named = names.get(name);
  const byName = named === undefined ? undefined : find(named, path, next, region);
  const byTemplate = any === undefined ? undefined : find(any, path, next, name);
  return deeper(byName, byTemplate) ?? owned(branch, region);
}

function owned(branch: Branch, region: string): Ownership | undefined {
  const { zone } = branch;
  if (zone === undefined) return undefined;
  if (branch.owned !== undefined && branch.region === region) return branch.owned;
  branch.owned = ownedBy(zone, region);
  branch.region = region;
  return branch.owned;
}

function ownedBy(zone: Zone, region: string): Ownership {
  if (zone.consistency === "strict") return { zone, cluster: globalCluster };
  if (zone.consistency === "eventual") return { zone, cluster: undefined };
  return { zone, cluster: zone.home === regionTemplate ? region : zone.home };
}

/** The one with the longer prefix; the first when they are equally long. */
function deeper(a: Ownership | undefined, b: Ownership | undefined): Ownership | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const lengthOf = ({ zone }: Ownership): number => zone.prefix.split("/").length;
  return lengthOf(b) > lengthOf(a) ? b : a;
}

/** The paths that a prefix stands for. */
export function expandPrefix(prefix: string, regions: readonly string[]): readonly string[] {
  const parts = prefix.split("/");
  if (!parts.includes(regionTemplate)) return [prefix];
  return regions.map((region) =>
    parts.map((part) => (part === regionTemplate ? region : part)).join("/"),
  );
}

const keys: readonly string[] = ["prefix", "consistency", "home", "conflict", "replicate"];

function parseZone(value: unknown): Zone | string {
  if (typeof value !== "object" || value === null) return "expected an object";
  const fields = new Map<string, unknown>(Object.entries(value));
  const unknown = [...fields.keys()].find((key) => !keys.includes(key));
  if (unknown !== undefined) return `unknown key ${quote(unknown)}; known: ${keys.join(", ")}`;
  const prefix = fields.get("prefix");
  if (typeof prefix !== "string" || prefix === "/") return "prefix must be a path below /";
  const consistency = fields.get("consistency");
  if (!isConsistency(consistency)) return "consistency must be strict, regional or eventual";
  const home = fields.get("home") ?? "";
  if (typeof home !== "string") return `home must be the name of a region, or ${regionTemplate}`;
  const fault = faultOfPrefix(prefix) ?? faultOfHome(prefix, consistency, home);
  if (fault !== undefined) return fault;
  if ((fields.get("conflict") ?? "lww") !== "lww") return "conflict must be lww";
  const replicate = parseReplicate(fields.get("replicate") ?? "all");
  if (replicate === undefined) return "replicate must be all, none or an array of regions";
  return { prefix, consistency, home, conflict: "lww", replicate };
}

function isConsistency(value: unknown): value is Zone["consistency"] {
  return value === "strict" || value === "regional" || value === "eventual";
}

function faultOfPrefix(prefix: string): string | undefined {
  const fault = validatePath(prefix);
  if (fault !== undefined) return fault;
  const templates = prefix.split("/").filter((part) => part === regionTemplate).length;
  return templates > 1 ? `prefix may have one component ${regionTemplate}` : undefined;
}

function faultOfHome(
  prefix: string,
  consistency: Zone["consistency"],
  home: string,
): string | undefined {
  if ((consistency === "regional") !== (home !== "")) {
    return "regional zones, and only they, need a home";
  }
  if (home === regionTemplate && !prefix.split("/").includes(regionTemplate)) {
    return `a home of ${regionTemplate} needs ${regionTemplate} as a component of the prefix`;
  }
  return undefined;
}

function parseReplicate(value: unknown): Zone["replicate"] | undefined {
  if (value === "all" || value === "none") return value;
  if (!Array.isArray(value)) return undefined;
  const regions = value.filter((region): region is string => typeof region === "string");
  return regions.length === value.length ? regions : undefined;
}
