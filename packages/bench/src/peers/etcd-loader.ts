import { text } from "node:stream/consumers";

import { drive } from "../load/drive.ts";
import { Tally } from "../load/tally.ts";
import type { LoadResult } from "../workload.ts";
import { EtcdClient } from "./etcd-client.ts";
import { fanOut } from "./etcd-fan-out.ts";
import type { EtcdPlan } from "./etcd-plan.ts";
import { createKeys, requestsOf, senderOf } from "./etcd-senders.ts";
import { Impatience } from "./impatience.ts";

const plan = JSON.parse(await text(process.stdin)) as EtcdPlan;
tell({ event: "result", ...(await run()) });
process.exit(0);

async function run(): Promise<LoadResult> {
  const { addresses, workload } = plan;
  const clients = await Promise.all(
    Array.from({ length: workload.connections }, (_, index) =>
      EtcdClient.connect(addresses, index),
    ),
  );
  const onMeasuring = (): void => tell({ event: "measuring" });
  if (workload.kind === "fan-out") {
    return await fanOut(clients, await EtcdClient.connect(addresses, 0), plan, onMeasuring);
  }
  const requests = requestsOf(plan);
  if (workload.kind === "create") {
    const tally = new Tally();
    tally.begin();
    onMeasuring();
    const startedAtMs = performance.now();
    await createKeys(clients, requests, workload.outstanding);
    tally.succeeded(startedAtMs);
    return { ...tally.result(), operations: workload.keys };
  }
  const impatience = new Impatience(clients);
  const senders = clients.map((client) => senderOf(client, requests, impatience.onSuccess));
  const result = await drive(senders, workload, { onMeasuring });
  impatience.stop();
  return result;
}

function tell(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
