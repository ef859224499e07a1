import { join } from "node:path";

import { zookeeperClassPath } from "./zookeeper-programs.ts";

/** Heap of each server. Its documentation asks for one that holds the tree without swapping. */
const heap = "2g";

/** Ports of one server. */
export interface ZookeeperPorts {
  readonly client: number;
  /** Followers follow the leader there. */
  readonly quorum: number;
  readonly election: number;
}

/** Ports that the server of this place takes from a base on. */
export function portsOf(basePort: number, place: number): ZookeeperPorts {
  const client = basePort + place * 3;
  return { client, quorum: client + 1, election: client + 2 };
}

/** The configuration file of one of `servers` voters. What is not named here is the default. */
export function zookeeperConfig(
  options: { readonly basePort: number; readonly place: number; readonly servers: number },
  data: string,
): string {
  const { basePort, place, servers } = options;
  const members = Array.from({ length: servers }, (_, index) => {
    const { quorum, election } = portsOf(basePort, index);
    return [`server.${index + 1}`, `127.0.0.1:${quorum}:${election}`] as const;
  });
  const settings = {
    // These three have no default; they are those of the sample that comes with it.
    tickTime: 2_000,
    initLimit: 10,
    syncLimit: 5,
    dataDir: data,
    clientPort: portsOf(basePort, place).client,
    clientPortAddress: "127.0.0.1",
    // 60 connections for each address of a client are too few where all come from one machine.
    maxClientCnxns: 0,
    // An HTTP server for operators, on a port of its own.
    "admin.enableServer": false,
    ...Object.fromEntries(members),
  };
  return configText(settings);
}

/** Settings as lines of a configuration file. */
export function configText(settings: Readonly<Record<string, string | number | boolean>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}

/** How the virtual machine of a server is run. */
export function serverArguments(data: string): readonly string[] {
  return [
    "-cp",
    zookeeperClassPath,
    `-Xms${heap}`,
    `-Xmx${heap}`,
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "org.apache.zookeeper.server.quorum.QuorumPeerMain",
    join(data, "zoo.cfg"),
  ];
}
