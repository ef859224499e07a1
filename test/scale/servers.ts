import { openChannel } from "@meridian/transport";
import type { IStatusResponse } from "@meridian/wire";
import type { Cluster, Server } from "../system/support/cluster.ts";
import { processesNaming, processorMs, residentBytes } from "../system/support/process-table.ts";

/** A server as it is now. */
export interface ServerState {
  readonly server: Server;
  readonly residentBytes: number;
  readonly processorMs: number;
  /** Undefined when it does not answer. */
  readonly status: IStatusResponse | undefined;
}

const statusMs = 2_000;

/** How the servers of a cluster are. */
export async function statesOf(cluster: Cluster): Promise<readonly ServerState[]> {
  return await Promise.all(
    cluster.nodes.map(async (server) => {
      const processes = processesNaming(server.config);
      const status = await statusOf(server);
      return {
        server,
        residentBytes: residentBytes(processes),
        processorMs: processorMs(processes),
        status,
      };
    }),
  );
}

/** The server that leads, by its own word. */
export async function leaderOf(cluster: Cluster): Promise<Server | undefined> {
  const states = await statesOf(cluster);
  return states.find(({ status }) => status?.state === "leader")?.server;
}

async function statusOf(server: Server): Promise<IStatusResponse | undefined> {
  const channel = openChannel(server.address, { connectMs: statusMs });
  try {
    return await channel.status({ deadlineMs: statusMs });
  } catch {
    return undefined;
  } finally {
    channel.close();
  }
}
