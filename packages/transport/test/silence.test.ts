import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import type { IServerFrame } from "@meridian/wire";
import { afterEach, describe, expect, test } from "vitest";
import { createPeerTransport, openChannel, serve } from "../src/index.ts";
import { Recorder, codeOf, echo, heartbeat, rejection } from "./networks.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

/** A place that takes connections and says nothing, as one behind a link that swallows packets. */
async function silence(): Promise<{ port: number; close: () => Promise<void> }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    sockets.push(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  closing.push(close);
  return { port: (server.address() as AddressInfo).port, close };
}

describe("a place that does not answer", () => {
  test("is given up by a channel in time, and tried anew later", async () => {
    const { port, close } = await silence();
    const address = `127.0.0.1:${port}`;
    const channel = openChannel(address, { connectMs: 50 });
    closing.push(() => channel.close());
    const client = new Recorder<IServerFrame>();
    channel.session(client).send({ requests: [{ id: 1 }] });
    const write = rejection(channel.execute({ create: { path: "/a" } }));
    expect(codeOf(await client.closed)).toBe("REGION_UNAVAILABLE");
    // It was never sent, so that its fate is known.
    expect(codeOf(await write)).toBe("REGION_UNAVAILABLE");
    await close();
    const server = await serve({ listen: address, coordination: echo, limits: { graceMs: 20 } });
    closing.push(() => server.close());
    const answer = await channel.execute({ create: { path: "/a" } });
    expect(answer.servedBy?.node).toBe("n1");
  });

  test("is given up by a peer in time", async () => {
    const { port } = await silence();
    const failure = new Promise<Error>((resolve) => {
      const peers = createPeerTransport({
        identity: { cluster: "c", incarnation: 1, node: "b" },
        resolve: () => `127.0.0.1:${port}`,
        onPeerDown: () => undefined,
        onFailure: (_, error) => resolve(error),
        limits: { connectMs: 50 },
      });
      closing.push(() => peers.close());
      peers.send("a", heartbeat(1));
    });
    expect((await failure).message).toContain("timeout");
  });

  test("is noticed by keepalive on an open stream", async () => {
    const server = await serve({ listen: "127.0.0.1:0", coordination: echo });
    closing.push(() => server.close());
    const link = await relay(server.port);
    const channel = openChannel(link.address, { keepaliveMs: 100, keepaliveTimeoutMs: 100 });
    closing.push(() => channel.close());
    const client = new Recorder<IServerFrame>();
    channel.session(client).send({ requests: [{ id: 1 }] });
    await client.received(1);
    link.freeze();
    expect(codeOf(await client.closed)).toBe("REGION_UNAVAILABLE");
  });
});

/** Passes bytes both ways until frozen: then connections stay open and nothing comes through. */
async function relay(port: number): Promise<{ address: string; freeze: () => void }> {
  const sockets: Socket[] = [];
  const server = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) socket.on("error", () => undefined);
    sockets.push(near, far);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const freeze = (): void => {
    for (const socket of sockets) socket.unpipe().pause();
  };
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, freeze };
}
