import type { Node } from "oxc-parser";
import { packageOf, purePackages } from "./floors.ts";
import { type Breach, breach } from "./repository.ts";
import { type Placed, type Source, nameOf } from "./syntax.ts";

/**
 * Time, chance, I/O and waiting in the source of a pure package. Replicas that apply the same
 * commands must end in the same state, so nothing may depend on when, where or in which locale the
 * code runs.
 */
export function purityBreaches(source: Source): Breach[] {
  const name = packageOf(source.path);
  if (name === undefined || !purePackages.includes(name) || !/\/src\//.test(source.path)) return [];
  return source.nodes.flatMap((placed) => {
    const what = impurity(placed);
    if (what === undefined) return [];
    return [breach(source.path, source.lineOf(placed.node.start), `${what} in pure ${name}`)];
  });
}

/**
 * Time and chance that a driver or a tier takes for itself instead of being handed them: such code
 * cannot run on virtual time. One file of a package may make the real ones, `clock.ts` or
 * `runtime.ts`.
 */
export function injectionBreaches(source: Source): Breach[] {
  const { path } = source;
  const name = packageOf(path);
  if (name === undefined || !injected.has(name) || !/\/src\//.test(path)) return [];
  if (/\/(clock|runtime)\.ts$/.test(path)) return [];
  return source.nodes.flatMap((placed) => {
    const what = impurity(placed);
    if (what === undefined || !timeAndChance.has(what)) return [];
    return [breach(path, source.lineOf(placed.node.start), `${what} is not taken as an argument`)];
  });
}

function impurity({ node, parent }: Placed): string | undefined {
  if (node.type === "AwaitExpression") return "await";
  if (node.type === "ForOfStatement" && node.await) return "for await";
  if ("async" in node && node.async) return "async function";
  if (node.type === "MemberExpression") return impureMember(node.object, node.property);
  const name = nameOf(node);
  return name !== undefined && impureGlobals.has(name) && !isKey(node, parent) ? name : undefined;
}

function impureMember(object: Node, property: Node): string | undefined {
  const name = nameOf(property);
  if (name === undefined) return undefined;
  if (nameOf(object) === "Math" && name === "random") return "Math.random";
  return name.startsWith("locale") || name.startsWith("toLocale") ? `.${name}` : undefined;
}

/** True for `x.Date`, `{ Date: 1 }` and the like, where the word is no reference to the global. */
function isKey(node: Node, parent: Node | undefined): boolean {
  if (parent === undefined || ("computed" in parent && parent.computed)) return false;
  if (parent.type === "MemberExpression") return parent.property === node;
  return "key" in parent && parent.key === node;
}

const impureGlobals: ReadonlySet<string> = new Set([
  "Atomics",
  "Date",
  "Intl",
  "Promise",
  "WeakRef",
  "clearInterval",
  "clearTimeout",
  "console",
  "crypto",
  "fetch",
  "globalThis",
  "performance",
  "process",
  "queueMicrotask",
  "setImmediate",
  "setInterval",
  "setTimeout",
]);

/** Packages that run on virtual time in a simulation. */
const injected: ReadonlySet<string> = new Set(["replica", "global", "region", "edge", "client"]);

const timeAndChance: ReadonlySet<string> = new Set([
  "Date",
  "Math.random",
  "crypto",
  "performance",
  "setImmediate",
  "setInterval",
  "setTimeout",
]);
