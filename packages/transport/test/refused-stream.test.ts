/** A server may refuse a stream that it has not looked at: what was sent on it is lost. */
import { constants, createServer, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { PeerFrame } from "@meridian/wire";
import { afterEach, expect, test } from "vitest";
import { grpcNetwork, heartbeat } from "./networks.ts";

const closing: (() => unknown)[] = [];
afterEach(() => {
  for (const close of closing.splice(0).toReversed()) close();
});

/** Frames that arrive on one stream. */
class Inbox {
  readonly commits: number[] = [];
  hellos = 0;
  #bytes = Buffer.alloc(0);

  constructor(stream: ServerHttp2Stream) {
    stream.on("error", () => undefined);
    stream.on("data", (bytes: Buffer) => this.#receive(bytes));
  }

  #receive(bytes: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    while (this.#bytes.length >= 5 && this.#bytes.length >= 5 + this.#bytes.readUInt32BE(1)) {
      const end = 5 + this.#bytes.readUInt32BE(1);
      const frame = PeerFrame.decode(this.#bytes.subarray(5, end));
      this.#bytes = this.#bytes.subarray(end);
      if (frame.hello !== undefined) this.hellos += 1;
      for (const { commit } of frame.messages) this.commits.push(commit);
    }
  }
}

test("a refused stream is told of, and what is sent later arrives by another", async () => {
  const inboxes: Inbox[] = [];
  const server = createServer();
  server.on("stream", (stream: ServerHttp2Stream) => {
    const inbox = new Inbox(stream);
    inboxes.push(inbox);
    if (inboxes.length > 1) return;
    stream.on("data", () => {
      if (inbox.commits.length > 3) stream.close(constants.NGHTTP2_REFUSED_STREAM);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  closing.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  let losses = 0;
  const peers = grpcNetwork.peers({
    identity: { cluster: "c", incarnation: 1, node: "b" },
    resolve: () => `127.0.0.1:${port}`,
    onPeerDown: () => (losses += 1),
  });
  closing.push(() => peers.close());
  let sent = 0;
  const ticking = setInterval(() => peers.send("a", heartbeat((sent += 1))), 5);
  closing.push(() => clearInterval(ticking));
  await expect.poll(() => inboxes[1]?.commits.length ?? 0, { timeout: 10_000 }).toBeGreaterThan(20);
  expect(losses).toBeGreaterThanOrEqual(1);
  expect(inboxes.map(({ hellos }) => hellos)).toEqual([1, 1]);
  // Nothing is missing in between on the second one.
  const commits = inboxes[1]?.commits ?? [];
  expect(commits).toEqual(commits.map((_, at) => (commits[0] ?? 0) + at));
});
