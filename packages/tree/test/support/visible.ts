import type { Stat, Tree } from "../../src/index.ts";
import { text } from "./bytes.ts";

/** A node as a reader sees it. */
export interface Visible {
  readonly data: string | undefined;
  readonly stat: Stat;
  readonly children: readonly string[];
}

/** Everything at or below a path that a reader can see, found by reading only. */
export function visible(tree: Tree, path = "/"): Map<string, Visible> {
  const found = new Map<string, Visible>();
  collect(tree, path, found);
  return found;
}

function collect(tree: Tree, path: string, into: Map<string, Visible>): void {
  const node = tree.get(path);
  if (node === undefined) return;
  const children = tree.children(path)?.names ?? [];
  into.set(path, { data: text(node.data), stat: node.stat, children });
  for (const name of children) collect(tree, path === "/" ? `/${name}` : `${path}/${name}`, into);
}

/** What all regions agree on in an eventual zone: which region counts children how is its own. */
export function agreed(tree: Tree, path: string): Map<string, unknown> {
  const found = new Map<string, unknown>();
  for (const [at, { data, stat, children }] of visible(tree, path)) {
    const { cversion: _cversion, pzxid: _pzxid, vector, ...rest } = stat;
    const seen =
      vector === undefined ? undefined : [...vector].toSorted(([a], [b]) => (a < b ? -1 : 1));
    found.set(at, { data, children, ...rest, vector: seen });
  }
  return found;
}
