import { type Operation, Tree } from "@meridian/tree";
import { expect, test } from "vitest";
import { encodeRecord } from "../src/snapshot-codec.ts";
import { SnapshotEncoder } from "../src/snapshot-encoder.ts";

const zones = Buffer.from(
  JSON.stringify([
    { prefix: "/meridian", consistency: "strict" },
    { prefix: "/regions/{region}", consistency: "regional", home: "{region}" },
    { prefix: "/shared", consistency: "eventual" },
  ]),
);

function applyTo(tree: Tree, operation: Operation, session = 0): void {
  const command = { session, sequence: 0, acknowledged: 0, timeMs: 2 ** 40, operation };
  tree.apply(tree.appliedIndex + 1, 1, command);
}

function create(
  path: string,
  length: number,
  mode: "persistent" | "ephemeral" | "persistent-sequential" = "persistent",
): Operation {
  const data = new Uint8Array(length).map((_, at) => at * 7);
  return { kind: "create", path, data, mode, ttlMs: 0, parents: true };
}

/** With something of everything that a snapshot may hold. */
function busy(): Tree {
  const tree = new Tree();
  applyTo(tree, { kind: "bootstrap", cluster: "eu", regions: ["eu"], zones });
  applyTo(tree, { kind: "open-session", session: 7, secret: Buffer.alloc(16), timeoutMs: 6_000 });
  for (const length of [0, 1, 127, 128, 129, 4_096, 4_097, 100_000, 600_000]) {
    applyTo(tree, create(`/regions/eu/data/${length}`, length));
  }
  applyTo(tree, create("/regions/eu/ü/below", 3));
  applyTo(tree, create("/shared/a", 3));
  applyTo(tree, create("/regions/eu/mine", 3, "ephemeral"), 7);
  for (let at = 0; at < 1_500; at += 1) {
    applyTo(tree, create("/regions/eu/queue/job-", at % 200, "persistent-sequential"));
    applyTo(tree, create(`/regions/eu/many/${at}`, at % 200));
  }
  return tree;
}

test("a snapshot is the same bytes, whether its nodes were records before or not", () => {
  const tree = busy();
  const [one, other] = [tree.snapshot(), tree.snapshot()];
  const encoder = new SnapshotEncoder();
  let slices = 0;
  while (one.pour(encoder)) {
    const written = [...encoder.take()].map((bytes) => Buffer.from(bytes).toString("base64"));
    const expected: string[] = [];
    other.pour({
      add: (record) => expected.push(Buffer.from(encodeRecord(record)).toString("base64")),
      addPlain: () => false,
    });
    expect(written).toEqual(expected);
    slices += 1;
    // What changes meanwhile leaves its old state behind, as a record.
    applyTo(tree, { kind: "set", path: "/regions/eu/many/9", data: zones, version: -1 });
  }
  expect(other.pour({ add: () => expect.unreachable(), addPlain: () => false })).toBe(false);
  expect(slices).toBeGreaterThan(5);
});
