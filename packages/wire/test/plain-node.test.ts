import fc from "fast-check";
import { expect, test } from "vitest";
import * as wire from "../src/index.ts";

type Fields = NonNullable<Parameters<typeof wire.SnapshotRecord.encode>[0]["node"]>;

const stat = { czxid: 5, mzxid: 300, pzxid: 2 ** 40, ctimeMs: 1_790_000_000_000, mtimeMs: 9 };
const change = {
  kind: wire.ChangeKind.CREATED,
  path: "/regions/eu/a",
  data: Buffer.from("value"),
  stat: { ...stat, version: 2 ** 32 - 1, cversion: 3, aversion: 1, dataLength: 5, numChildren: 7 },
  mode: wire.CreateMode.PERSISTENT,
};

function encoded(node: Fields): Buffer {
  return wire.SnapshotRecord.encode({ node });
}

/** What the reader shows of a record that lies among other bytes; undefined when it refuses. */
function read(record: Uint8Array): object | undefined {
  const around = Buffer.alloc(7, 0x12);
  const reader = new wire.PlainNodeReader(Buffer.concat([around, record, around]));
  if (!reader.read(around.length, around.length + record.length)) return undefined;
  const { path, bytes, pathAt, dataAt, dataLength, nextSequence, ...others } = reader;
  const { czxid, mzxid, pzxid, ctimeMs, mtimeMs, version, cversion, aversion } = others;
  expect(bytes.toString("latin1", pathAt, pathAt + path.length)).toBe(path);
  const data = bytes.subarray(dataAt, dataAt + dataLength).toString("hex");
  const numbers = { czxid, mzxid, pzxid, ctimeMs, mtimeMs, version, cversion, aversion };
  return { path, data, nextSequence, ...numbers };
}

/** The same by the codec. */
function decoded(record: Uint8Array): object {
  const node = wire.SnapshotRecord.decode(record).node as wire.ISnapshotNode;
  const { path, data, stat: found } = node.change as wire.IChange;
  const { czxid, mzxid, pzxid, ctimeMs, mtimeMs } = found as wire.IStat;
  const { version, cversion, aversion } = found as wire.IStat;
  const numbers = { czxid, mzxid, pzxid, ctimeMs, mtimeMs, version, cversion, aversion };
  const { nextSequence } = node;
  return { path, data: Buffer.from(data).toString("hex"), nextSequence, ...numbers };
}

const number = fc.oneof(
  fc.nat(300),
  fc.nat(),
  fc.maxSafeNat(),
  fc.constant(2 ** 53 - 1),
  fc.integer({ min: 27, max: 53 }).map((bits) => 2 ** bits - 1),
);
const number32 = fc.oneof(fc.nat(300), fc.nat(), fc.constant(2 ** 32 - 1));

const nodes = fc.record({
  change: fc.record({
    kind: fc.constant(wire.ChangeKind.CREATED),
    path: fc.string({ unit: "binary-ascii", minLength: 1, maxLength: 200 }),
    data: fc.uint8Array({ maxLength: 300 }),
    mode: fc.constantFrom(wire.CreateMode.PERSISTENT, wire.CreateMode.UNSPECIFIED),
    stat: fc.record({
      czxid: number,
      mzxid: number,
      pzxid: number,
      ctimeMs: number,
      mtimeMs: number,
      version: number32,
      cversion: number32,
      aversion: number32,
      dataLength: number32,
      numChildren: number32,
    }),
  }),
  nextSequence: number,
});

test("a plain node is read as the codec reads it", () => {
  fc.assert(
    fc.property(nodes, (node) => {
      const record = encoded(node);
      expect(read(record)).toEqual(decoded(record));
    }),
  );
});

test("a plain node is written as the codec writes it", () => {
  fc.assert(
    fc.property(
      nodes,
      fc.nat(9),
      ({ change: { path, data, stat: written }, nextSequence }, before) => {
        const stat = { ...written, dataLength: data.length };
        const mode = wire.CreateMode.PERSISTENT;
        const record = encoded({ change: { ...change, path, data, stat, mode }, nextSequence });
        const bytes = Buffer.concat([Buffer.alloc(before), data, Buffer.alloc(3)]);
        const into = Buffer.alloc(before + path.length + data.length + wire.plainNodeBytesMax);
        const fields = { ...stat, path, bytes, dataAt: before, nextSequence };
        const end = new wire.PlainNodeWriter(into).write(fields, before);
        expect(into.subarray(before, end)).toEqual(record);
        expect(record.length - path.length - data.length).toBeLessThan(wire.plainNodeBytesMax);
      },
    ),
  );
});

test("a node whose path is not ASCII is left to the codec", () => {
  const place = { bytes: change.data, dataAt: 0, nextSequence: 0 };
  const writer = new wire.PlainNodeWriter(Buffer.alloc(1_000));
  for (const path of ["/ü", "/\u{1F600}", "/a\u0080"]) {
    expect(writer.write({ ...change.stat, ...place, path }, 0)).toBeUndefined();
  }
  expect(writer.write({ ...change.stat, ...place, path: "/u" }, 0)).toBeGreaterThan(0);
});

test.each<[string, Fields]>([
  ["that has an owner", { change: { ...change, stat: { ...change.stat, ephemeralOwner: 1 } } }],
  ["that ends with its session", { change: { ...change, mode: wire.CreateMode.EPHEMERAL } }],
  ["that ends with its time", { change: { ...change, ttlMs: 1 } }],
  ["of an eventual zone", { change: { ...change, stamp: { ms: 1, region: "eu" } } }],
  ["of another origin", { change: { ...change, stat: { ...change.stat, origin: "eu" } } }],
  ["whose path is not ASCII", { change: { ...change, path: "/ü" } }],
  ["without a Stat", { change: { ...change, stat: undefined } }],
  ["without a path", { change: { ...change, path: "" } }],
  ["of an unknown mode", { change: { ...change, mode: 99 } }],
  ["that is a deletion", { change: { ...change, kind: wire.ChangeKind.DELETED } }],
  ["without a change", { nextSequence: 4 }],
])("a node %s is left to the codec", (_what, node) => {
  expect(read(encoded({ change }))).toBeDefined();
  expect(read(encoded(node))).toBeUndefined();
});

test("a record of another kind is left to the codec", () => {
  expect(read(wire.SnapshotRecord.encode({ header: { index: 5 } }))).toBeUndefined();
  expect(read(wire.SnapshotRecord.encode({ session: { session: 5 } }))).toBeUndefined();
  expect(read(Buffer.alloc(0))).toBeUndefined();
});

test("a damaged node is left to the codec, or what the codec reads as well", () => {
  const record = encoded({ change, nextSequence: 2 ** 50 });
  for (let length = 0; length < record.length; length += 1) {
    expect(read(record.subarray(0, length))).toBeUndefined();
  }
  for (let bit = 0; bit < record.length * 8; bit += 1) {
    const damaged = Buffer.from(record);
    damaged[bit >>> 3] = (damaged[bit >>> 3] as number) ^ (1 << (bit & 7));
    const found = read(damaged);
    expect(found ?? decoded(record)).toEqual(decoded(found === undefined ? record : damaged));
  }
});
