/**
 * A process of many clients, each with a session and a stream of its own, that do nothing: a few of
 * them connect, and the others share their connections. It stays until it is killed.
 */
import { text } from "node:stream/consumers";

import { connect, type Meridian } from "@meridian/client";
import { Consistency } from "@meridian/wire";

/** What a holder of sessions is told. */
export interface HolderPlan {
  /** host:port of the servers. */
  readonly endpoints: readonly string[];
  readonly region: string;
  readonly sessions: number;
}

const sessionsPerConnection = 500;
/** Sessions that are opened at a time. */
const openingsMax = 50;
const deadlineMs = 30_000;

const plan = JSON.parse(await text(process.stdin)) as HolderPlan;
const clients: Meridian[] = [];
while (clients.length < plan.sessions) {
  const count = Math.min(openingsMax, plan.sessions - clients.length);
  clients.push(...(await Promise.all(Array.from({ length: count }, (_, at) => open(at)))));
}
process.stdout.write(`${JSON.stringify({ event: "measuring" })}\n`);
// Its sessions keep it alive.

/** A client that has a session. */
async function open(at: number): Promise<Meridian> {
  const { endpoints, region } = plan;
  const number = clients.length + at;
  const first = Math.floor(number / sessionsPerConnection);
  const shared = clients[first * sessionsPerConnection];
  const order = [...endpoints.slice(first % endpoints.length), ...endpoints];
  const client = shared?.sibling() ?? (await connect({ endpoints: order, region, deadlineMs }));
  await new Promise<void>((resolve, reject) => {
    const path = `/regions/${region}`;
    client.session(region).get(path, Consistency.REGIONAL, (error) => {
      if (error === undefined) resolve();
      else reject(error);
    });
  });
  return client;
}
