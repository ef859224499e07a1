/** The connection against Node's own HTTP/2 server, which knows nothing of it. */
import { once } from "node:events";
import {
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";

import { GrpcConnection, type OnAnswer } from "../../src/peers/grpc-connection.ts";

const echo = "/test.Service/Echo";
const refuse = "/test.Service/Refuse";
const silent = "/test.Service/Silent";
const twice = "/test.Service/Twice";

describe("calls", () => {
  test("have the headers of gRPC, the first time and when they are but indexes", async () => {
    const { connection, seen } = await setUp();
    for (const method of [echo, echo, twice, echo, twice]) {
      await call(connection, method, Buffer.from("x"));
    }
    expect(seen.map((headers) => headers[":path"])).toEqual([echo, echo, twice, echo, twice]);
    for (const headers of seen) {
      expect(headers).toMatchObject({
        ":method": "POST",
        ":scheme": "http",
        ":authority": connection.address,
        "content-type": "application/grpc",
        te: "trailers",
      });
    }
  });

  test("get the answers that belong to them, a thousand at a time", async () => {
    const { connection } = await setUp();
    const messages = Array.from({ length: 1_000 }, (_, index) => Buffer.from(`message ${index}`));
    const answers = await Promise.all(messages.map((message) => call(connection, echo, message)));
    expect(answers.map(String)).toEqual(messages.map(String));
  });

  test("may be larger than frames and than what the server has room for at once", async () => {
    const { connection } = await setUp();
    const sizes = [0, 1, 16_379, 16_380, 65_530, 65_531, 300_000];
    const messages = sizes.map((size) => Buffer.alloc(size, "abcdefg"));
    const answers = await Promise.all(messages.map((message) => call(connection, echo, message)));
    for (const [index, answer] of answers.entries()) {
      expect(answer?.equals(messages[index] ?? Buffer.alloc(0))).toBe(true);
    }
  });

  test("that are refused end without a message", async () => {
    const { connection } = await setUp();
    expect(await call(connection, refuse, Buffer.from("x"))).toBeUndefined();
    expect(String(await call(connection, echo, Buffer.from("x")))).toBe("x");
  });

  test("that wait too long are given up, the oldest first, and the others go on", async () => {
    const { connection } = await setUp();
    const ends: string[] = [];
    const first = call(connection, silent, Buffer.from("1")).then(() => ends.push("first"));
    const second = call(connection, silent, Buffer.from("2")).then(() => ends.push("second"));
    connection.giveUpOldest(60_000);
    expect(String(await call(connection, echo, Buffer.from("x")))).toBe("x");
    expect(ends).toEqual([]);
    connection.giveUpOldest(0);
    await first;
    expect(ends).toEqual(["first"]);
    connection.giveUpOldest(0);
    await second;
    expect(String(await call(connection, echo, Buffer.from("y")))).toBe("y");
  });

  test("are lost with their connection, whose end is told once", async () => {
    let ends = 0;
    const { connection, server } = await setUp(() => (ends += 1));
    const lost = call(connection, silent, Buffer.from("x"));
    // Its headers have arrived: the call is under way.
    await call(connection, echo, Buffer.from("x"));
    server.end();
    expect(await lost).toBeUndefined();
    expect(await call(connection, echo, Buffer.from("x"))).toBeUndefined();
    connection.close();
    expect(ends).toBe(1);
  });
});

test("a stream carries messages both ways, in order", async () => {
  const { connection } = await setUp();
  const received: string[] = [];
  const all = new Promise<void>((resolve) => {
    const send = connection.stream(twice, (message) => {
      if (received.push(message.toString()) === 2_000) resolve();
    });
    for (let index = 0; index < 1_000; index += 1) send(Buffer.from(`${index}`));
  });
  await all;
  expect(received.slice(0, 4)).toEqual(["0", "0", "1", "1"]);
  expect(received.at(-1)).toBe("999");
});

test("nobody listens: the connection is refused", async () => {
  const { server, connection } = await setUp();
  connection.close();
  server.end();
  await server.ended;
  await expect(GrpcConnection.connect(connection.address)).rejects.toThrow(/ECONNREFUSED/);
});

async function setUp(onClose: () => void = () => {}) {
  const seen: IncomingHttpHeaders[] = [];
  const sessions = new Set<{ destroy(): void }>();
  const http: Http2Server = createServer();
  http.on("session", (session) => sessions.add(session));
  http.on("stream", (stream, headers) => {
    seen.push(headers);
    serve(stream, headers[":path"] ?? "");
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const ended = once(http, "close");
  const end = (): void => {
    for (const session of sessions) session.destroy();
    http.close();
  };
  const address = `127.0.0.1:${(http.address() as AddressInfo).port}`;
  const connection = await GrpcConnection.connect(address, onClose);
  onTestFinished(() => {
    connection.close();
    end();
  });
  return { connection: Object.assign(connection, { address }), seen, server: { end, ended } };
}

/** Answers once for `Echo`, twice on the way for `Twice`, not at all for `Silent`. */
function serve(stream: ServerHttp2Stream, method: string): void {
  stream.on("error", () => {});
  if (method === refuse) {
    stream.respond({ ":status": 200, "grpc-status": "14" }, { endStream: true });
    return;
  }
  if (method === silent) return;
  const head = { ":status": 200, "content-type": "application/grpc" };
  stream.respond(head, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  let rest: Buffer = Buffer.alloc(0);
  stream.on("data", (bytes: Buffer) => {
    rest = Buffer.concat([rest, bytes]);
    while (rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(1)) {
      const message = rest.subarray(0, 5 + rest.readUInt32BE(1));
      stream.write(message);
      if (method === twice) stream.write(message);
      rest = rest.subarray(message.length);
    }
  });
  stream.on("end", () => stream.end());
}

function call(connection: GrpcConnection, method: string, message: Buffer) {
  return new Promise<Parameters<OnAnswer>[0]>((resolve) => {
    connection.call(method, message, resolve);
  });
}
