import { meridianStarter } from "./meridian/meridian-system.ts";
import { etcdStarter } from "./peers/etcd.ts";
import { zookeeperStarter } from "./peers/zookeeper.ts";
import type { Starter } from "./system.ts";

/** What starts the clusters of each system, in the order of the table. */
export function startersOf(program: string, version: string): readonly Starter[] {
  return [meridianStarter(program, version), zookeeperStarter, etcdStarter];
}
