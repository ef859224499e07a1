import type { WatchKindName } from "@meridian/client";

import type { Committed, CommittedChange, Told, WatchLog } from "./watch-log.ts";

/**
 * Everything that a watch has to tell of a transaction, in order: what the protocol says of each
 * kind of watch, written down a second time and without an index of any sort.
 */
export function toldOf(log: WatchLog, { index, changes }: Committed): readonly Told[] {
  const told: Told[] = [];
  for (const change of changes) {
    const kind = kindOf(log.watch, log.path, change);
    if (kind === undefined) continue;
    const isOwn = kind !== "children";
    const hasData = isOwn && kind !== "deleted" && log.withData;
    const path = isOwn ? change.path : log.path;
    told.push({ kind, path, index, data: hasData ? change.data : undefined });
  }
  return told;
}

function kindOf(
  watch: WatchKindName,
  watched: string,
  { kind, path }: CommittedChange,
): Told["kind"] | undefined {
  const isSelf = path === watched;
  const isChild = parentOf(path) === watched && !isSelf && kind !== "changed";
  switch (watch) {
    case "persistent-recursive":
      return isSelf || watched === "/" || path.startsWith(`${watched}/`) ? kind : undefined;
    case "persistent":
      if (isSelf) return kind;
      return isChild ? "children" : undefined;
    case "child":
      if (isSelf) return kind === "deleted" ? kind : undefined;
      return isChild ? "children" : undefined;
    case "data":
      return isSelf && kind !== "created" ? kind : undefined;
    case "exists":
      return isSelf ? kind : undefined;
  }
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash <= 0 ? "/" : path.slice(0, slash);
}
