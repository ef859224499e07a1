import type { Meridian } from "@meridian/client";
import { Consistency, CreateMode, type MeridianError } from "@meridian/wire";

import type { Send } from "../load/closed-loop.ts";
import { inParallel } from "../load/parallel.ts";
import { keyPath, type MeridianPlan } from "./plan.ts";

/** Connections that are opened at a time. */
const openingsMax = 50;

/** What makes a request of each kind over one connection; paths are made once. */
export function senderOf(client: Meridian, plan: MeridianPlan, paths: readonly string[]): Send {
  const { kind, valueBytes } = plan.workload;
  const path = (n: number): string => paths[n % paths.length] ?? "";
  switch (kind) {
    case "write":
    case "paced-write": {
      const session = client.session(plan.region);
      const data = new Uint8Array(valueBytes).fill(120);
      return (n, _, done) => session.set(path(n), data, (error) => done(error?.code));
    }
    case "read":
    case "strict-read": {
      const reader = client.reader(plan.region);
      const consistency = kind === "read" ? Consistency.REGIONAL : Consistency.STRICT;
      return (n, _, done) => reader.get(path(n), consistency, (error) => done(error?.code));
    }
    case "create":
    case "fan-out":
      throw new Error(`${kind} is no loop`);
  }
}

/** Creates what is missing of the keys, over all connections. Rejects with the first refusal. */
export async function createKeys(clients: readonly Meridian[], plan: MeridianPlan): Promise<void> {
  const { keys, valueBytes, outstanding } = plan.workload;
  const data = new Uint8Array(valueBytes).fill(120);
  await clients[0]?.create(plan.prefix, "", { parents: true }).catch(unlessExists);
  const sessions = clients.map((client) => client.session(plan.region));
  await new Promise<void>((resolve, reject) => {
    let sent = 0;
    let done = 0;
    const next = (): void => {
      if (sent === keys) return;
      const key = sent++;
      const session = sessions[key % sessions.length];
      session?.create(keyPath(plan.prefix, key), data, CreateMode.PERSISTENT, (error) => {
        if (error !== undefined && error.code !== "NODE_EXISTS") reject(error);
        done += 1;
        if (done === keys) resolve();
        else next();
      });
    };
    for (let slot = 0; slot < outstanding; slot += 1) next();
  });
}

function unlessExists(error: MeridianError): void {
  if (error.code !== "NODE_EXISTS") throw error;
}

/** Makes sure that each connection is open, and its server known, before anything is counted. */
export function openSenders(senders: readonly Send[]): Promise<void> {
  return inParallel(senders.length, openingsMax, (index) => {
    return new Promise((resolve, reject) => {
      senders[index]?.(0, 0, (failure) => {
        if (failure === undefined) resolve();
        else reject(new Error(`nothing can be done over a connection: ${failure}`));
      });
    });
  });
}
