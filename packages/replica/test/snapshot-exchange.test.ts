import { majority, type Raft, type SnapshotMark } from "@meridian/consensus";
import { StorageError, type Storage } from "@meridian/storage";
import type { OutgoingSnapshot, PeerTransport } from "@meridian/transport";
import { expect, test } from "vitest";
import { silentLog } from "../src/index.ts";
import { SnapshotExchange } from "../src/snapshot-exchange.ts";

const configuration = majority(["a", "b"]);
const markAt = (index: number): SnapshotMark => ({ index, term: 1, configuration });

/** An exchange whose storage replaces its snapshot before the first record is read. */
function setUp(read: (index: number) => AsyncIterable<readonly Uint8Array[]>) {
  let current = 5;
  const sent: { mark: number; records: number[] }[] = [];
  const failures: unknown[] = [];
  const peers: Partial<PeerTransport> = {
    async sendSnapshot(_to: string, { mark, records }: OutgoingSnapshot) {
      current = 9;
      const taken: number[] = [];
      try {
        for await (const batch of records) taken.push(...batch.map(([byte = 0]) => byte));
      } catch {
        return false;
      }
      sent.push({ mark: mark.index, records: taken });
      return true;
    },
  };
  const exchange = new SnapshotExchange({
    node: "a",
    witness: false,
    storage: {
      log: { snapshot: () => markAt(current) },
      readSnapshot: () => read(current),
    } as unknown as Storage,
    raft: { status: () => ({ configuration }), reportSnapshot: () => undefined } as unknown as Raft,
    peers: () => peers as PeerTransport,
    log: silentLog,
    turn: () => undefined,
    wake: () => undefined,
    onFailure: (error) => failures.push(error),
  });
  return { exchange, sent, failures };
}

test("a snapshot is sent with its own mark, also when a newer one is taken meanwhile", async () => {
  const { exchange, sent } = setUp(async function* (index) {
    yield [Uint8Array.of(index)];
  });
  await exchange.send("b", markAt(5), 1);
  expect(sent).toEqual([{ mark: 5, records: [5] }]);
});

test("a snapshot that was replaced before it was read does not end its member", async () => {
  const { exchange, sent, failures } = setUp(async function* (index) {
    yield [Uint8Array.of(index)];
    throw new StorageError("NO_SNAPSHOT", "the snapshot is gone");
  });
  await exchange.send("b", markAt(5), 1);
  expect({ sent, failures }).toEqual({ sent: [], failures: [] });
});
