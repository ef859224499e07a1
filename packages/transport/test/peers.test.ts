import type { Configuration } from "@meridian/consensus";
import { PeerService, SnapshotChunk } from "@meridian/wire";
import grpc from "@grpc/grpc-js";
import { afterEach, describe, expect, test } from "vitest";
import type { OutgoingSnapshot, PeerFrame, PeerIdentity, PeerMember } from "../src/index.ts";
import { grpcNetwork, heartbeat, networks } from "./networks.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

function track<T extends { close(): unknown }>(item: T): T {
  closing.push(() => item.close());
  return item;
}

const cluster = { cluster: "c", incarnation: 1 };
const a: PeerIdentity = { ...cluster, node: "a" };
const b: PeerIdentity = { ...cluster, node: "b" };

const configuration: Configuration = {
  groups: [{ name: "all", voters: ["a", "b", "c"], weight: 1 }],
  learners: ["d"],
  witnesses: [],
  outgoingGroups: [],
  autoLeave: false,
};

describe.each(networks)("peers over $name", (network) => {
  test("hear frames in their order, also those sent before they were connected", async () => {
    const member = new Member(a);
    const { address } = track(await network.serve({ peers: member.map }));
    const peers = track(network.peers({ identity: b, resolve: () => address }));
    for (let commit = 1; commit <= 20; commit += 1) peers.send("a", heartbeat(commit));
    expect(await member.heard(20)).toEqual(Array.from({ length: 20 }, (_, at) => at + 1));
    expect(member.from).toEqual(new Set(["b"]));
  });

  test.each<[string, PeerIdentity, RegExp]>([
    ["another cluster", { ...b, cluster: "x" }, /no member of cluster "x"/u],
    ["another incarnation", { ...b, incarnation: 2 }, /incarnation 2/u],
    ["its own name", a, /no other node/u],
  ])("refuse a stranger: %s", async (_, identity, reason) => {
    const member = new Member(a);
    const { address } = track(await network.serve({ peers: member.map }));
    const failure = new Promise<Error>((resolve) => {
      const onFailure = (_peer: string, error: Error): void => resolve(error);
      track(network.peers({ identity, resolve: () => address, onFailure })).send("a", heartbeat(1));
    });
    expect((await failure).message).toMatch(reason);
    expect(member.strangers.length).toBeGreaterThan(0);
    expect(member.commits).toEqual([]);
  });

  test("refuse who means another node, as after an address was reused", async () => {
    const member = new Member(a);
    const { address } = track(await network.serve({ peers: member.map }));
    const down = new Promise<string>((onPeerDown) => {
      track(network.peers({ identity: b, resolve: () => address, onPeerDown })).send(
        "z",
        heartbeat(1),
      );
    });
    expect(await down).toBe("z");
    expect(member.strangers[0]).toMatch(/node "z" is meant, this is "a"/u);
  });

  test("tell of losses, and connect again after a restart", async () => {
    const first = new Member(a);
    const server = await network.serve({ peers: first.map });
    let downs = 0;
    const onPeerDown = (): void => void (downs += 1);
    const peers = track(network.peers({ identity: b, resolve: () => server.address, onPeerDown }));
    peers.send("a", heartbeat(1));
    await first.heard(1);
    await server.close();
    const second = new Member(a);
    track(await network.serve({ peers: second.map }, server.address));
    const timer = setInterval(() => peers.send("a", heartbeat(2)), 2);
    await second.heard(1);
    clearInterval(timer);
    expect(downs).toBeGreaterThan(0);
    expect(second.commits[0]).toBe(2);
  });

  test("are reported down when they cannot be reached", async () => {
    const server = await network.serve({});
    await server.close();
    for (const resolve of [() => server.address, () => undefined]) {
      const down = new Promise<string>((onPeerDown) => {
        const peers = track(network.peers({ identity: b, resolve, onPeerDown }));
        peers.send("a", heartbeat(1));
      });
      expect(await down).toBe("a");
    }
  });
});

