import type { SnapshotRecord } from "@meridian/tree";
import { expect, test } from "vitest";
import { decodeRecord, encodeRecord } from "../src/snapshot-codec.ts";

const path = "/global/a";

const records: readonly SnapshotRecord[] = [
  { kind: "quota", quota: { path, nodesMax: 7, bytesMax: undefined, countedTo: undefined } },
  { kind: "quota", quota: { path, nodesMax: undefined, bytesMax: 2 ** 53 - 1, countedTo: "" } },
  { kind: "quota", quota: { path: "/", nodesMax: 1, bytesMax: 1, countedTo: "/global/a/ü" } },
  { kind: "ending", session: 2 ** 52 },
  { kind: "cursor", position: { cluster: "global", incarnation: 2, index: 2 ** 33 } },
];

test("what belongs to no node comes back out of a snapshot as it was", () => {
  for (const record of records) expect(decodeRecord(encodeRecord(record))).toEqual(record);
});

test("an answer to a failed multi comes back part by part", () => {
  const parts = (["undone", "failed", "untried"] as const).map((outcome) => {
    return { path, stat: undefined, code: outcome === "failed" ? "NO_NODE" : "", outcome } as const;
  });
  const result = { kind: "failed", code: "NO_NODE", message: "m", hint: "", parts } as const;
  const session = {
    session: 7,
    secret: Buffer.alloc(16, 1),
    timeoutMs: 6_000,
    appliedSequence: 3,
    attachment: 0,
    answers: [{ sequence: 3, index: 9, result }],
  };
  const found = decodeRecord(encodeRecord({ kind: "session", session }));
  expect(found).toMatchObject({ session: { answers: [{ sequence: 3, index: 9, result }] } });
});
