import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { PeerServer } from "./peer-server.ts";
import { jcmd } from "./zookeeper-programs.ts";

const run = promisify(execFile);

/** One server of ZooKeeper: a virtual machine fills the heap it is given before it collects. */
export class ZookeeperServer extends PeerServer {
  /** What is left of its heap after a collection of all of it. */
  async liveBytes(): Promise<number> {
    const pid = String(this.pid);
    await run(jcmd, [pid, "GC.run"]);
    const { stdout } = await run(jcmd, [pid, "GC.heap_info"]);
    return usedBytesOf(stdout);
  }
}

/**
 * Bytes in use, out of what the virtual machine says of its heap.
 * @throws {Error} when it says something else.
 */
export function usedBytesOf(heap: string): number {
  const kibibytes = /heap\s+total \d+K, used (\d+)K/.exec(heap)?.[1];
  if (kibibytes === undefined) throw new Error(`no use of a heap: ${heap}`);
  return Number(kibibytes) * 1_024;
}
