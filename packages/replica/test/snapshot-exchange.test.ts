import { majority, type Raft, type SnapshotMark } from "@meridian/consensus";
import { StorageError, type Storage } from "@meridian/storage";
import type { OutgoingSnapshot, PeerTransport } from "@meridian/transport";
import { expect, test } from "vitest";
import { silentLog } from "../src/index.ts";
import { SnapshotExchange } from "../src/snapshot-exchange.ts";
import { noRecords } from "../src/snapshots.ts";

const configuration = majority(["a", "b"]);
const markAt = (index: number): SnapshotMark => ({ index, term: 1, configuration });

/** Indexes of the snapshots that the core takes over. */
const wanted = new Set<number>();

/** An exchange whose storage replaces its snapshot before the first record is read. */
function setUp(
  read: (index: number) => AsyncIterable<readonly Uint8Array[]>,
  { broken = false }: { readonly broken?: boolean } = {},
) {
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
  const exchange: SnapshotExchange = new SnapshotExchange({
    node: "a",
    witness: false,
    storage: {
      log: { snapshot: () => markAt(current) },
      readSnapshot: () => read(current),
      stageSnapshot: async () => {
        if (broken) throw new StorageError("IO", "the disk is broken");
      },
    } as unknown as Storage,
    raft: {
      status: () => ({ configuration }),
      reportSnapshot: () => undefined,
      step: ({ mark }: { mark: SnapshotMark }) => {
        if (wanted.has(mark.index)) exchange.taken(mark.index);
      },
    } as unknown as Raft,
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

test("a snapshot that is sent again is not waited for: others can follow it", async () => {
  const { exchange } = setUp(async function* (index) {
    yield [Uint8Array.of(index)];
  });
  const received = (index: number): ReturnType<SnapshotExchange["receive"]> =>
    exchange.receive("b", { mark: markAt(index), leaderTerm: 1, records: noRecords() });
  wanted.add(7);
  const first = received(7);
  await new Promise((resolve) => setImmediate(resolve));
  exchange.restored();
  expect(await first).toMatchObject({ installed: true });
  wanted.clear();
  expect(await received(7)).toEqual({ installed: false, reason: "not needed" });
  expect(await received(8)).toEqual({ installed: false, reason: "not needed" });
});

test("a disk that fails while a snapshot arrives ends its member", async () => {
  const { exchange, failures } = setUp(() => noRecords(), { broken: true });
  const arrival = { mark: markAt(7), leaderTerm: 1, records: noRecords() };
  await expect(exchange.receive("b", arrival)).rejects.toThrow("broken");
  expect(failures).toHaveLength(1);
});
