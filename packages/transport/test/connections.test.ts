import http2, { type ClientHttp2Session, type ClientHttp2Stream } from "node:http2";
import { CoordinationService, PeerService } from "@meridian/wire";
import { afterEach, expect, test } from "vitest";
import { openChannel, serve, type FrameStream, type Server } from "../src/index.ts";
import { Recorder, codeOf, echo, rejection } from "./networks.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function start(limits: object, session = echo.session): Promise<Server> {
  const coordination = { ...echo, session };
  const listen = "127.0.0.1:0";
  const server = await serve({ listen, coordination, limits: { graceMs: 20, ...limits } });
  closing.push(() => server.close());
  return server;
}

function connected(address: string): ClientHttp2Session {
  const session = http2.connect(`http://${address}`);
  session.on("error", () => undefined);
  closing.push(() => session.destroy());
  return session;
}

/** Resolves when the server has taken the connection. */
async function greeted(session: ClientHttp2Session): Promise<void> {
  await new Promise((resolve) => session.once("remoteSettings", resolve));
}

async function closed(session: ClientHttp2Session): Promise<void> {
  if (session.closed || session.destroyed) return;
  await new Promise<void>((resolve) => session.once("close", () => resolve()));
}

function call(session: ClientHttp2Session, path: string): ClientHttp2Stream {
  const headers = { "content-type": "application/grpc", te: "trailers" };
  const stream = session.request({ ":method": "POST", ":path": path, ...headers });
  stream.on("error", () => undefined);
  const nothing = Buffer.from([0, 0, 0, 0, 0]);
  if (path === CoordinationService.session.path) stream.write(nothing);
  else stream.end(nothing);
  return stream;
}

/** What became of a call: the status of HTTP that it was answered with, or the code of its end. */
function outcome(stream: ClientHttp2Stream): Promise<string> {
  return new Promise((resolve) => {
    stream.once("response", ({ ":status": status }) => resolve(`answered ${status}`));
    stream.once("close", () => resolve(`closed ${stream.rstCode}`));
  });
}

test("one connection too many is closed until another leaves; the others are served", async () => {
  const { address } = await start({ connectionsMax: 2 });
  const [first, second] = [connected(address), connected(address)];
  await Promise.all([greeted(first), greeted(second)]);
  const third = connected(address);
  call(third, CoordinationService.session.path);
  await closed(third);
  expect(await outcome(call(first, CoordinationService.get.path))).toBe("answered 200");
  second.close();
  await closed(second);
  // The server hears of that in its own time.
  for (let left = 100; ; left -= 1) {
    const next = connected(address);
    const told = await outcome(call(next, CoordinationService.get.path));
    if (told === "answered 200") break;
    expect(left).toBeGreaterThan(0);
    await closed(next);
  }
});

test("a peer is let in where clients no longer are", async () => {
  const { address } = await start({ connectionsMax: 1 });
  await greeted(connected(address));
  const peer = connected(address);
  // There is no group here: what matters is that it was asked.
  expect(await outcome(call(peer, PeerService.connect.path))).toBe("answered 200");
  expect(await outcome(call(peer, PeerService.meet.path))).toBe("answered 200");
});

test("who says nothing beyond the limit is not waited for long, and only by some", async () => {
  const { address } = await start({ connectionsMax: 1 });
  await greeted(connected(address));
  const silent = Array.from({ length: 80 }, () => connected(address));
  let over = 0;
  for (const session of silent) void closed(session).then(() => (over += 1));
  await Promise.race(silent.map(closed));
  const peer = connected(address);
  const startedMs = performance.now();
  await Promise.all(silent.map(closed));
  expect(over).toBe(80);
  expect(performance.now() - startedMs).toBeGreaterThan(1_000);
  peer.destroy();
  expect(await outcome(call(connected(address), PeerService.meet.path))).toBe("answered 200");
});

test("a connection that holds too much memory gets no more streams, and others do", async () => {
  const data = Buffer.alloc(1 << 20);
  const loud = (stream: FrameStream<object>): Recorder<unknown> => {
    for (let sent = 0; sent < 8; sent += 1) stream.send({ responses: [{ node: { data } }] });
    return new Recorder();
  };
  const { address } = await start({ connectionMemoryMiB: 1 }, loud);
  const greedy = connected(address);
  const deaf = call(greedy, CoordinationService.session.path).pause();
  expect(await outcome(deaf)).toBe("answered 200");
  const more = Array.from({ length: 20 }, () => call(greedy, CoordinationService.get.path));
  const outcomes = await Promise.all(more.map(outcome));
  expect(outcomes).toContain(`closed ${http2.constants.NGHTTP2_ENHANCE_YOUR_CALM}`);
  const channel = openChannel(address);
  closing.push(() => channel.close());
  const refusal = await rejection(channel.execute({ get: { path: "/a" } }));
  expect(codeOf(refusal)).not.toBe("REGION_UNAVAILABLE");
});
