import type { IStatusResponse } from "@meridian/wire";

import { HealthProbe } from "./health.ts";
import type { PlacedNode } from "./layout.ts";

/** What is asked of a connection to a node. */
export interface StatusSource {
  status(options: { readonly deadlineMs: number }): Promise<IStatusResponse>;
  close(): void;
}

/** A node and its last answers; `status` is undefined when it does not answer. */
export interface NodeState {
  readonly node: PlacedNode;
  readonly status: IStatusResponse | undefined;
  /** Its health service says that it serves. */
  readonly serving: boolean;
}

/**
 * Longest wait for an answer. A node that takes longer does not serve well enough to be called
 * ready.
 */
const deadlineMs = 1_000;

/** Asks every node of the platform how it is, over gRPC as any operator would. */
export class FleetWatch {
  readonly #sources: readonly {
    readonly node: PlacedNode;
    readonly source: StatusSource;
    readonly health: HealthProbe;
  }[];

  constructor(nodes: readonly PlacedNode[], open: (address: string) => StatusSource) {
    this.#sources = nodes.map((node) => ({
      node,
      source: open(node.address),
      health: new HealthProbe(node.address),
    }));
  }

  /** One round: the state of every node. Never rejects. */
  look(): Promise<readonly NodeState[]> {
    return Promise.all(
      this.#sources.map(async ({ node, source, health }) => {
        const [status, serving] = await Promise.all([
          source.status({ deadlineMs }).catch(() => undefined),
          health.check(deadlineMs),
        ]);
        return { node, status, serving };
      }),
    );
  }

  close(): void {
    for (const { source, health } of this.#sources) {
      source.close();
      health.close();
    }
  }
}

/** What a platform still waits for, each with the node it concerns. */
export interface Waiting {
  /** Nodes that do not serve. */
  readonly serving: readonly string[];
  /** Nodes that serve, but whose view of other regions is not fresh yet. */
  readonly settling: readonly string[];
}

/** What there is to wait for; nothing when the platform is ready. */
export function waitingFor(states: readonly NodeState[]): Waiting {
  const tell = (why: (state: NodeState) => string | undefined): readonly string[] =>
    states.flatMap((state) => {
      const reason = why(state);
      return reason === undefined ? [] : [`${state.node.name} ${reason}`];
    });
  return { serving: tell(whyNotServing), settling: tell(whyNotSettled) };
}

function whyNotServing({ status, serving }: NodeState): string | undefined {
  if (status === undefined) return "does not answer";
  // An operator removed it from its group: it serves nobody, now and for ever.
  if (status.state === "removed") return undefined;
  if (status.role !== "edge" && status.leader === "") return "knows no leader";
  return serving ? undefined : "does not serve yet";
}

function whyNotSettled({ status }: NodeState): string | undefined {
  if (status === undefined || status.state === "removed") return undefined;
  const { mirrors, partitionState } = status;
  const cut = mirrors.find(({ connected }) => !connected);
  if (cut !== undefined) return `has no fresh mirror of ${cut.origin}`;
  if (partitionState !== "" && partitionState !== "CONNECTED") {
    return `is ${partitionState.toLowerCase()}`;
  }
  return undefined;
}
