import type { Plant } from "../plant.ts";

/** Bugs of what is durable, and of what is believed of a disk. */
export const storagePlants: readonly Plant[] = [
  {
    name: "write-not-synced",
    what: "a write is reported durable when the disk has only taken it",
    file: "packages/storage/src/durable-storage.ts",
    find: "    await this.#table.batch(operations);",
    replace: "    void this.#table.batch(operations).catch(() => undefined);",
    scenario: "core",
    seedsMax: 200,
  },
  {
    name: "vote-not-persisted",
    what: "the term is written and the vote is not",
    file: "packages/consensus/src/durability.ts",
    find: "    return hardState;",
    replace: "    return { ...hardState, vote: undefined };",
    scenario: "scripts",
    seedsMax: 60,
  },
  {
    name: "promise-not-persisted",
    what: "term and vote are not written at all",
    file: "packages/storage/src/durable-storage.ts",
    find: "    await writeMember(this.#medium.files, this.#options.codec, member);\n",
    replace: "",
    scenario: "core",
    seedsMax: 200,
  },
  {
    name: "checksum-ignored",
    what: "records of the log are taken as they are",
    file: "packages/storage/src/record.ts",
    find: "  if (crc32(value.subarray(4), written) !== chain) {",
    replace: "  if (chain === -1) {",
    scenario: "core",
    seedsMax: 200,
  },
  {
    name: "rebuilt-as-sound",
    what: "a rebuilt member does not say that it lost its log",
    file: "packages/storage/src/rebuilding.ts",
    find: "recovering: true",
    replace: "recovering: false",
    scenario: "core",
    seedsMax: 200,
  },
];
