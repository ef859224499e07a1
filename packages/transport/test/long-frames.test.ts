/** Frames of all lengths arrive whole and in order, however they are cut on their way. */
import type { IClientFrame, IServerFrame } from "@meridian/wire";
import { afterEach, describe, expect, test } from "vitest";
import type { FrameHandler } from "../src/index.ts";
import { echo, networks, Recorder } from "./networks.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

function track<T extends { close(): unknown }>(item: T): T {
  closing.push(() => item.close());
  return item;
}

const idle: FrameHandler<IClientFrame> = { onFrame: () => undefined, onClose: () => undefined };

/** Bytes that tell which they are: of another frame or another place they would differ. */
function patternOf(id: number, bytes: number): Buffer {
  const pattern = Buffer.allocUnsafe(bytes);
  for (let at = 0; at < bytes; at += 1) pattern[at] = (id * 31 + at * 7 + (at >>> 8)) & 0xff;
  return pattern;
}

function isWhole({ responses }: IServerFrame): boolean {
  const [response] = responses;
  const data = response?.node?.data ?? Buffer.alloc(0);
  return patternOf(response?.id ?? 0, data.byteLength).equals(data);
}

/** Around what one piece of the network carries, and far beyond. */
const lengths = [0, 1, 5, 1_000, 16_371, 16_384, 40_000, 65_536, 200_000, 1_000_000, 3_000_000];

describe.each(networks)("over $name", (network) => {
  test.each(lengths)("what a server says at once arrives whole: %i bytes", async (bytes) => {
    const session = (stream: { send(frame: object): void }): typeof idle => {
      for (const id of [1, 2]) {
        stream.send({ responses: [{ id, node: { path: "/a", data: patternOf(id, bytes) } }] });
      }
      return idle;
    };
    const { address } = track(await network.serve({ coordination: { ...echo, session } }));
    const channel = track(network.channel(address));
    for (let round = 0; round < 5; round += 1) {
      const client = new Recorder<IServerFrame>();
      const stream = channel.session(client);
      stream.send({ acknowledged: 1 });
      await Promise.race([client.received(2), client.closed]);
      expect(client.frames.map(({ responses }) => responses[0]?.id)).toEqual([1, 2]);
      expect(client.frames.map(({ responses }) => responses[0]?.node?.data.byteLength)).toEqual([
        bytes,
        bytes,
      ]);
      expect(client.frames.every(isWhole)).toBe(true);
      stream.close();
    }
  });

  test("what goes to and fro in many lengths comes back in order and whole", async () => {
    const session = (stream: { send(frame: object): void }): typeof idle => ({
      ...idle,
      onFrame: ({ requests }) => {
        for (const { id, set } of requests) {
          stream.send({ responses: [{ id, node: { path: "/a", data: set?.data } }] });
        }
      },
    });
    const { address } = track(await network.serve({ coordination: { ...echo, session } }));
    const channel = track(network.channel(address));
    const client = new Recorder<IServerFrame>();
    const stream = channel.session(client);
    const count = 150;
    for (let id = 1; id <= count; id += 1) {
      const data = patternOf(id, lengths[(id * id) % (lengths.length - 2)] ?? 0);
      stream.send({ requests: [{ id, set: { path: "/a", data, version: -1 } }] });
      if (id % 7 === 0) await client.received(id - 6);
    }
    await Promise.race([client.received(count), client.closed]);
    expect(client.frames.map(({ responses }) => responses[0]?.id)).toEqual(
      Array.from({ length: count }, (_, at) => at + 1),
    );
    expect(client.frames.every(isWhole)).toBe(true);
  });
});
