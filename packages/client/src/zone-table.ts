import type { Encodable, IZone } from "@meridian/wire";

/** What a zone promises by default. */
type ZoneConsistency = "strict" | "regional" | "eventual";

/** The policy that holds for one path: its zone, with the region of a template filled in. */
export interface ZonePolicy {
  readonly prefix: string;
  readonly consistency: ZoneConsistency;
  /** Regional zones: the region that owns the path. Empty otherwise. */
  readonly home: string;
  /** Regions that hold a copy beside the home; "all" is every region. */
  readonly replicate: "all" | readonly string[];
}

interface ZonePattern {
  readonly prefix: string;
  readonly components: readonly string[];
  /** Place of `{region}` among the components; -1 for none. */
  readonly regionAt: number;
  readonly consistency: ZoneConsistency;
  readonly home: string;
  readonly replicate: "all" | readonly string[];
}

/** Component of a prefix that stands for the name of any region. */
const TEMPLATE = "{region}";
/** Paths outside all zones belong to the global tier. */
const OUTSIDE: ZonePolicy = { prefix: "/", consistency: "strict", home: "", replicate: "all" };

/** Finds the zone of a path: the longest prefix wins. */
export class ZoneTable {
  readonly #patterns: readonly ZonePattern[];

  constructor(zones: readonly Encodable<IZone>[]) {
    this.#patterns = zones.map(parsePattern).sort(byPrecedence);
  }

  /** The policy of a path; paths in no zone are strict. */
  policyOf(path: string): ZonePolicy {
    for (const pattern of this.#patterns) {
      if (pattern.regionAt < 0) {
        if (isAtOrBelow(path, pattern.prefix)) return pattern;
        continue;
      }
      const region = regionIn(path, pattern);
      if (region === undefined) continue;
      return { ...pattern, home: pattern.home === TEMPLATE ? region : pattern.home };
    }
    return OUTSIDE;
  }

  /** Whether other zones may begin below a path: then its own policy is not that of all there. */
  hasZonesBelow(path: string): boolean {
    const components = path.split("/").filter((component) => component !== "");
    return this.#patterns.some((pattern) => {
      if (pattern.components.length <= components.length) return false;
      return components.every((component, place) => {
        return place === pattern.regionAt || component === pattern.components[place];
      });
    });
  }
}

function parsePattern(zone: Encodable<IZone>): ZonePattern {
  const prefix = zone.prefix ?? "/";
  const components = prefix.split("/").filter((component) => component !== "");
  return {
    prefix,
    components,
    regionAt: components.indexOf(TEMPLATE),
    consistency: consistencyOf(zone.consistency ?? ""),
    home: zone.home ?? "",
    replicate: replicationOf(zone.replicate ?? []),
  };
}

/** A word that this version does not know is read as the strongest promise. */
function consistencyOf(word: string): ZoneConsistency {
  return word === "regional" || word === "eventual" ? word : "strict";
}

function replicationOf(words: readonly string[]): "all" | readonly string[] {
  if (words.length === 0 || words.includes("all")) return "all";
  return words.filter((word) => word !== "none");
}

/** As the servers do it: the longest first, equals in the order of the table. */
function byPrecedence(a: ZonePattern, b: ZonePattern): number {
  return b.components.length - a.components.length;
}

function isAtOrBelow(path: string, prefix: string): boolean {
  if (prefix === "/") return true;
  if (!path.startsWith(prefix)) return false;
  return path.length === prefix.length || path.charCodeAt(prefix.length) === 47;
}

function regionIn(path: string, pattern: ZonePattern): string | undefined {
  const components = path.split("/", pattern.components.length + 1);
  for (const [place, wanted] of pattern.components.entries()) {
    const found = components[place + 1];
    if (found === undefined || found === "") return undefined;
    if (place !== pattern.regionAt && found !== wanted) return undefined;
  }
  return components[pattern.regionAt + 1];
}
