/** Nodes that go by themselves go for the same reasons, and watches tell the same of it. */
import { zookeeperInstallation } from "@meridian/bench";
import { expect, test } from "vitest";

import { Scratch } from "../system/support/scratch.ts";
import type { Mode, Operation, Request, Step } from "./operation.ts";
import { Stage } from "./stage.ts";
import { hasZookeeper } from "./zookeeper-server.ts";

const hourMs = 3_600_000;
const shortMs = 400;

test("containers and TTL nodes go when they would in ZooKeeper", async (context) => {
  context.skip(!hasZookeeper, `needs ZooKeeper: ${zookeeperInstallation}`);
  await using scratch = new Scratch("zookeeper");
  await using stage = await Stage.start({
    cluster: "emulated",
    through: "protocol",
    zookeeper: { reapPeriodMs: 100 },
    seed: 1,
    scratch,
  });
  const { mismatches, events } = await stage.run(reapings());
  expect(mismatches).toEqual([]);
  expect(events).toBeGreaterThan(10);
});

/** Creates what goes and what does not, and looks at all of it once the former has gone. */
function reapings(): readonly Step[] {
  const session = "s1";
  let id = 0;
  const burst = (...requests: readonly Request[]): Step => {
    const operations = requests.map((request): Operation => ({ ...request, id: (id += 1) }));
    return { kind: "burst", session, operations };
  };
  const gone = (path: string): Step => ({ kind: "gone", session, path });
  const nodes = ["/lone", "/kept", "/kept/child", "/idle", "/parent", "/parent/child"];
  return [
    { kind: "open", session, timeoutMs: 60_000 },
    { kind: "open", session: "s2", timeoutMs: 60_000 },
    burst({ kind: "watch", path: "/", isRecursive: true }, look("children", "/", true)),
    burst(
      made("/lone", "container"),
      made("/kept", "container"),
      made("/kept/child"),
      made("/emptied", "container"),
      made("/emptied/child", "ephemeral"),
      made("/idle", "ttl", hourMs),
    ),
    burst(look("get", "/emptied", true), look("children", "/emptied", true)),
    burst(deleted("/emptied/child")),
    gone("/emptied"),
    burst(look("children", "/", true)),
    burst(made("/short", "ttl", shortMs), made("/parent", "ttl", shortMs), made("/parent/child")),
    burst(look("exists", "/short", true)),
    gone("/short"),
    burst(...nodes.map((path) => look("get", path, false))),
    burst(deleted("/parent/child")),
    gone("/parent"),
    burst(made("/s-", "ttl-sequential", shortMs), look("children", "/", false)),
    gone("/s-0000000006"),
    burst(look("children", "/", false)),
  ];
}

function made(path: string, mode: Mode = "persistent", ttlMs = 0): Request {
  return { kind: "create", mode, path, data: "", ttlMs };
}

function deleted(path: string): Request {
  return { kind: "delete", path, version: -1 };
}

function look(kind: "get" | "exists" | "children", path: string, watch: boolean): Request {
  return { kind, path, watch };
}
