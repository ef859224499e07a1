import type { Workload } from "../workload.ts";

/** What a loader of Meridian is told to do. */
export interface MeridianPlan {
  /** host:port of the servers. */
  readonly endpoints: readonly string[];
  readonly region: string;
  /** Parent of the keys; made by `create`. */
  readonly prefix: string;
  readonly workload: Workload;
}

/** Path of a key. */
export function keyPath(prefix: string, key: number): string {
  return `${prefix}/k-${key}`;
}
