import type { NodeConfig } from "./config/node-config.ts";
import type { Log } from "./server/log.ts";

/** A node that serves until it is closed. */
export interface RunningNode {
  close(): Promise<void>;
}

/** Starts one node as its configuration says. Rejects with a StorageError or a ListenError. */
export function startNode(
  config: NodeConfig,
  { log }: { readonly log: Log },
): Promise<RunningNode> {
  log.debug({}, "starting");
  return Promise.reject(new Error(`role ${config.role} is not built in`));
}
