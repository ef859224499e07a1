import { expect, test } from "vitest";

import { FrameReader, frames, FrameWriter } from "../../src/peers/http2-frames.ts";

type Seen = readonly [type: number, flag: number, stream: number, payload: string];

const written: readonly Seen[] = [
  [frames.settings, 0, 0, ""],
  [frames.headers, 4, 1, "a block of headers"],
  [frames.data, 1, 2 ** 31 - 1, "x".repeat(16_384)],
  [frames.ping, 0, 0, "12345678"],
];

test("frames are found wherever what arrives is cut", () => {
  const bytes = bytesOf(written);
  for (let cut = 1; cut < 200; cut += 1) {
    expect(framesIn([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(written);
  }
  const single = Array.from({ length: bytes.length }, (_, at) => bytes.subarray(at, at + 1));
  expect(framesIn(single)).toEqual(written);
});

test("what was taken stays as it is while more is written", () => {
  const writer = new FrameWriter();
  const taken: Buffer[] = [];
  const all: Seen[] = [];
  for (let round = 0; round < 50; round += 1) {
    for (const [type, flag, stream, payload] of written) {
      writer.write(type, flag, stream, Buffer.from(payload));
      all.push([type, flag, stream, payload]);
    }
    taken.push(...writer.take());
  }
  expect(framesIn(taken)).toEqual(all);
});

test("a frame that no receiver takes is refused", () => {
  const writer = new FrameWriter();
  expect(() => writer.write(frames.data, 0, 1, Buffer.alloc(16_385))).toThrow(RangeError);
});

function bytesOf(all: readonly Seen[]): Buffer {
  const writer = new FrameWriter();
  for (const [type, flag, stream, payload] of all) {
    // In two parts, as a prefix and a message are.
    const bytes = Buffer.from(payload);
    writer.write(type, flag, stream, bytes.subarray(0, 5), bytes.subarray(5));
  }
  return Buffer.concat(writer.take());
}

function framesIn(chunks: readonly Buffer[]): readonly Seen[] {
  const seen: Seen[] = [];
  const reader = new FrameReader((type, flag, stream, payload) => {
    seen.push([type, flag, stream, payload.toString()]);
  });
  for (const chunk of chunks) reader.read(chunk);
  return seen;
}
