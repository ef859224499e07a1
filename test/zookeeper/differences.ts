import type { Mode, Operation, Part } from "./operation.ts";

/** Something that the sides say differently of one operation. */
export interface Finding {
  readonly operation: Operation;
  /** Such as `code`, `stat.owner` or `parts.0.code`. */
  readonly field: string;
  readonly zookeeper: unknown;
  readonly meridian: unknown;
}

/**
 * A difference that is meant to be. It is as narrow as can be said: whatever else differs is a
 * mismatch. The README tells the reasons.
 */
export interface Difference {
  readonly name: string;
  explains(finding: Finding): boolean;
}

/** Differences in what an operation is answered, however Meridian is used. */
export const answerDifferences: readonly Difference[] = [
  {
    name: "characters of paths",
    explains: ({ operation, field, zookeeper, meridian }) =>
      field === "code" &&
      zookeeper === "BAD_PATH" &&
      meridian !== "BAD_PATH" &&
      pathsOf(operation).some((path) => /[\ud800-\uf8ff\ufff0-\uffff]/.test(path)),
  },
  {
    name: "bounds of paths",
    explains: ({ operation, field, zookeeper, meridian }) =>
      field === "code" &&
      zookeeper !== "BAD_PATH" &&
      meridian === "BAD_PATH" &&
      pathsOf(operation).some((path) => isBeyondBounds(path)),
  },
  {
    name: "size of data",
    explains: ({ operation, field, zookeeper, meridian }) =>
      field === "code" &&
      zookeeper === "" &&
      meridian === "TOO_LARGE" &&
      "data" in operation &&
      operation.data.length > mebibyte,
  },
  {
    name: "bytes of a multi",
    explains: ({ operation, field, zookeeper, meridian }) =>
      field === "code" &&
      zookeeper === "NO_NODE" &&
      meridian === "TOO_LARGE" &&
      operation.kind === "multi" &&
      bytesOf(operation.parts) > mebibyte,
  },
  {
    name: "largest time to live",
    explains: ({ operation, field, zookeeper, meridian }) =>
      field === "code" &&
      zookeeper === "BAD_ARGUMENTS" &&
      meridian === "NO_NODE" &&
      operation.kind === "create" &&
      operation.ttlMs >= 2 ** 40,
  },
  {
    name: "size of a multi",
    explains: ({ operation, field, zookeeper, meridian }) =>
      field === "code" &&
      zookeeper === "" &&
      meridian === "TOO_LARGE" &&
      operation.kind === "multi" &&
      operation.parts.length > 128,
  },
  {
    name: "bad path in a multi",
    explains: ({ operation, field, zookeeper, meridian }) =>
      field === "code" &&
      zookeeper === "BAD_ARGUMENTS" &&
      meridian === "BAD_PATH" &&
      operation.kind === "multi",
  },
  {
    name: "parts behind the one that failed",
    explains: ({ field, zookeeper, meridian }) =>
      /^parts\.[1-9]\d*\.code$/.test(field) &&
      zookeeper === "RUNTIMEINCONSISTENCY" &&
      meridian === "",
  },
  {
    name: "Stat of the parts of a multi",
    explains: ({ operation, field, zookeeper, meridian }) => {
      const place = Number(/^parts\.(\d+)\.stat$/.exec(field)?.[1] ?? NaN);
      const part = operation.kind === "multi" ? operation.parts[place] : undefined;
      const isSilent = part?.kind === "check" || (part?.kind === "create" && isPlain(part.mode));
      return isSilent && zookeeper === false && meridian === true;
    },
  },
  {
    name: "end of a watch that has ended",
    explains: ({ operation, field, zookeeper, meridian }) =>
      field === "code" &&
      zookeeper === "NOWATCHER" &&
      meridian === "" &&
      operation.kind === "unwatch",
  },
];

/** Further differences of whoever goes through the client, which refuses some things itself. */
export const clientDifferences: readonly Difference[] = [
  {
    name: "multi of nothing, in the client",
    explains: ({ operation, field, zookeeper, meridian }) =>
      field === "code" &&
      zookeeper === "" &&
      meridian === "BAD_ARGUMENTS" &&
      operation.kind === "multi" &&
      operation.parts.length === 0,
  },
  {
    name: "versions below -1, in the client",
    explains: ({ operation, field, meridian }) => {
      // Refused as a whole, and so without a word on the parts of a multi.
      const isRefusal = field === "code" && meridian === "BAD_ARGUMENTS";
      const isSilence = field.startsWith("parts.") && meridian === undefined;
      const isOdd = versionsOf(operation).some((version) => version < -1);
      return isOdd && (isRefusal || isSilence);
    },
  },
];

/** Differences in what watches report, however Meridian is used. */
export const eventDifferences = {
  removal: "news of a watch's own removal",
  recursiveChildren: "children of a recursive watch",
  sessionOrder: "order of an ended session's nodes",
} as const;

/** Further ones where events and answers come in one stream. */
export const streamDifferences = {
  watchAnswer: "place of a watch's own answer",
  watchOrder: "order of watches within a transaction",
  resumedOrder: "order of watches that a session took along",
} as const;

/** Further ones of whoever goes through Meridian's client. */
export const clientEventDifferences = {
  ownEnd: "news of one's own end, in the client",
} as const;

function versionsOf(operation: Operation): readonly number[] {
  const writes = operation.kind === "multi" ? operation.parts : [operation];
  return writes.flatMap((write) => ("version" in write ? write.version : []));
}

const mebibyte = 2 ** 20;

function bytesOf(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + ("data" in part ? part.data.length : 0), 0);
}

function pathsOf(operation: Operation): readonly string[] {
  return "path" in operation ? [operation.path] : [];
}

/** ZooKeeper's request for such a create is the one from before it told Stats. */
function isPlain(mode: Mode): boolean {
  return mode !== "container" && !mode.startsWith("ttl");
}

/** Beyond Meridian's bounds wherever the script lies. */
function isBeyondBounds(path: string): boolean {
  const components = path.split("/").slice(1);
  const isLong = components.some((component) => Buffer.byteLength(component) > 255);
  return isLong || components.length > 30 || Buffer.byteLength(path) > 1_000;
}
