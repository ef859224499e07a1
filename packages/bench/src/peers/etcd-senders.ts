import type { Send } from "../load/closed-loop.ts";
import type { EtcdClient } from "./etcd-client.ts";
import { hasFound, methods, putRequest, rangeRequest } from "./etcd-messages.ts";
import { type EtcdPlan, keyName } from "./etcd-plan.ts";

/** What every connection sends: requests are made once for each key. */
export interface Requests {
  readonly method: string;
  readonly messages: readonly Buffer[];
  /** Whether an answer is what was asked for. */
  readonly isGood: (answer: Buffer) => boolean;
}

/** The requests of a workload that is a loop. */
export function requestsOf({ prefix, workload }: EtcdPlan): Requests {
  const { kind, keys, valueBytes } = workload;
  const all = (request: (key: string) => Buffer): readonly Buffer[] =>
    Array.from({ length: keys }, (_, key) => request(keyName(prefix, key)));
  switch (kind) {
    case "create":
    case "write":
    case "paced-write": {
      const value = valueOf(valueBytes);
      const messages = all((key) => putRequest(key, value));
      return { method: methods.put, messages, isGood: () => true };
    }
    case "read":
    case "strict-read": {
      const messages = all((key) => rangeRequest(key, kind === "read"));
      return { method: methods.range, messages, isGood: hasFound };
    }
    case "fan-out":
      throw new Error("fan-out is no loop");
  }
}

/** Sends them over one connection. */
export function senderOf(
  client: EtcdClient,
  { method, messages, isGood }: Requests,
  onSuccess: () => void,
): Send {
  return (n, _, done) => {
    const message = messages[n % messages.length];
    if (message === undefined) throw new RangeError("there are no keys");
    client.call(method, message, (answer) => {
      if (answer === undefined) done("LOST");
      else if (!isGood(answer)) done("NOT_FOUND");
      else {
        onSuccess();
        done(undefined);
      }
    });
  };
}

/** Puts all keys; rejects when one is refused. */
export function createKeys(
  clients: readonly EtcdClient[],
  { method, messages }: Requests,
  outstanding: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let sent = 0;
    let done = 0;
    const next = (): void => {
      const message = messages[sent];
      if (message === undefined) return;
      const client = clients[sent % clients.length];
      sent += 1;
      client?.call(method, message, (answer) => {
        if (answer === undefined) reject(new Error("a key cannot be put"));
        done += 1;
        if (done === messages.length) resolve();
        else next();
      });
    };
    for (let slot = 0; slot < outstanding; slot += 1) next();
  });
}

/** The same value that all writes have. */
export function valueOf(bytes: number): Buffer {
  return Buffer.alloc(bytes, "x");
}
