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

/** Longest wait for an answer. A node that takes longer does not serve well enough to be called ready. */
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

/** Nodes that do not serve yet, each with the reason; empty when the platform is ready. */
export function notServing(states: readonly NodeState[]): readonly string[] {
  return states.flatMap((state) => {
    const { node } = state;
    const reason = whyNotServing(state);
    return reason === undefined ? [] : [`${node.name}: ${reason}`];
  });
}

function whyNotServing({ status, serving }: NodeState): string | undefined {
  if (status === undefined) return "does not answer";
  if (!serving) return "its health service does not say that it serves";
  const { role, leader, mirrors, partitionState } = status;
  if (role !== "edge" && leader === "") return "knows no leader";
  const cut = mirrors.find(({ connected }) => !connected);
  if (cut !== undefined) return `does not follow ${cut.origin} yet`;
  if (partitionState !== "" && partitionState !== "CONNECTED") return partitionState.toLowerCase();
  return undefined;
}
