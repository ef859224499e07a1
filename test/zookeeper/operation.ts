/** How a node is created: the words of the client, which are ZooKeeper's in small letters. */
export type Mode =
  | "persistent"
  | "ephemeral"
  | "persistent-sequential"
  | "ephemeral-sequential"
  | "container"
  | "ttl"
  | "ttl-sequential";

/** A write of one node, alone or as a part of a multi. Version -1 matches any. */
export type NodeWrite =
  | {
      readonly kind: "create";
      readonly mode: Mode;
      readonly path: string;
      /** A character of the first 256 for each byte. */
      readonly data: string;
      /** 0 in modes other than ttl. */
      readonly ttlMs: number;
    }
  | {
      readonly kind: "set";
      readonly path: string;
      readonly data: string;
      readonly version: number;
    }
  | { readonly kind: "delete"; readonly path: string; readonly version: number };

/** A part of a multi. */
export type Part =
  | NodeWrite
  | { readonly kind: "check"; readonly path: string; readonly version: number };

/**
 * What a session asks for. Paths are relative to the place that each side keeps for the run: "/" is
 * that place itself.
 */
export type Request =
  | NodeWrite
  | { readonly kind: "multi"; readonly parts: readonly Part[] }
  | {
      readonly kind: "get" | "exists" | "children";
      readonly path: string;
      /** Leaves a one-shot watch, as ZooKeeper's reads can. */
      readonly watch: boolean;
    }
  | { readonly kind: "sync"; readonly path: string }
  | { readonly kind: "watch"; readonly path: string; readonly isRecursive: boolean }
  /** Ends the watch that another operation of the session left. */
  | { readonly kind: "unwatch"; readonly watch: number };

/** A request with the number under which its answer, and the events of its watch, come back. */
export type Operation = Request & { readonly id: number };

/** A step of a script. The next one begins when everything of this one has been answered. */
export type Step =
  /** Sessions have names that are used once. */
  | { readonly kind: "open"; readonly session: string; readonly timeoutMs: number }
  | { readonly kind: "close"; readonly session: string }
  /** The client goes without a word; over when the session has expired. */
  | { readonly kind: "abandon"; readonly session: string }
  /** Over when the server has removed a node of its own accord. */
  | { readonly kind: "gone"; readonly session: string; readonly path: string }
  /** The session goes on at another node, where there are several. */
  | { readonly kind: "move"; readonly session: string }
  /** Operations that are under way together. */
  | {
      readonly kind: "burst";
      readonly session: string;
      readonly operations: readonly Operation[];
    };

/** Operations of a script. */
export function operationsOf(steps: readonly Step[]): readonly Operation[] {
  return steps.flatMap((step) => (step.kind === "burst" ? step.operations : []));
}
