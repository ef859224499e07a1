import { expect, test } from "vitest";

import { stateOf } from "../../src/peers/four-letter-word.ts";
import { taskOf } from "../../src/peers/zookeeper-loader.ts";
import { usedBytesOf } from "../../src/peers/zookeeper-server.ts";
import { versionOf } from "../../src/peers/zookeeper-programs.ts";
import { zookeeperConfig } from "../../src/peers/zookeeper-settings.ts";

const answer = `Zookeeper version: 3.8.0--1, built on 2024-06-16 18:49 UTC
Latency min/avg/max: 0/0.0/0
Received: 5
Sent: 4
Connections: 1
Outstanding: 0
Zxid: 0x100000000
Mode: follower
Node count: 10007
`;

test("a server's answer says whether it leads and what it holds", () => {
  expect(stateOf(answer)).toEqual({ version: "3.8.0", mode: "follower", znodes: 10_007 });
  expect(stateOf(answer.replace("follower", "leader"))?.mode).toBe("leader");
});

test("a server without a quorum serves nobody", () => {
  const refusal = "This ZooKeeper instance is not currently serving requests\n";
  expect(stateOf(refusal)).toBeUndefined();
  expect(stateOf("")).toBeUndefined();
});

test("the version is that of the library, not of another with a longer name", () => {
  const names = ["zookeeper.jar", "zookeeper-jute-3.7.0.jar", "zookeeper-3.8.0.jar"];
  expect(versionOf(names)).toBe("3.8.0");
  expect(versionOf(["zookeeper.jar"])).toBe("unknown");
});

test("servers have ports of their own and agree on those of all", () => {
  const configs = [0, 1, 2].map((place) =>
    zookeeperConfig({ basePort: 4_000, place, servers: 3 }, `/data/${place}`).split("\n"),
  );
  const members = configs.map((lines) => lines.filter((line) => line.startsWith("server.")));
  expect(members[0]).toEqual([
    "server.1=127.0.0.1:4001:4002",
    "server.2=127.0.0.1:4004:4005",
    "server.3=127.0.0.1:4007:4008",
  ]);
  expect(members[1]).toEqual(members[0]);
  expect(configs.map((lines) => lines.find((line) => line.startsWith("clientPort=")))).toEqual([
    "clientPort=4000",
    "clientPort=4003",
    "clientPort=4006",
  ]);
});

test("every write is on disk before it is acknowledged", () => {
  const config = zookeeperConfig({ basePort: 4_000, place: 0, servers: 3 }, "/data");
  expect(config).not.toMatch(/forceSync|snapCount|skipACL/);
});

test("a workload is one line of fields", () => {
  const workload = {
    kind: "paced-write",
    connections: 10,
    outstanding: 1_000,
    ratePerSecond: 1_000,
    valueBytes: 256,
    keys: 10_000,
    warmUpSeconds: 1,
    seconds: 2.5,
  } as const;
  const servers = ["127.0.0.1:1", "127.0.0.1:2"];
  expect(taskOf(workload, { servers, parent: "/bench" }).split(" ")).toEqual([
    "kind=paced-write",
    "connections=10",
    "outstanding=1000",
    "ratePerSecond=1000",
    "valueBytes=256",
    "keys=10000",
    "warmUpSeconds=1",
    "seconds=2.5",
    "servers=127.0.0.1:1,127.0.0.1:2",
    "parent=/bench",
  ]);
});

test("what a heap holds is read from what its virtual machine says of it", () => {
  const heap = `4211:
 garbage-first heap   total 2097152K, used 151021K [0x0000000080000000, 0x0000000100000000)
  region size 1024K, 2 young (2048K), 0 survivors (0K)
`;
  expect(usedBytesOf(heap)).toBe(151_021 * 1_024);
  expect(() => usedBytesOf("no such process")).toThrow(/no use of a heap/);
});
