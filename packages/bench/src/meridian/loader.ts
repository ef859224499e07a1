import { text } from "node:stream/consumers";

import { connect, type Meridian } from "@meridian/client";

import { drive } from "../load/drive.ts";
import { Tally } from "../load/tally.ts";
import type { LoadResult } from "../workload.ts";
import { fanOut } from "./fan-out.ts";
import { keyPath, type MeridianPlan } from "./plan.ts";
import { createKeys, openSenders, senderOf } from "./senders.ts";

/** Room for a thousand outstanding writes that wait for an election. */
const deadlineMs = 30_000;
/** Connections that are opened at a time. */
const openingsMax = 50;

const plan = JSON.parse(await text(process.stdin)) as MeridianPlan;
try {
  tell({ event: "result", ...(await run()) });
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
// Sessions are left to end by themselves: nothing hangs on them.
process.exit(0);

async function run(): Promise<LoadResult> {
  const { workload } = plan;
  const onMeasuring = (): void => tell({ event: "measuring" });
  if (workload.kind === "fan-out") return await fanOut(plan, onMeasuring);
  const clients = await openClients();
  if (workload.kind === "create") {
    const tally = new Tally();
    tally.begin();
    onMeasuring();
    const startedAtMs = performance.now();
    await createKeys(clients, plan);
    tally.succeeded(startedAtMs);
    return { ...tally.result(), operations: workload.keys };
  }
  const paths = Array.from({ length: workload.keys }, (_, key) => keyPath(plan.prefix, key));
  const senders = clients.map((client) => senderOf(client, plan, paths));
  await openSenders(senders);
  return await drive(senders, workload, { onMeasuring });
}

async function openClients(): Promise<readonly Meridian[]> {
  const { endpoints, region, workload } = plan;
  const clients: Meridian[] = [];
  while (clients.length < workload.connections) {
    const count = Math.min(openingsMax, workload.connections - clients.length);
    const opening = Array.from({ length: count }, (_, at) => {
      // Each begins with another server, as clients in different processes would.
      const first = (clients.length + at) % endpoints.length;
      const order = [...endpoints.slice(first), ...endpoints.slice(0, first)];
      return connect({ endpoints: order, region, deadlineMs });
    });
    clients.push(...(await Promise.all(opening)));
  }
  return clients;
}

function tell(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
