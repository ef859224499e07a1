import type { System } from "../system.ts";

/**
 * Addresses of the servers, the leader's first: a client with a single connection has the shortest
 * way, and the peers get the best that there is for them.
 */
export async function leaderFirst(
  system: Pick<System, "servers" | "leader">,
): Promise<readonly string[]> {
  const leader = await system.leader();
  const addresses = system.servers.map(({ address }) => address);
  const place = leader === undefined ? 0 : addresses.indexOf(leader.address);
  return [...addresses.slice(place), ...addresses.slice(0, place)];
}
