import { expect, test } from "vitest";
import { DataSlabs } from "../src/data-slabs.ts";
import { Znode } from "../src/znode.ts";
import { pick, seeded } from "./support/random.ts";

const sizes = [0, 1, 7, 64, 65, 300, 4_096, 4_097, 70_000];

/** Data that tells whose it is. */
function fill(length: number, mark: number): Uint8Array {
  return new Uint8Array(length + 10).fill(mark).subarray(5, 5 + length);
}

function isFilled(data: Uint8Array, mark: number): boolean {
  return data.every((byte) => byte === mark % 256);
}

/** Bytes of all buffers that data of these nodes keeps alive. */
function heldBytes(nodes: Iterable<Znode>): number {
  const buffers = new Set([...nodes].map(({ data }) => data.buffer));
  return [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0);
}

test("data is what was put there, whatever else comes and goes", () => {
  for (let seed = 1; seed <= 5; seed += 1) {
    const random = seeded(seed);
    const slabs = new DataSlabs();
    const nodes = Array.from({ length: 800 }, (_, at) => new Znode(`/${at}`, 1, 1));
    const marks = new Map<Znode, number>();
    for (let step = 0; step < 8_000; step += 1) {
      const node = pick(random, nodes);
      const isGoing = marks.has(node) && random() < 0.5;
      slabs.leave(node);
      marks.delete(node);
      node.data = isGoing ? fill(0, 0) : fill(pick(random, sizes), step);
      if (isGoing) continue;
      marks.set(node, step);
      if (random() < 0.9) slabs.settle(node);
    }
    const wrong = [...marks].filter(([node, mark]) => !isFilled(node.data, mark));
    expect({ seed, wrong }).toEqual({ seed, wrong: [] });
  }
});

test("no more than twice what is of use is held, and one slab that is being filled", () => {
  const slabs = new DataSlabs();
  const nodes = Array.from({ length: 6_000 }, (_, at) => new Znode(`/${at}`, 1, 1));
  for (const node of nodes) {
    node.data = fill(100, 1);
    slabs.settle(node);
  }
  expect(heldBytes(nodes)).toBeLessThan(600_000 * 1.02 + 65_536);
  // What is left lies everywhere among what goes.
  const left = nodes.filter((_, at) => at % 10 === 0);
  for (const node of nodes) if (!left.includes(node)) slabs.leave(node);
  expect(heldBytes(left)).toBeLessThanOrEqual(2 * 60_000 + 2 * 65_536);
  expect(left.every(({ data }) => data.byteLength === 100 && isFilled(data, 1))).toBe(true);
});

test("pieces of a large buffer do not keep it alive", () => {
  const slabs = new DataSlabs();
  const frame = new Uint8Array(1_000_000);
  for (const length of sizes.slice(1)) {
    const node = new Znode("/a", 1, 1);
    node.data = frame.subarray(10, 10 + length);
    slabs.settle(node);
    expect(node.data.byteLength).toBe(length);
    expect(node.data.buffer).not.toBe(frame.buffer);
  }
  const whole = new Znode("/b", 1, 1);
  whole.data = frame;
  slabs.settle(whole);
  expect(whole.data).toBe(frame);
});

test("who reads a place may go on when it is emptied", () => {
  const slabs = new DataSlabs();
  const nodes = Array.from({ length: 2_000 }, (_, at) => new Znode(`/${at}`, 1, 1));
  for (const [at, node] of nodes.entries()) {
    node.data = fill(100, at);
    slabs.settle(node);
  }
  const read = nodes.map(({ data }) => data);
  for (const node of nodes.slice(0, 1_900)) {
    slabs.leave(node);
    node.data = fill(0, 0);
  }
  expect(read.every((data, at) => isFilled(data, at))).toBe(true);
});
