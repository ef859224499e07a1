import type { Tree } from "@meridian/tree";
import type { ClusterHistory } from "./cluster-history.ts";
import { must } from "./failure.ts";
import { regions } from "./shape.ts";
import type { Tiers } from "./tiers.ts";
import type { Work } from "./work.ts";

/** Everything that was committed anywhere has arrived everywhere. */
export function isLevel(tiers: Tiers, work: Work): boolean {
  return lackOf(tiers, work) === "";
}

/** What is not level yet; "" when all is. */
export function lackOf(tiers: Tiers, work: Work): string {
  const lack = lackOfMembers(tiers, work) || lackOfEdges(tiers, work);
  if (lack !== "") return lack;
  const watcher = work.watchers.find(({ isLevel: isWatcherLevel }) => !isWatcherLevel);
  if (watcher !== undefined) return watcher.lack;
  if (work.streams.some((stream) => !stream.isLevel)) return "a change stream is behind";
  return work.sessions.isTidy ? "" : "nodes of sessions that have ended are there";
}

function lackOfMembers(tiers: Tiers, work: Work): string {
  for (const { cluster, names, members } of groupsOf(tiers)) {
    if (names.length !== members.length) return `not all of ${cluster} run`;
    const { newestIndex } = work.chronicle.of(cluster);
    for (const { place, tree } of members) {
      if (tree.cluster === "") continue; // A witness keeps no tree.
      if (tree.appliedIndex < newestIndex) return `${place.node} is behind ${newestIndex}`;
      const behind = cluster === "global" ? "" : mirrorBehind(tree, cluster, work);
      if (behind !== "") return `${place.node} is behind in ${behind}`;
    }
  }
  const digests = new Set(regionalTrees(tiers).map(({ tree }) => tree.eventualDigest("/shared")));
  return digests.size === 1 ? "" : "eventual zones differ";
}

function lackOfEdges(tiers: Tiers, work: Work): string {
  for (const node of tiers.edgeNames) {
    const edge = tiers.edge(node);
    if (edge?.ready !== true) return `${node} is not ready`;
    const { tree, place } = edge;
    const isBehind = tree.appliedIndex < work.chronicle.of(place.cluster).newestIndex;
    const behind = isBehind ? place.cluster : mirrorBehind(tree, place.cluster, work);
    if (behind !== "") return `${node} is behind in ${behind}`;
  }
  return "";
}

/** What is level must be equal: all members of a cluster, all mirrors and what they mirror. */
export function checkConvergence(tiers: Tiers, work: Work): void {
  for (const { cluster, members } of groupsOf(tiers)) {
    const trees = members.map(({ tree }) => tree).filter((tree) => tree.cluster !== "");
    const digests = new Map(trees.map((tree) => [tree.appliedIndex, tree.digest()]));
    for (const tree of trees) {
      must(digests.get(tree.appliedIndex) === tree.digest(), () => `${cluster} differs`);
    }
  }
  const origins = ["global", ...regions];
  for (const origin of origins) {
    const owner = tiers.group(origin).members.find(({ tree }) => tree.cluster !== "");
    if (owner === undefined) throw new Error(`nobody of ${origin} runs`);
    const root = origin === "global" ? "/global" : `/regions/${origin}`;
    const wanted = contentOf(owner.tree, root);
    checkLatest(owner.tree, work.chronicle.of(origin));
    for (const { node, tree } of [...regionalTrees(tiers), ...edgeTrees(tiers)]) {
      const found = contentOf(tree, root);
      must(found === wanted, () => `${node} has of ${origin}\n${found}\nand not\n${wanted}`);
    }
  }
  for (const { node, tree } of [...regionalTrees(tiers), ...edgeTrees(tiers)]) {
    work.eventual.checkTree(node, tree);
  }
}

function groupsOf(tiers: Tiers) {
  return [...tiers.groups].map(([cluster, { names, members }]) => ({ cluster, names, members }));
}

/** Nothing that was committed is missing or has come back. */
function checkLatest(tree: Tree, history: ClusterHistory): void {
  for (const path of history.paths) {
    const last = history.latest(path, Infinity);
    const wanted = last?.kind === "deleted" ? undefined : last?.index;
    const found = tree.stat(path)?.mzxid;
    must(found === wanted, () => {
      return `${history.cluster} has ${path} of ${found}, where ${wanted} is the latest`;
    });
  }
}

interface Place {
  readonly node: string;
  readonly tree: Tree;
}

function regionalTrees(tiers: Tiers): readonly Place[] {
  return regions.flatMap((region) =>
    tiers.group(region).members.map(({ place, tree }) => ({ node: place.node, tree })),
  );
}

function edgeTrees(tiers: Tiers): readonly Place[] {
  return tiers.edgeNames.flatMap((node) => {
    const edge = tiers.edge(node);
    return edge === undefined ? [] : [{ node, tree: edge.tree }];
  });
}

/** An origin whose changes have not all come; "" when there is none. */
function mirrorBehind(tree: Tree, own: string, work: Work): string {
  for (const origin of ["global", ...regions]) {
    if (origin === own) {
      const last = work.chronicle.of(own).entries.at(-1)?.index ?? 0;
      if (tree.appliedIndex < last) return origin;
      continue;
    }
    const last = work.chronicle.of(origin).entries.at(-1)?.index ?? 0;
    if ((tree.cursors().get(origin)?.index ?? 0) < last) return origin;
  }
  return "";
}

/** Everything at and below a path, in words. */
function contentOf(tree: Tree, root: string): string {
  const words: string[] = [];
  const visit = (path: string): void => {
    const node = tree.get(path);
    if (node === undefined) return;
    const { czxid, mzxid, pzxid, version, cversion, ephemeralOwner } = node.stat;
    const stat = [czxid, mzxid, pzxid, version, cversion, ephemeralOwner].join(" ");
    words.push(`${path} ${stat} ${Buffer.from(node.data).toString("latin1")}`);
    for (const name of tree.children(path)?.names ?? []) visit(`${path}/${name}`);
  };
  visit(root);
  return words.join("\n");
}
