import type { SourceChange } from "../../simulator/plant.ts";
import type { Counter } from "./counter.ts";

/** A change for the worse that is made to the sources as they are loaded: the guard must see it. */
export interface Regression {
  /** "the guard sees …". */
  readonly what: string;
  readonly change: SourceChange;
  /** Name of the workload that shows it. */
  readonly workload: string;
  /** What grows by it, among other things. */
  readonly grows: readonly Counter[];
}

/** One for each kind of thing that is counted, where it happened before or is likely to. */
export const regressions: readonly Regression[] = [
  {
    what: "a command that is encoded twice",
    change: {
      file: "packages/replica/src/session-stream.ts",
      find: "const bytes = encodeCommand(command);",
      replace: "encodeCommand(command); const bytes = encodeCommand(command);",
    },
    workload: "write, 100 outstanding",
    grows: ["calls", "steps", "heapBytes", "bufferBytes"],
  },
  {
    what: "an fsync for each entry",
    change: {
      file: "packages/storage/src/durable-storage.ts",
      find: "      await this.#commit({ hardState, entries, snapshot, reset });",
      replace: `await this.#commit({ hardState, entries: entries.slice(0, 1), snapshot, reset });
      for (const entry of entries.slice(1)) await this.#commit({ entries: [entry] });`,
    },
    workload: "write, 100 outstanding",
    grows: ["diskSyncs", "diskBytes", "turns", "promises"],
  },
  {
    what: "a frame for each request",
    change: {
      file: "packages/client/src/link.ts",
      find: "const frameRequestsMax = 1_024;",
      replace: "const frameRequestsMax = 1;",
    },
    workload: "read at a follower",
    grows: ["requestFrames"],
  },
  {
    what: "a turn for each command, with a frame to each peer and an fsync of its own",
    change: {
      file: "packages/replica/src/replica.ts",
      find: "const proposalBytesMax = 1024 * 1024;",
      replace: "const proposalBytesMax = 1;",
    },
    workload: "write, 100 outstanding",
    grows: ["peerFrames", "turns", "calls"],
  },
  {
    what: "a promise for each answer",
    change: {
      file: "packages/replica/src/frame-packer.ts",
      find: "    this.#add(response, responseBytes(response));",
      replace: "    void Promise.resolve(); this.#add(response, responseBytes(response));",
    },
    workload: "read at a follower",
    grows: ["promises"],
  },
  {
    what: "data that are copied once more",
    change: {
      file: "packages/storage/src/record.ts",
      find: "    value.set(data, offset);",
      replace: "    value.set(Buffer.from(data), offset);",
    },
    workload: "write, 100 outstanding",
    grows: ["bufferBytes"],
  },
  {
    what: "a search through all that waits for each answer",
    change: {
      file: "packages/replica/src/frame-packer.ts",
      find: "    this.#said.push(one);",
      replace: "    if (!this.#said.some((said) => said === one)) this.#said.push(one);",
    },
    workload: "read at a follower",
    grows: ["calls", "steps"],
  },
  {
    what: "events that are encoded for each watcher",
    change: {
      file: "packages/replica/src/watch-report.ts",
      find: "this.#body ??= WatchEvents.encode(this.content);",
      replace: "this.#body = WatchEvents.encode(this.content);",
    },
    workload: "watch",
    grows: ["calls", "steps", "bufferBytes"],
  },
  {
    what: "bookmarks to other regions that come twice as often",
    change: {
      file: "packages/replica/src/change-feed.ts",
      find: "const bookmarkPeriodMs = 200;",
      replace: "const bookmarkPeriodMs = 100;",
    },
    workload: "at rest",
    grows: ["regionFrames", "regionBytes", "turns"],
  },
  {
    what: "messages that take the long way through grpc-js",
    change: {
      file: "packages/transport/src/grpc/client-bytes.ts",
      find: "const internals = clientInternals(this.#call);",
      replace: "const internals = undefined;",
    },
    workload: "frames over gRPC",
    grows: ["calls", "heapBytes"],
  },
  {
    what: "frames to other members that take the long way through grpc-js",
    change: {
      file: "packages/transport/src/grpc/client-writer.ts",
      find: "this.#direct ??= this.#open();",
      replace: "",
    },
    workload: "peers over gRPC",
    grows: ["calls", "heapBytes"],
  },
];
