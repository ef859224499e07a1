/**
 * Applications follow what is committed, while leaders are killed: `MERIDIAN_CHANGES=50000` for a
 * long run.
 */
import { afterAll, beforeAll, expect, test } from "vitest";

import type { ChangesOptions, Meridian, NodeChange, SnapshotEvent } from "@meridian/client";

import { Cluster } from "./support/cluster.ts";
import { printFigure, timed } from "./support/figures.ts";
import { LeaderKiller } from "./support/leader-killer.ts";
import { Scratch } from "./support/scratch.ts";

const writes = Number(process.env["MERIDIAN_CHANGES"] ?? 2_000);
const nodesMax = 10;
const outstandingMax = 50;
const killEveryMs = 2_000;
const top = "/regions/local/followed";
const paths = Array.from({ length: nodesMax }, (_, index) => `${top}/n${index}`);
const testMs = 600_000;

let scratch: Scratch;
let cluster: Cluster;

beforeAll(async () => {
  scratch = new Scratch("changes");
  cluster = await Cluster.start(scratch, 3);
  const client = await cluster.client();
  await client.create(top);
  for (const path of paths) await client.create(path, "0");
});

afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
  await scratch[Symbol.asyncDispose]();
});

test(
  "readers of changes miss nothing and see nothing twice, whatever is killed",
  { timeout: testMs },
  async () => {
    const client = await cluster.client();
    const patient = new Book();
    const forgetful = new Book();
    const slow = new Book();
    const options = { prefix: top, windowBytes: 64 << 10 };
    await using late = client.changes(options);
    await late.ready;
    const reading = [
      follow(client, patient, { ...options, from: "start" }, Infinity),
      follow(client, forgetful, { ...options, from: "start" }, 37),
    ];
    await using killer = new LeaderKiller(cluster, killEveryMs);
    const { elapsedMs } = await timed(() => writeAll(client));
    await killer.stop();
    await client.set(`${top}/n0`, "end");
    await Promise.all(reading);
    for await (const event of late) {
      if (event.kind === "snapshot") slow.forget(event);
      if (event.kind === "snapshot-part") event.nodes.forEach((node) => slow.note(node));
      if (event.kind === "transaction") event.changes.forEach((change) => slow.note(change));
      if (slow.hasEnded) break;
    }
    printFigure(
      `${writes} changes in ${Math.round(elapsedMs / 1000)} s, ${killer.kills} leaders killed`,
      `${forgetful.begun} streams one after the other`,
    );
    expect(killer.kills).toBeGreaterThan(0);
    expect(forgetful.begun).toBeGreaterThan(writes / 40);
    for (const book of [patient, forgetful]) {
      const { wrong, snapshots } = book;
      expect({ wrong, snapshots, versions: book.versions() }).toEqual({
        wrong: [],
        snapshots: ["start"],
        versions: await finalVersions(client),
      });
    }
    // Who did not read was left behind, and told so; what it knows in the end is right anyway.
    expect(slow.versions()).toEqual(await finalVersions(client));
  },
);

/** What a reader has seen of each node: the versions have to come one by one. */
class Book {
  readonly wrong: string[] = [];
  readonly snapshots: string[] = [];
  begun = 0;
  hasEnded = false;
  #versions = new Map<string, number>();

  /** A snapshot begins. */
  forget({ reason }: SnapshotEvent): void {
    this.#versions = new Map();
    this.snapshots.push(reason);
  }

  note({ path, stat, text }: NodeChange): void {
    const version = stat?.version ?? -1;
    const known = this.#versions.get(path);
    if (known !== undefined && version !== known + 1) {
      this.wrong.push(`${path}: version ${version} after ${known}`);
    }
    this.#versions.set(path, version);
    if (text === "end") this.hasEnded = true;
  }

  versions(): readonly (readonly [string, number])[] {
    return [...this.#versions].filter(([path]) => path !== top).sort(byPath);
  }
}

/** Reads until the end; after so many transactions a new stream goes on from the token. */
async function follow(
  client: Meridian,
  book: Book,
  options: ChangesOptions,
  eachMax: number,
): Promise<void> {
  let from = options.from ?? "start";
  while (!book.hasEnded) {
    book.begun += 1;
    await using changes = client.changes({ ...options, from });
    let left = eachMax;
    for await (const event of changes) {
      if (event.kind === "snapshot") book.forget(event);
      if (event.kind === "snapshot-part") event.nodes.forEach((node) => book.note(node));
      if (event.kind === "transaction") {
        event.changes.forEach((change) => book.note(change));
        left -= 1;
      }
      if (event.kind !== "snapshot" && event.kind !== "snapshot-part") from = event.token;
      if (left === 0 || book.hasEnded) break;
    }
  }
}

/** Sets the nodes in turn, with as many writes on their way as allowed. */
async function writeAll(client: Meridian): Promise<void> {
  let next = 0;
  const writer = async (): Promise<void> => {
    while (next < writes) {
      const number = next;
      next += 1;
      await client.set(paths[number % nodesMax] ?? "", `${number}`, { deadlineMs: 60_000 });
    }
  };
  await Promise.all(Array.from({ length: outstandingMax }, writer));
}

async function finalVersions(client: Meridian): Promise<readonly (readonly [string, number])[]> {
  const strict = { consistency: "strict" } as const;
  const read = async (path: string): Promise<readonly [string, number]> => {
    return [path, (await client.get(path, strict)).stat.version];
  };
  return (await Promise.all(paths.map(read))).sort(byPath);
}

function byPath([a]: readonly [string, number], [b]: readonly [string, number]): number {
  return a < b ? -1 : 1;
}
