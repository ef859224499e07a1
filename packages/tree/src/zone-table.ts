import { isWithin, parentOf, validatePath } from "./path.ts";
import type { Ownership, Zone } from "./zone.ts";

/** Name of the cluster that owns the strict zones. */
export const globalCluster = "global";
/** Where the zone table is kept, as JSON. */
export const zonesPath = "/meridian/zones";

const template = "{region}";
const zonesMax = 1_000;

/** The paths above all zones, such as "/": they exist everywhere, and nobody writes there. */
const structure: Zone = {
  prefix: "/",
  consistency: "strict",
  home: "",
  conflict: "lww",
  replicate: "all",
};

/** The zones, and who owns what by them. */
export class ZoneTable {
  readonly zones: readonly Zone[];
  readonly #longestFirst: readonly { readonly zone: Zone; readonly parts: readonly string[] }[];

  constructor(zones: readonly Zone[]) {
    this.zones = zones;
    this.#longestFirst = zones
      .map((zone) => ({ zone, parts: zone.prefix.split("/").slice(1) }))
      .sort((a, b) => b.parts.length - a.parts.length);
  }

  /** Who owns a path. Paths above all zones belong to the global cluster in a zone named "/". */
  ownership(path: string): Ownership {
    for (const { zone, parts } of this.#longestFirst) {
      const region = match(path, zone, parts);
      if (region === undefined) continue;
      if (zone.consistency === "strict") return { zone, cluster: globalCluster };
      if (zone.consistency === "eventual") return { zone, cluster: undefined };
      return { zone, cluster: zone.home === template ? region : zone.home };
    }
    return { zone: structure, cluster: globalCluster };
  }

  /** True when no zone covers the path, so that nobody may write there. */
  isStructure(path: string): boolean {
    return this.ownership(path).zone === structure;
  }

  /** Nodes that exist because of the table, ancestors first: roots of the zones and everything above them. */
  roots(regions: readonly string[]): readonly string[] {
    const roots = new Set<string>(["/", parentOf(zonesPath), zonesPath]);
    for (const { prefix } of this.zones) {
      const names = prefix.includes(template) ? regions : [""];
      for (const region of names) {
        const root = prefix.replace(template, region);
        for (let path = root; path !== "/"; path = parentOf(path)) roots.add(path);
      }
    }
    return [...roots].sort((a, b) => (a < b ? -1 : 1));
  }
}

/** The region in the path where the zone's prefix has its template, "" without one; undefined: no match. */
function match(path: string, zone: Zone, parts: readonly string[]): string | undefined {
  if (!zone.prefix.includes(template)) return isWithin(path, zone.prefix) ? "" : undefined;
  const components = path.split("/").slice(1);
  if (components.length < parts.length) return undefined;
  let region = "";
  for (const [place, part] of parts.entries()) {
    const component = components[place] ?? "";
    if (part === template) region = component;
    else if (part !== component) return undefined;
  }
  return region;
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
  const zones: Zone[] = [];
  for (const [place, candidate] of value.entries()) {
    const zone = parseZone(candidate);
    if (typeof zone === "string") return `zone ${place}: ${zone}`;
    if (zones.some(({ prefix }) => prefix === zone.prefix)) {
      return `zone ${place}: the prefix ${zone.prefix} is there twice`;
    }
    zones.push(zone);
  }
  return new ZoneTable(zones);
}

const keys: readonly string[] = ["prefix", "consistency", "home", "conflict", "replicate"];

function parseZone(value: unknown): Zone | string {
  if (typeof value !== "object" || value === null) return "expected an object";
  const fields = new Map<string, unknown>(Object.entries(value));
  for (const key of fields.keys()) {
    if (!keys.includes(key)) return `unknown key ${JSON.stringify(key)}; known: ${keys.join(", ")}`;
  }
  const prefix = fields.get("prefix");
  if (typeof prefix !== "string" || prefix === "/") return "prefix must be a path below /";
  const fault = validatePath(prefix);
  if (fault !== undefined) return fault;
  const consistency = fields.get("consistency");
  if (consistency !== "strict" && consistency !== "regional" && consistency !== "eventual") {
    return "consistency must be strict, regional or eventual";
  }
  const home = fields.get("home") ?? "";
  if (typeof home !== "string") return "home must be the name of a region, or {region}";
  if ((consistency === "regional") !== (home !== ""))
    return "regional zones, and only they, need a home";
  if (home === template && !prefix.split("/").includes(template)) {
    return "a home of {region} needs {region} as a component of the prefix";
  }
  if ((fields.get("conflict") ?? "lww") !== "lww") return "conflict must be lww";
  const replicate = parseReplicate(fields.get("replicate") ?? "all");
  if (replicate === undefined) return "replicate must be all, none or an array of regions";
  return { prefix, consistency, home, conflict: "lww", replicate };
}

function parseReplicate(value: unknown): Zone["replicate"] | undefined {
  if (value === "all" || value === "none") return value;
  if (!Array.isArray(value)) return undefined;
  const regions = value.filter((region): region is string => typeof region === "string");
  return regions.length === value.length ? regions : undefined;
}
