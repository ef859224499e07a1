import { PassThrough } from "node:stream";
import type { Http2Stream } from "node:http2";
import grpc from "@grpc/grpc-js";
import { ClientFrame, CoordinationService, type IClientFrame } from "@meridian/wire";
import { afterEach, describe, expect, test } from "vitest";
import { MessageStream } from "../src/grpc/message-stream.ts";
import { serve } from "../src/index.ts";

const bytesMax = 100_000;

/** A stream over a pipe, and what comes out of it. */
function open() {
  const pipe = new PassThrough({ highWaterMark: 1 << 24 });
  const [received, faults]: [Buffer[], string[]] = [[], []];
  const stream = new MessageStream(pipe as unknown as Http2Stream, bytesMax, {
    received: (bytes) => received.push(bytes),
    refused: (why) => faults.push(why),
    drained: () => undefined,
  });
  return { pipe, stream, received, faults };
}

function framed(message: Buffer, compressed = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = compressed;
  prefix.writeUInt32BE(message.byteLength, 1);
  return Buffer.concat([prefix, message]);
}

const messages = Array.from({ length: 300 }, (_, at) => Buffer.alloc((at * 7_919) % 3_000, at));

describe("messages on a stream", () => {
  test.each([1, 2, 3, 4])("come whole in whatever pieces they arrive (seed %d)", (seed) => {
    const { pipe, stream, received, faults } = open();
    stream.read();
    const bytes = Buffer.concat(messages.map((message) => framed(message)));
    let state = seed;
    for (let from = 0; from < bytes.byteLength;) {
      state = (state * 48_271) % 2_147_483_647;
      const length = 1 + (state % (state % 3 === 0 ? 4 : 9_000));
      pipe.write(bytes.subarray(from, from + length));
      from += length;
      pipe.read(0);
    }
    expect(faults).toEqual([]);
    expect(Buffer.concat(received).equals(Buffer.concat(messages))).toBe(true);
    expect(received.map(({ length }) => length)).toEqual(messages.map(({ length }) => length));
  });

  test("are written as they are read", () => {
    const { pipe, stream, received } = open();
    stream.read();
    for (const message of messages) stream.write(message);
    pipe.read(0);
    expect(received.map(({ length }) => length)).toEqual(messages.map(({ length }) => length));
    expect(stream.bufferedBytes).toBeGreaterThanOrEqual(0);
  });

  test("that are too large or compressed are refused, with all that follows", () => {
    for (const [bad, fault] of [
      [framed(Buffer.alloc(bytesMax + 1)), "too-large"],
      [framed(Buffer.alloc(10), 1), "compressed"],
    ] as const) {
      const { pipe, stream, received, faults } = open();
      stream.read();
      pipe.write(Buffer.concat([framed(Buffer.from("a")), bad, framed(Buffer.from("b"))]));
      expect(faults).toEqual([fault]);
      expect(received.map(String)).toEqual(["a"]);
    }
  });
});

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

test("who compresses what it sends is understood", async () => {
  const frames: IClientFrame[] = [];
  const unused = (): never => {
    throw new Error("not called");
  };
  const server = await serve({
    listen: "127.0.0.1:0",
    coordination: {
      session: (stream) => ({
        onFrame: (frame) => {
          frames.push(frame);
          stream.send({});
        },
        onClose: () => undefined,
      }),
      execute: unused,
      watch: unused,
    },
  });
  closing.push(() => server.close());
  const client = new grpc.Client(server.address, grpc.credentials.createInsecure(), {
    "grpc.default_compression_algorithm": grpc.compressionAlgorithms.gzip,
  });
  closing.push(() => client.close());
  const asIs = (bytes: Buffer): Buffer => bytes;
  const call = client.makeBidiStreamRequest(CoordinationService.session.path, asIs, asIs);
  call.on("error", () => undefined);
  const answered = new Promise((resolve) => call.once("data", resolve));
  call.write(
    ClientFrame.encode({ acknowledged: 7, requests: [{ get: { path: "/".repeat(999) } }] }),
  );
  await answered;
  expect(frames.map(({ acknowledged }) => acknowledged)).toEqual([7]);
  call.cancel();
});
