import type { Entry, HardState, Message, Persist } from "@meridian/consensus";
import { type Storage, StorageError, type Write } from "@meridian/storage";
import { expect, test } from "vitest";
import { Persister } from "../src/persister.ts";

/** A disk whose writes end when a test says so. */
class Disk {
  readonly writes: Write[] = [];
  readonly durable: {
    readonly sequence: number;
    readonly sent: number;
    readonly reset: boolean;
  }[] = [];
  readonly failures: unknown[] = [];
  readonly persister: Persister;
  #waiting: (() => void)[] = [];
  #settle: ((error?: Error) => void)[] = [];
  #sequence = 0;

  constructor() {
    const storage = {
      write: (write: Write) => {
        this.writes.push(write);
        return new Promise<void>((resolve, reject) => {
          this.#settle.push((error) => (error === undefined ? resolve() : reject(error)));
        });
      },
    } as unknown as Storage;
    this.persister = new Persister(
      storage,
      ({ mark, send, reset }) =>
        this.durable.push({ sequence: mark.sequence, sent: send.length, reset }),
      (error) => this.failures.push(error),
      (task) => this.#waiting.push(task),
    );
  }

  push(part: Partial<Persist>): void {
    this.#sequence += 1;
    const mark = { term: 1, index: 0, logTerm: 0, sequence: this.#sequence };
    const nothing = { hardState: undefined, entries: [], reset: undefined, send: [] };
    this.persister.push({ ...nothing, ...part, mark });
  }

  /** The time for another attempt has come. */
  async pass(): Promise<void> {
    this.#waiting.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  }

  async complete(error?: Error): Promise<void> {
    this.#settle.shift()?.(error);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function entries(from: number, to: number): readonly Entry[] {
  const data = new Uint8Array(0);
  return Array.from({ length: to - from }, (_, at) => {
    return { index: from + at, term: 1, kind: "command" as const, data };
  });
}

const answer = { type: "heartbeat-answer", from: "a", to: "b", term: 1, context: 0 } as Message;
const state = (term: number): HardState => ({ term, vote: undefined, commitIndex: 0 });

test("what comes while the disk is busy goes into the next write together", async () => {
  const disk = new Disk();
  disk.push({ entries: entries(1, 2) });
  disk.push({ entries: entries(2, 4), send: [answer] });
  disk.push({ entries: entries(4, 5), hardState: state(2), send: [answer] });
  expect(disk.writes).toHaveLength(1);
  await disk.complete();
  expect(disk.writes).toHaveLength(2);
  expect(disk.writes[1]?.entries.map(({ index }) => index)).toEqual([2, 3, 4]);
  expect(disk.writes[1]?.hardState).toEqual(state(2));
  await disk.complete();
  expect(disk.durable).toEqual([
    { sequence: 1, sent: 0, reset: false },
    { sequence: 3, sent: 2, reset: false },
  ]);
});

test("entries that replace others, and snapshots, are writes of their own, in order", async () => {
  const disk = new Disk();
  const reset = { index: 9, term: 1, configuration: {} } as unknown as Persist["reset"];
  disk.push({ entries: entries(1, 5) });
  disk.push({ entries: entries(5, 7) });
  disk.push({ entries: entries(3, 4) });
  disk.push({ reset });
  disk.push({ entries: entries(10, 11) });
  for (let count = 0; count < 5; count += 1) await disk.complete();
  expect(disk.writes.map((write) => write.entries.map(({ index }) => index))).toEqual([
    [1, 2, 3, 4],
    [5, 6],
    [3],
    [],
    [10],
  ]);
  expect(disk.durable.map((batch) => batch.reset)).toEqual([false, false, false, true, false]);
});

test("messages that wait for nothing on the disk leave at once", () => {
  const disk = new Disk();
  disk.push({ send: [answer] });
  expect(disk.durable).toEqual([{ sequence: 1, sent: 1, reset: false }]);
  expect(disk.writes).toEqual([]);
});

test("after a failed write nothing is called durable any more", async () => {
  const disk = new Disk();
  disk.push({ entries: entries(1, 2), send: [answer] });
  disk.push({ entries: entries(2, 3), send: [answer] });
  await disk.complete(new Error("EIO"));
  expect(disk.failures).toHaveLength(1);
  expect(disk.durable).toEqual([]);
  expect(disk.writes).toHaveLength(1);
});

test("nothing is reported after stopping", async () => {
  const disk = new Disk();
  disk.push({ entries: entries(1, 2) });
  disk.persister.stop();
  await disk.complete();
  expect(disk.durable).toEqual([]);
});

test("a write that finds no space is tried again until there is some, in its place", async () => {
  const disk = new Disk();
  const full = new StorageError("FULL", "injected", { retryable: true });
  disk.push({ entries: entries(1, 3) });
  disk.push({ entries: entries(3, 4), send: [answer] });
  for (let attempt = 1; attempt <= 3; attempt++) {
    await disk.complete(full);
    expect(disk.persister.stalled).toBe(true);
    expect(disk.writes).toHaveLength(attempt);
    await disk.pass();
  }
  expect(disk.writes.map((write) => write.entries[0]?.index)).toEqual([1, 1, 1, 1]);
  expect(disk.durable).toEqual([]);
  await disk.complete();
  expect(disk.persister.stalled).toBe(false);
  await disk.complete();
  expect(disk.durable.map(({ sequence }) => sequence)).toEqual([1, 2]);
  expect(disk.failures).toEqual([]);
});

test("a write that ran out of space amid it is a failure like any other", async () => {
  const disk = new Disk();
  disk.push({ entries: entries(1, 3) });
  await disk.complete(new StorageError("FULL", "injected"));
  expect(disk.failures).toHaveLength(1);
  expect(disk.persister.stalled).toBe(false);
});
