import type { Plant } from "../plant.ts";

/** Bugs of the state and of its snapshots. */
export const treePlants: readonly Plant[] = [
  {
    name: "answers-not-in-snapshot",
    what: "snapshots leave out the answers that clients may ask for again",
    file: "packages/tree/src/session-table.ts",
    find: "const answers = entry.answers();",
    replace: "const answers: ReturnType<typeof entry.answers> = [];",
    scenario: "core",
    seedsMax: 200,
  },
  {
    name: "sequence-not-restored",
    what: "sequential names start again after a snapshot",
    file: "packages/tree/src/restore.ts",
    find: `  node.nextSequence = plain.nextSequence;
`,
    replace: "",
    scenario: "core",
    seedsMax: 200,
  },
  {
    name: "owner-not-restored",
    what: "ephemeral nodes lose their owner in a snapshot",
    file: "packages/tree/src/restore.ts",
    find: `  if (stat.ephemeralOwner !== 0) node.owner = stat.ephemeralOwner;
`,
    replace: "",
    scenario: "core",
    seedsMax: 200,
  },
  {
    name: "writes-repeated",
    what: "a repeated write is done again",
    file: "packages/tree/src/session-table.ts",
    find: `    if (entry === undefined || sequence > entry.appliedSequence) return undefined;
    return entry.find(sequence) ?? "forgotten";`,
    replace: "    return undefined;",
    scenario: "core",
    seedsMax: 200,
  },
  {
    name: "quota-not-in-snapshot",
    what: "snapshots leave out the quotas, so that some members refuse what others do",
    file: "packages/tree/src/snapshot.ts",
    find: `  for (const quota of quotas) yield { kind: "quota", quota };
`,
    replace: "",
    scenario: "hierarchy",
    seedsMax: 100,
  },
];
