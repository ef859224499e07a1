import { parseAddress } from "./address.ts";
import { plainText, plainValue } from "./plain.ts";
import { ConfigError } from "./problem.ts";
import { roles, tierOf, type Role, type TierName } from "./role.ts";
import { readText } from "./text.ts";
import { yaml } from "./yaml.ts";

/** A node in a topology file. */
export interface TopologyNode {
  readonly name: string;
  readonly region: string;
  readonly tier: TierName;
  readonly role: Role;
  /** Voter group; only of the global tier. */
  readonly group?: string;
  /** Process that hosts it; on a local platform. */
  readonly process?: string;
  /** File that holds the id of that process; on a local platform. */
  readonly pidFile?: string;
  /** host:port for callers without a better one. */
  readonly address: string;
  /** host:port for callers of certain regions, by region. */
  readonly addressFrom: Readonly<Record<string, string>>;
}

/** Where everything is: what `meridian dev` writes, and what clients find their way with. */
export interface Topology {
  /** gRPC address of the local platform's control; undefined elsewhere. */
  readonly control?: string;
  readonly nodes: readonly TopologyNode[];
}

/** Regions that have a regional cluster, in the order of the file. */
export function regionsOf({ nodes }: Topology): readonly string[] {
  return [...new Set(nodes.filter(({ tier }) => tier === "regional").map(({ region }) => region))];
}

/** Address of a node for a caller in a region. */
export function addressOf(node: TopologyNode, callerRegion: string | undefined): string {
  return (callerRegion === undefined ? undefined : node.addressFrom[callerRegion]) ?? node.address;
}

/** Text of a topology file. `comment` goes on top. */
export function formatTopology(topology: Topology, comment: string): string {
  return plainText(topology, comment);
}

/**
 * Reads a topology file.
 * @throws {ConfigError} when it cannot be read or is not one.
 */
export function readTopology(file: string): Topology {
  return parseTopology(file, readText(file));
}

/**
 * Like `readTopology`, from text. Checked by hand, not by the schema library: every data command
 * reads this file first, and loading the library would double the time until it answers.
 */
export function parseTopology(file: string, text: string): Topology {
  const plain = plainValue(text) as Partial<Topology> | undefined;
  const isSound = Array.isArray(plain?.nodes) && !plain.nodes.some((node) => wrongKey(node));
  const value = isSound ? plain : parseYaml(file, text);
  return {
    ...(typeof value?.control === "string" ? { control: value.control } : {}),
    nodes: (value?.nodes ?? []).map((node: TopologyNode) => ({
      ...node,
      tier: tierOf(node.role),
      addressFrom: node.addressFrom ?? {},
    })),
  };
}

/** Knows the lines of what is wrong. */
function parseYaml(file: string, text: string): Partial<Topology> {
  const { isMap, LineCounter, parseDocument } = yaml();
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const fail = (offset: number, path: string, message: string): never => {
    const { line, col } = lines.linePos(offset);
    throw new ConfigError(file, [
      { line: Math.max(1, line), column: Math.max(1, col), path, message },
    ]);
  };
  const [broken] = document.errors;
  if (broken !== undefined) return fail(broken.pos[0], "", broken.message);
  const value = document.toJS() as Partial<Topology> | null;
  if (!Array.isArray(value?.nodes)) return fail(0, "nodes", "missing; expected a list of nodes");
  for (const [index, node] of value.nodes.entries()) {
    const wrong = wrongKey(node as Partial<TopologyNode> | null);
    if (wrong === undefined) continue;
    const at = document.getIn(["nodes", index], true);
    const offset = isMap(at) ? (at.range?.[0] ?? 0) : 0;
    return fail(offset, `nodes[${index}].${wrong.key}`, `expected ${wrong.expected}`);
  }
  return value;
}

function wrongKey(
  node: Partial<TopologyNode> | null,
): { readonly key: string; readonly expected: string } | undefined {
  if (typeof node?.name !== "string") return { key: "name", expected: "the name of a node" };
  if (typeof node.region !== "string") return { key: "region", expected: "the name of a region" };
  if (node.role === undefined || !roles.includes(node.role)) {
    return { key: "role", expected: `one of ${roles.join(", ")}` };
  }
  if (typeof node.address !== "string" || parseAddress(node.address) === undefined) {
    return { key: "address", expected: "host:port" };
  }
  return undefined;
}
