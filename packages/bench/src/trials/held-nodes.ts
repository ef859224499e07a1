import { openChannel } from "@meridian/transport";

import { askZookeeper, stateOf } from "../peers/four-letter-word.ts";
import type { ServerProcess, SystemName } from "../system.ts";

const answerMs = 1_000;

/**
 * How many nodes (of etcd: keys) a server holds, by its own word; undefined while it does not serve
 * its clients in its cluster.
 */
export async function heldNodes(
  system: SystemName,
  { address }: Pick<ServerProcess, "address">,
): Promise<number | undefined> {
  try {
    return await askers[system](address);
  } catch {
    return undefined;
  }
}

const askers: Readonly<Record<SystemName, (address: string) => Promise<number | undefined>>> = {
  meridian: askMeridian,
  zookeeper: async (address) => stateOf(await askZookeeper(address, "srvr"))?.znodes,
  etcd: askEtcd,
};

async function askMeridian(address: string): Promise<number | undefined> {
  const channel = openChannel(address, { connectMs: answerMs });
  try {
    const { leader, znodes } = await channel.status({ deadlineMs: answerMs });
    return leader === "" ? undefined : znodes;
  } finally {
    channel.close();
  }
}

/** By its gateway from JSON: all keys, counted where it is asked. */
async function askEtcd(address: string): Promise<number | undefined> {
  const first = Buffer.of(0).toString("base64");
  const request = { key: first, range_end: first, count_only: true, serializable: true };
  const answer = await fetch(`http://${address}/v3/kv/range`, {
    method: "POST",
    body: JSON.stringify(request),
    signal: AbortSignal.timeout(answerMs),
  });
  const { count } = (await answer.json()) as { readonly count?: string };
  return answer.ok ? Number(count ?? 0) : undefined;
}
