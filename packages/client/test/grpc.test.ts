import { openChannel, serve, type Server } from "@meridian/transport";
import { afterEach, expect, test } from "vitest";
import { connect } from "../src/connect.ts";
import type { Meridian } from "../src/client.ts";
import { FakeFleet } from "./fake-fleet.ts";

const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

/** Puts a node of the fake fleet behind a real port. */
async function serveNode(fleet: FakeFleet, node: string, listen: string): Promise<Server> {
  const fake = fleet.server(node);
  const server = await serve({
    listen,
    coordination: {
      session: (stream) =>
        fake.accept({
          send: (frame) => stream.send(frame),
          close: () => stream.close(),
          break: () => stream.close(new Error("reset")),
        }),
      execute: () => Promise.reject(new Error("not used")),
      watch: () => ({ onClose: () => undefined }),
    },
    admin: {
      status: () => fake.status(),
      topology: () => fleet.topology(),
      transferLeadership: () => Promise.reject(new Error("not used")),
    },
  });
  open.push(server);
  return server;
}

/** us-west-1 and us-west-2 behind real ports, and a client. */
async function scene(): Promise<{ fleet: FakeFleet; servers: Server[]; client: Meridian }> {
  const fleet = new FakeFleet();
  fleet.cluster("us-west").seed("/regions/us-west/a", "0");
  const servers: Server[] = [];
  for (const node of ["us-west-1", "us-west-2"]) {
    const server = await serveNode(fleet, node, "127.0.0.1:0");
    servers.push(server);
    fleet.addresses.set(node, server.address);
  }
  const endpoints = servers.map(({ address }) => address);
  const client = await connect({ endpoints, region: "us-west", openChannel });
  open.push(client);
  return { fleet, servers, client };
}

test("over gRPC: a thousand writes in the air, reads, a watch, a lock", async () => {
  const { client } = await scene();
  const watch = client.watch("/regions/us-west", { recursive: true });
  await watch.ready;
  const writes = Array.from({ length: 1_000 }, (_, n) => client.set("/regions/us-west/a", `${n}`));
  const done = await Promise.all(writes);
  expect(done.map(({ stat }) => stat.version)).toEqual(done.map((_, n) => n + 1));
  expect((await client.get("/regions/us-west/a")).text).toBe("999");
  const first = await watch.next();
  expect(first.value).toMatchObject({ kind: "changed", path: "/regions/us-west/a", text: "0" });
  await using lock = await client.lock("/regions/us-west/lock").acquire();
  expect(lock.fencingToken).toBeGreaterThan(0);
});

test("over gRPC: another server takes over, and nothing is lost or doubled", async () => {
  const { fleet, servers, client } = await scene();
  await client.set("/regions/us-west/a", "warm");
  fleet.cluster("us-west").leader = "us-west-2";
  fleet.server("us-west-1").script = () => "drop"; // it dies with all of them in its hands
  const writes = Array.from({ length: 200 }, (_, n) => client.set("/regions/us-west/a", `${n}`));
  await servers[0]?.close();
  const done = await Promise.all(writes);
  expect(done.map(({ stat }) => stat.version)).toEqual(done.map((_, n) => n + 2));
  expect(done.at(-1)?.receipt.servedBy.node).toBe("us-west-2");
});

test("over gRPC: where nobody listens, a write is known not to have happened", async () => {
  const { servers, client } = await scene();
  for (const server of servers) await server.close();
  const write = client.set("/regions/us-west/a", "x", { deadlineMs: 500 });
  await expect(write).rejects.toMatchObject({ code: "REGION_UNAVAILABLE" });
});
