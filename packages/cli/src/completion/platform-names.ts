import { findPlatform, type PlatformChoice } from "../connection/whereabouts.ts";
import { knownNodes } from "../fleet/fleet.ts";
import type { Candidate } from "./slot.ts";

/** Names that a platform knows, for values of options and arguments. */
export interface PlatformNames {
  readonly regions: readonly string[];
  readonly nodes: readonly string[];
  /** "global", and the regions that have a cluster. */
  readonly clusters: readonly string[];
  /** Voter groups of the global tier. */
  readonly groups: readonly string[];
}

/** Children that are offered at most: a person reads them. */
const childrenMax = 200;
/** Time to find a node that answers. */
const connectMsMax = 1_000;
/** Time for the list. */
const listMsMax = 1_000;

/** What the platform calls its parts: from the topology file, or by asking. */
export async function platformNames(choice: PlatformChoice): Promise<PlatformNames> {
  const { nodes = [] } = await knownNodes(choice);
  const distinct = (names: readonly (string | undefined)[]): readonly string[] => [
    ...new Set(names.filter((name) => name !== undefined && name !== "") as readonly string[]),
  ];
  return {
    regions: distinct(nodes.map(({ region }) => region)),
    nodes: distinct(nodes.map(({ node }) => node)),
    clusters: distinct(nodes.map(({ cluster }) => cluster)),
    groups: distinct(nodes.map(({ group }) => group)),
  };
}

/** Nodes of the tree whose paths begin with a word, and whether any of them has children. */
export interface ZnodePaths {
  readonly candidates: readonly Candidate[];
  readonly goOn: boolean;
}

/**
 * Paths that begin with a word, read from whatever is nearest. A word that is the only path of its
 * beginning stands for what is below it.
 */
export async function znodePaths(choice: PlatformChoice, word: string): Promise<ZnodePaths> {
  const { region, endpoints } = findPlatform(choice);
  const { connect } = await import("@meridian/client");
  await using meridian = await connect({
    endpoints,
    region: region === "" ? undefined : region,
    connectDeadlineMs: connectMsMax,
    deadlineMs: listMsMax,
    strictDeadlineMs: listMsMax,
  });
  const list = async (typed: string): Promise<ZnodePaths> => {
    const cut = typed.lastIndexOf("/");
    const parent = typed.slice(0, cut);
    const beginning = typed.slice(cut + 1);
    const { children } = await meridian.children(parent === "" ? "/" : parent, {
      consistency: "eventual",
      withStats: true,
      limit: childrenMax,
      startAfter: before(beginning),
    });
    const fit = children.filter(({ name }) => name.startsWith(beginning));
    return {
      goOn: fit.some(({ stat }) => (stat?.numChildren ?? 0) > 0),
      candidates: fit.map(({ name, stat }) => {
        const count = stat?.numChildren ?? 0;
        return { word: `${parent}/${name}`, description: count === 0 ? "" : `${count} below` };
      }),
    };
  };
  const found = await list(word === "" ? "/" : word);
  const [only, ...others] = found.candidates;
  const isWhole = only?.word === word && others.length === 0;
  return isWhole && found.goOn ? await list(`${word}/`) : found;
}

/** A name that comes before all that begin so: large folders are entered where it matters. */
function before(beginning: string): string {
  if (beginning === "" || !/^[!-~]+$/.test(beginning)) return "";
  const last = beginning.charCodeAt(beginning.length - 1);
  return `${beginning.slice(0, -1)}${String.fromCharCode(last - 1)}~`;
}
