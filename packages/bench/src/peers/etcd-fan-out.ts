import { Tally } from "../load/tally.ts";
import type { LoadResult } from "../workload.ts";
import type { EtcdClient } from "./etcd-client.ts";
import { methods, putRequest, watchNewsOf, watchRequest } from "./etcd-messages.ts";
import { type EtcdPlan, keyName } from "./etcd-plan.ts";
import { valueOf } from "./etcd-senders.ts";

const toldMs = 60_000;

/**
 * Watches one key with many watches, a stream for each connection, and changes it with a client of
 * its own: how long it takes until the last watch has the change.
 */
export async function fanOut(
  clients: readonly EtcdClient[],
  writer: EtcdClient,
  { prefix, workload }: EtcdPlan,
  onMeasuring: () => void,
): Promise<LoadResult> {
  const { watchers = 1, changes = 1, valueBytes, warmUpSeconds } = workload;
  const key = keyName(prefix, 0);
  const crowd = new Crowd();
  await crowd.gather(clients, key, watchers);
  const request = putRequest(key, valueOf(valueBytes));
  const change = async (): Promise<void> => {
    const told = crowd.untilTold(watchers);
    await Promise.all([told, put(writer, request)]);
  };
  const warmUntilMs = performance.now() + warmUpSeconds * 1_000;
  while (performance.now() < warmUntilMs) await change();
  const tally = new Tally();
  tally.begin();
  onMeasuring();
  for (let count = 0; count < changes; count += 1) {
    const sentAtMs = performance.now();
    await change();
    tally.succeeded(sentAtMs);
  }
  return { ...tally.result(), operations: changes * watchers };
}

/** All watches, and how many of them still miss what they wait for. */
class Crowd {
  #missing = 0;
  #onAll: () => void = () => {};
  #onFault: (error: Error) => void = () => {};

  /** Begins the watches; resolves when the servers say that all of them run. */
  async gather(clients: readonly EtcdClient[], key: string, watchers: number): Promise<void> {
    const created = this.#until("all watches run", watchers);
    const request = watchRequest(key);
    const streams = clients.map((client) =>
      client.stream(methods.watch, (message) => this.#onMessage(message)),
    );
    for (let index = 0; index < watchers; index += 1) streams[index % streams.length]?.(request);
    await created;
  }

  /** Resolves when so many changes were told of. */
  untilTold(count: number): Promise<void> {
    return this.#until("all watchers are told", count);
  }

  #until(what: string, count: number): Promise<void> {
    this.#missing = count;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`not within ${toldMs} ms: ${what}, ${this.#missing} of ${count} are not`));
      }, toldMs);
      this.#onFault = reject;
      this.#onAll = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #onMessage(message: Buffer): void {
    const { isCreated, isCanceled, events } = watchNewsOf(message);
    if (isCanceled) this.#onFault(new Error("a watch was ended by its server"));
    this.#missing -= isCreated ? 1 : events;
    if (this.#missing === 0) this.#onAll();
  }
}

function put(writer: EtcdClient, request: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    writer.call(methods.put, request, (answer) => {
      if (answer === undefined) reject(new Error("the change was refused"));
      else resolve();
    });
  });
}
