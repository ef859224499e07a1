import type { Encodable, IServerFrame } from "@meridian/wire";
import { ServerFrame } from "@meridian/wire";
import { expect, test } from "vitest";
import { FramePacker } from "../src/frame-packer.ts";
import { randomOf } from "./harness/index.ts";

const messageBytesMax = 4 * 1024 * 1024;

function framesOf(packer: FramePacker): readonly Encodable<IServerFrame>[] {
  return [...packer.take()];
}

test("what fits goes out as one frame, and only once", () => {
  const packer = new FramePacker();
  expect(packer.isEmpty).toBe(true);
  packer.welcome({ node: "a" });
  packer.respond({ id: 1 });
  packer.report({ watch: 1 });
  expect(framesOf(packer)).toEqual([
    { welcome: { node: "a" }, responses: [{ id: 1 }], events: [{ watch: 1 }] },
  ]);
  expect(packer.isEmpty).toBe(true);
  expect(packer.bytes).toBe(0);
});

test("frames fit the network, and order is kept, whatever the sizes", () => {
  for (let seed = 1; seed <= 30; seed += 1) {
    const random = randomOf(seed);
    const packer = new FramePacker();
    const size = (): number => Math.floor(random() ** 4 * 1_048_576);
    const [answers, reports] = [Math.floor(random() * 60), Math.floor(random() * 60)];
    packer.welcome({ node: "a" });
    for (let id = 1; id <= answers; id += 1) {
      packer.respond({ id, node: { path: "/a", data: Buffer.alloc(size()) } });
    }
    for (let watch = 1; watch <= reports; watch += 1) {
      packer.report({ watch, events: [{ path: "/a", data: Buffer.alloc(size()) }] });
    }
    const frames = framesOf(packer);
    for (const frame of frames) {
      expect(ServerFrame.encode(frame).byteLength).toBeLessThan(messageBytesMax);
    }
    const ids = frames.flatMap(({ responses = [] }) => responses.map(({ id }) => id));
    const watches = frames.flatMap(({ events = [] }) => events.map(({ watch }) => watch));
    expect(ids).toEqual(Array.from({ length: answers }, (_, at) => at + 1));
    expect(watches).toEqual(Array.from({ length: reports }, (_, at) => at + 1));
    const lastAnswer = frames.findLastIndex(({ responses = [] }) => responses.length > 0);
    const early = frames.slice(0, Math.max(0, lastAnswer));
    expect(early.flatMap(({ events = [] }) => events)).toEqual([]);
    expect(frames.filter(({ welcome }) => welcome !== undefined)).toHaveLength(1);
    expect(frames[0]?.welcome).toBeDefined();
  }
});

test("pages of children and parts of a multi count with all that they hold", () => {
  const packer = new FramePacker();
  const child = { path: "n", data: Buffer.alloc(500_000) };
  packer.respond({ id: 1, children: { children: [child, child] } });
  packer.respond({ id: 2, multi: { parts: [{ node: child }] } });
  expect(packer.bytes).toBeGreaterThan(1_500_000);
  expect(framesOf(packer)).toHaveLength(2);
});
