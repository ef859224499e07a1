import { driveFanOut } from "../load/fan-out.ts";
import { inParallel } from "../load/parallel.ts";
import type { LoadResult } from "../workload.ts";
import type { EtcdClient } from "./etcd-client.ts";
import { methods, putRequest, watchNewsOf, watchRequest } from "./etcd-messages.ts";
import { type EtcdPlan, keyName } from "./etcd-plan.ts";
import { valueOf } from "./etcd-senders.ts";

/** Watches that are being opened at a time. */
const openingsMax = 300;

/** Changes one key with a client of its own, and watches it with many, a stream for each. */
export function fanOut(
  clients: readonly EtcdClient[],
  writer: EtcdClient,
  { prefix, workload }: EtcdPlan,
  onMeasuring: () => void,
): Promise<LoadResult> {
  const key = keyName(prefix, 0);
  const watching = watchRequest(key);
  const change = putRequest(key, valueOf(workload.valueBytes));
  return driveFanOut({
    workload,
    onMeasuring,
    watch: (onEvent) =>
      inParallel(workload.watchers ?? 1, openingsMax, async (index) => {
        const client = clients[index % clients.length];
        if (client === undefined) throw new RangeError("there are no connections");
        await watch(client, watching, onEvent);
      }),
    change: () => put(writer, change),
  });
}

/** Begins a watch; resolves when the server says that it runs. */
function watch(client: EtcdClient, request: Buffer, onEvent: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const send = client.stream(methods.watch, (message) => {
      const { isCreated, isCanceled, events } = watchNewsOf(message);
      if (isCanceled) reject(new Error("a watch was ended by its server"));
      if (isCreated) resolve();
      for (let event = 0; event < events; event += 1) onEvent();
    });
    send(request);
  });
}

function put(writer: EtcdClient, request: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    writer.call(methods.put, request, (answer) => {
      if (answer === undefined) reject(new Error("the change was refused"));
      else resolve();
    });
  });
}
