import { createConnection } from "node:net";
import http2 from "node:http2";
import grpc from "@grpc/grpc-js";
import { CoordinationService, type IServerFrame } from "@meridian/wire";
import { afterEach, describe, expect, test } from "vitest";
import {
  ListenError,
  SERVER_LIMITS,
  openChannel,
  serve,
  type FrameStream,
  type ServeOptions,
  type Server,
} from "../src/index.ts";
import { Recorder, codeOf, echo, rejection } from "./networks.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function start(options: Partial<ServeOptions> = {}): Promise<Server> {
  const listen = "127.0.0.1:0";
  const server = await serve({ listen, coordination: echo, limits: { graceMs: 20 }, ...options });
  closing.push(() => server.close());
  return server;
}

const TOO_LONG = Buffer.alloc(SERVER_LIMITS.messageBytesMax);

describe("a message above the limit", () => {
  test("is not sent by our own client", async () => {
    const { address } = await start();
    const channel = openChannel(address);
    closing.push(() => channel.close());
    const request = { create: { path: "/a", data: TOO_LONG } };
    expect(codeOf(await rejection(channel.execute(request)))).toBe("TOO_LARGE");
    const client = new Recorder<IServerFrame>();
    channel.session(client).send({ requests: [request] });
    expect(codeOf(await client.closed)).toBe("TOO_LARGE");
  });

  test.each([4, 9])("is refused by the server with a typed error (%d MiB)", async (mebibytes) => {
    const { address } = await start();
    // A client that does not know our limit.
    const channel = openChannel(address, { messageBytesMax: 64 << 20 });
    closing.push(() => channel.close());
    const request = { create: { path: "/a", data: Buffer.alloc(mebibytes << 20) } };
    expect(codeOf(await rejection(channel.execute(request)))).toBe("TOO_LARGE");
    const client = new Recorder<IServerFrame>();
    channel.session(client).send({ requests: [request] });
    expect(codeOf(await client.closed)).toBe("TOO_LARGE");
  });

  test("ends the stream of the server that would send it", async () => {
    const session = (stream: FrameStream<object>): Recorder<unknown> => {
      stream.send({ responses: [{ node: { data: TOO_LONG } }] });
      return new Recorder();
    };
    const { address } = await start({ coordination: { ...echo, session } });
    const channel = openChannel(address);
    closing.push(() => channel.close());
    const client = new Recorder<IServerFrame>();
    channel.session(client);
    expect(codeOf(await client.closed)).toBe("TOO_LARGE");
  });
});

describe("a client", () => {
  test("that never reads is seen by what is buffered for it, and can be cut", async () => {
    const server = new Recorder<unknown>();
    const opened = new Promise<FrameStream<object>>((resolve) => {
      const session = (stream: FrameStream<object>): Recorder<unknown> => {
        resolve(stream);
        return server;
      };
      void start({ coordination: { ...echo, session } }).then(({ address }) => deaf(address));
    });
    const stream = await opened;
    const data = Buffer.alloc(100_000);
    for (let sent = 0; sent < 100; sent += 1) stream.send({ responses: [{ node: { data } }] });
    expect(stream.bufferedBytes).toBeGreaterThan(100 * data.byteLength);
    // The reader's window of 64 KiB is all that the network takes; the rest stays ours.
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(stream.bufferedBytes).toBeGreaterThan(98 * data.byteLength);
    stream.close(new Error("too slow"));
    expect(await server.closed).toEqual(new Error("too slow"));
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(stream.bufferedBytes).toBe(0);
  });

  test("with metadata above the limit is refused", async () => {
    const { address } = await start();
    const client = new grpc.Client(address, grpc.credentials.createInsecure());
    closing.push(() => client.close());
    const metadata = new grpc.Metadata();
    metadata.set("x-large", "x".repeat(2 * SERVER_LIMITS.metadataBytesMax));
    const asIs = (bytes: Buffer): Buffer => bytes;
    const error = await new Promise<grpc.ServiceError | null>((resolve) => {
      const { path } = CoordinationService.get;
      client.makeUnaryRequest(path, asIs, asIs, Buffer.alloc(0), metadata, resolve);
    });
    expect(error).not.toBeNull();
  });

  test("that sends what is no message is told so", async () => {
    const { address } = await start();
    const client = new grpc.Client(address, grpc.credentials.createInsecure());
    closing.push(() => client.close());
    const asIs = (bytes: Buffer): Buffer => bytes;
    const error = await new Promise<grpc.ServiceError | null>((resolve) => {
      const { path } = CoordinationService.get;
      client.makeUnaryRequest(path, asIs, asIs, Buffer.from([10, 200, 1]), resolve);
    });
    expect(error?.code).toBe(grpc.status.INVALID_ARGUMENT);
    expect(error?.metadata.get("grpc-status-details-bin")).toHaveLength(1);
  });
});

describe("a server", () => {
  test("says which port is taken", async () => {
    const { port, address } = await start();
    const error = await rejection(serve({ listen: address, coordination: echo }));
    expect(error).toBeInstanceOf(ListenError);
    expect(error).toMatchObject({ code: "EADDRINUSE", port, address });
  });

  test.each(["", "7400", "host:", "host:70000", "[::1]", "a b:1"])(
    "refuses %j as an address",
    async (listen) => {
      expect(await rejection(serve({ listen }))).toBeInstanceOf(RangeError);
    },
  );

  test("closes within its grace though a client holds a stream open", async () => {
    const server = await start();
    const { address, port } = server;
    const silent = createConnection(port, "127.0.0.1");
    closing.push(() => silent.destroy());
    deaf(address);
    await new Promise((resolve) => silent.once("connect", resolve));
    await Promise.all([server.close(), server.close()]);
    const again = await serve({ listen: address });
    expect(again.port).toBe(port);
    await again.close();
  });
});

/** Opens a session and never reads its answers. */
function deaf(address: string): void {
  const session = http2.connect(`http://${address}`);
  session.on("error", () => undefined);
  closing.push(() => session.destroy());
  const stream = session.request({
    ":method": "POST",
    ":path": CoordinationService.session.path,
    "content-type": "application/grpc",
    te: "trailers",
  });
  stream.on("error", () => undefined);
  stream.write(Buffer.from([0, 0, 0, 0, 0]));
  stream.pause();
}
