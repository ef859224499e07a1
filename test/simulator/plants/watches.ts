import type { Plant } from "../plant.ts";

const registry = "packages/replica/src/watch-registry.ts";
const events = "packages/replica/src/watch-events.ts";

/** Bugs that break what watches promise, one or more of the properties of the watch model. */
export const watchPlants: readonly Plant[] = [
  {
    name: "watch-bookmark-early",
    what: "a watch that resumes is told how far its node is before what it missed",
    file: registry,
    find: `    if (this.#reached !== undefined) {
      const outcome = this.#read(tree, this.#reached, roomBytes);`,
    replace: `    const all = [own, ...tree.cursors().values()];
    watch.sink.deliver(watch, WatchReport.ofProgress(all));
    if (this.#reached !== undefined) {
      const outcome = this.#read(tree, this.#reached, roomBytes);`,
    scenario: "core",
    seedsMax: 40,
  },
  {
    name: "watch-repeats-on-resume",
    what: "a watch that resumes is told of its last transaction again",
    file: registry,
    find: "    const seen = new Map(request.from.map((position) => [position.cluster, position]));",
    replace: `    for (const one of request.from) one.index = Math.max(0, one.index - 1);
    const seen = new Map(request.from.map((position) => [position.cluster, position]));`,
    scenario: "core",
    seedsMax: 40,
  },
  {
    name: "watch-repeats-what-was-seen",
    what: "a member that is behind tells a watcher what it has seen elsewhere",
    file: registry,
    find: "const report = watch.seen === undefined ? shared : newsOf(watch, transaction, tree);",
    replace: "const report = shared as WatchReport | undefined;",
    scenario: "core",
    seedsMax: 200,
  },
  {
    name: "watch-prefix-without-slash",
    what: "a watch takes a name that begins like its path for a child",
    file: events,
    find: "change.path.startsWith(`${watch.path}/`)",
    replace: "change.path.startsWith(watch.path)",
    scenario: "core",
    seedsMax: 40,
  },
  {
    name: "watch-splits-transactions",
    what: "changes of one transaction are told one by one, each with the position of the whole",
    file: registry,
    find: "        watch.sink.deliver(watch, report);\n      }\n    }",
    replace: `        for (const event of report.content.events ?? []) {
          const [at, reached] = [positionOf(transaction), reachedBy(transaction, tree)];
          watch.sink.deliver(watch, WatchReport.ofEvents([event], at, reached));
        }
      }
    }`,
    scenario: "core",
    seedsMax: 40,
  },
  {
    name: "watch-position-ahead",
    what: "the position that comes with events is that of what follows",
    file: events,
    find: "  if (position.cluster === tree.cluster) return [position];",
    replace: `  if (position.cluster === tree.cluster) {
    return [{ ...position, index: position.index + 1 }];
  }`,
    scenario: "core",
    seedsMax: 40,
  },
  {
    name: "watch-backwards",
    what: "changes of one transaction are told in the wrong order",
    file: events,
    find: "  for (const change of transaction.changes) {",
    replace: "  for (const change of transaction.changes.toReversed()) {",
    scenario: "core",
    seedsMax: 40,
  },
  {
    name: "compaction-in-silence",
    what: "who resumes from a position that is no longer kept is not told so",
    file: "packages/tree/src/history.ts",
    find: '      if (!isKept || this.#interrupted.has(cluster)) return { outcome: "compacted" };',
    replace: '      if (this.#interrupted.has(cluster)) return { outcome: "compacted" };',
    scenario: "core",
    seedsMax: 200,
  },
];
