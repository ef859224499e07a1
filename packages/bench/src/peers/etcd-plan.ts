import type { Workload } from "../workload.ts";

/** What a loader of etcd is told to do. */
export interface EtcdPlan {
  /** host:port of the servers. */
  readonly addresses: readonly string[];
  /** What keys begin with. */
  readonly prefix: string;
  readonly workload: Workload;
}

/** Name of a key. */
export function keyName(prefix: string, key: number): string {
  return `${prefix}/k-${key}`;
}