describe.each(networks)("a snapshot over $name", (network) => {
  const send = async (member: Member, snapshot: OutgoingSnapshot): Promise<boolean> => {
    const { address } = track(await network.serve({ peers: member.map }));
    const peers = track(network.peers({ identity: b, resolve: () => address }));
    return peers.sendSnapshot("a", snapshot);
  };

  test("arrives whole, with its mark", async () => {
    const member = new Member(a);
    const batches = Array.from({ length: 12 }, (_, at) => [Buffer.alloc(200_000, at), EMPTY]);
    batches.push([Buffer.alloc(1_500_000, 99), Buffer.alloc(1_500_000, 100)]);
    expect(await send(member, snapshotOf(batches))).toBe(true);
    const [received] = member.snapshots;
    expect(received?.mark).toEqual({ index: 70, term: 3, configuration });
    expect(received?.leaderTerm).toBe(4);
    const sizes = batches.flat().map(({ byteLength }) => byteLength);
    expect(received?.records.map(({ byteLength }) => byteLength)).toEqual(sizes);
  });

  test("is not accepted when the receiver says so, and its source is let go", async () => {
    const member = new Member(a);
    member.refuses = true;
    let released = false;
    async function* endless(): AsyncGenerator<readonly Uint8Array[], void, undefined> {
      try {
        for (;;) yield [Buffer.alloc(100_000)];
      } finally {
        released = true;
      }
    }
    expect(await send(member, { ...snapshotOf([]), records: endless() })).toBe(false);
    expect(released).toBe(true);
  });

  test("whose source fails ends with an error at the receiver", async () => {
    const member = new Member(a);
    async function* broken(): AsyncGenerator<readonly Uint8Array[], void, undefined> {
      yield [Buffer.from("one")];
      throw new Error("the disk is gone");
    }
    expect(await send(member, { ...snapshotOf([]), records: broken() })).toBe(false);
    expect(await member.snapshotError).toMatchObject({ code: "REGION_UNAVAILABLE" });
  });

  test("to nobody is not accepted", async () => {
    const peers = track(network.peers({ identity: b, resolve: () => undefined }));
    expect(await peers.sendSnapshot("a", snapshotOf([]))).toBe(false);
  });
});

test("a snapshot with a broken digest is refused before its records end", async () => {
  const member = new Member(a);
  const { address } = track(await grpcNetwork.serve({ peers: member.map }));
  const hello = { ...cluster, from: "b", to: "a" };
  const client = track(new grpc.Client(address, grpc.credentials.createInsecure()));
  const asIs = (bytes: Buffer): Buffer => bytes;
  const status = new Promise<grpc.ServiceError | null>((resolve) => {
    const { path } = PeerService.installSnapshot;
    const call = client.makeClientStreamRequest(path, asIs, asIs, resolve);
    call.write(SnapshotChunk.encode({ hello, index: 1, term: 1, records: [Buffer.from("one")] }));
    call.end(SnapshotChunk.encode({ digest: Buffer.alloc(32), last: true }));
  });
  expect(await member.snapshotError).toMatchObject({ code: "CORRUPT" });
  expect((await status)?.code).toBe(grpc.status.DATA_LOSS);
});

test("a peer that connects again is heard on its new connection only", async () => {
  const member = new Member(a);
  const { address } = track(await grpcNetwork.serve({ peers: member.map }));
  const lost = new Promise<Error>((resolve) => {
    const onFailure = (_: string, error: Error): void => resolve(error);
    const old = track(grpcNetwork.peers({ identity: b, resolve: () => address, onFailure }));
    old.send("a", heartbeat(1));
  });
  await member.heard(1);
  track(grpcNetwork.peers({ identity: b, resolve: () => address })).send("a", heartbeat(2));
  expect(await member.heard(2)).toEqual([1, 2]);
  expect((await lost).message).toMatch(/cancelled/iu);
});

const EMPTY = Buffer.alloc(0);

function snapshotOf(batches: readonly (readonly Uint8Array[])[]): OutgoingSnapshot {
  async function* records(): AsyncGenerator<readonly Uint8Array[], void, undefined> {
    yield* batches;
  }
  return { mark: { index: 70, term: 3, configuration }, leaderTerm: 4, records: records() };
}

/** A member that keeps what it hears. */
class Member implements PeerMember {
  readonly identity: PeerIdentity;
  readonly handler: PeerMember["handler"];
  readonly map: ReadonlyMap<string, PeerMember>;
  readonly commits: number[] = [];
  readonly from = new Set<string>();
  readonly strangers: string[] = [];
  readonly snapshots: (Omit<OutgoingSnapshot, "records"> & { records: Uint8Array[] })[] = [];
  readonly snapshotError: Promise<unknown>;
  refuses = false;
  #failed: (error: unknown) => void = () => undefined;
  #wake: () => void = () => undefined;

  constructor(identity: PeerIdentity) {
    this.identity = identity;
    this.map = new Map([[identity.cluster, this]]);
    this.snapshotError = new Promise((resolve) => {
      this.#failed = resolve;
    });
    this.handler = {
      onFrame: (from, frame) => this.#hear(from, frame),
      onPeerDown: () => undefined,
      onSnapshot: (_from, snapshot) => this.#install(snapshot),
    };
  }

  onStranger(reason: string): void {
    this.strangers.push(reason);
  }

  async heard(count: number): Promise<readonly number[]> {
    while (this.commits.length < count) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.commits;
  }

  #hear(from: string, frame: PeerFrame): void {
    this.from.add(from);
    for (const message of frame.messages) {
      if (message.type === "heartbeat") this.commits.push(message.commit);
    }
    this.#wake();
  }

  async #install(snapshot: OutgoingSnapshot): Promise<{ installed: boolean; reason: string }> {
    if (this.refuses) return { installed: false, reason: "not wanted" };
    const records: Uint8Array[] = [];
    try {
      for await (const batch of snapshot.records) records.push(...batch);
    } catch (error) {
      this.#failed(error);
      throw error;
    }
    this.snapshots.push({ ...snapshot, records });
    return { installed: true, reason: "" };
  }
}
