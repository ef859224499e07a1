import type { IServerFrame } from "@meridian/wire";
import { describe, expect, test } from "vitest";
import { MemoryNetwork, type PeerIdentity, type PeerMember } from "../src/index.ts";
import { Recorder, codeOf, echo, heartbeat, rejection } from "./networks.ts";
import { VirtualClock } from "./virtual-clock.ts";

const identity = (node: string): PeerIdentity => ({ cluster: "c", incarnation: 1, node });

interface Heard {
  readonly atMs: number;
  readonly commit: number;
}

/** A network with a member "a" that notes when it hears which heartbeat of "b". */
function setUp(random: () => number = () => 0.5) {
  const clock = new VirtualClock();
  const network = new MemoryNetwork({ clock, random, detectMs: 1000 });
  const heard: Heard[] = [];
  const member: PeerMember = {
    identity: identity("a"),
    handler: {
      onFrame: (_from, { messages: [first] }) => {
        if (first?.type === "heartbeat") heard.push({ atMs: clock.nowMs(), commit: first.commit });
      },
      onPeerDown: () => undefined,
      onSnapshot: async () => ({ installed: true, reason: "" }),
    },
  };
  const services = { coordination: echo, peers: new Map([["c", member]]) };
  const server = network.serve("a:1", services);
  const downs: number[] = [];
  const peers = network.createPeerTransport({
    identity: identity("b"),
    address: "b:1",
    resolve: (node) => `${node}:1`,
    onPeerDown: () => downs.push(clock.nowMs()),
  });
  return { clock, network, server, services, heard, peers, downs };
}

describe("links within a process", () => {
  test("delay what goes through them, each way by itself", () => {
    const { clock, network, peers, heard } = setUp();
    network.setLink("b:1", "a:1", { delayMs: 30 });
    network.setLink("a:1", "b:1", { delayMs: 70 });
    peers.send("a", heartbeat(1));
    clock.advance(200);
    peers.send("a", heartbeat(2));
    clock.advance(200);
    // Connecting takes a round trip; then frames take the way there.
    expect(heard).toEqual([
      { atMs: 130, commit: 1 },
      { atMs: 230, commit: 2 },
    ]);
  });

  test("that become faster let nothing overtake", () => {
    const { clock, network, peers, heard } = setUp();
    peers.send("a", heartbeat(0));
    clock.advance(10);
    network.setLink("b:1", "a:1", { delayMs: 50 });
    peers.send("a", heartbeat(1));
    network.setLink("b:1", "a:1", { delayMs: 1 });
    peers.send("a", heartbeat(2));
    clock.advance(100);
    expect(heard.map(({ commit }) => commit)).toEqual([0, 1, 2]);
  });

  test("that are cut for a short time hold everything up and lose nothing", () => {
    const { clock, network, peers, heard, downs } = setUp();
    peers.send("a", heartbeat(1));
    clock.advance(10);
    network.setLink("b:1", "a:1", { cut: true });
    peers.send("a", heartbeat(2));
    clock.advance(900);
    expect(heard.map(({ commit }) => commit)).toEqual([1]);
    network.setLink("b:1", "a:1", { cut: false });
    clock.advance(10);
    expect(heard.map(({ commit }) => commit)).toEqual([1, 2]);
    expect(downs).toEqual([]);
  });
});

describe("links that stay cut", () => {
  test.each([
    ["there", "b:1", "a:1"],
    ["back", "a:1", "b:1"],
  ])("break what runs through them: the way %s", (_, from, to) => {
    const { clock, network, peers, heard, downs } = setUp();
    peers.send("a", heartbeat(1));
    clock.advance(10);
    network.setLink(from, to, { cut: true });
    clock.advance(1100);
    expect(downs).toHaveLength(1);
    network.setLink(from, to, { cut: false });
    clock.advance(2000);
    peers.send("a", heartbeat(3));
    clock.advance(2000);
    expect(heard.at(-1)?.commit).toBe(3);
  });

  test("count what they did not take as buffered, until the stream is cut", () => {
    const { clock, network } = setUp();
    const client = new Recorder<IServerFrame>();
    const channel = network.openChannel("x:1", "a:1");
    const stream = channel.session(client);
    clock.advance(1);
    network.setLink("x:1", "a:1", { cut: true });
    const data = Buffer.alloc(100_000);
    for (let id = 1; id <= 10; id += 1) stream.send({ requests: [{ id, set: { data } }] });
    expect(stream.bufferedBytes).toBeGreaterThan(700_000);
    stream.close(new Error("too slow"));
    expect(stream.bufferedBytes).toBe(0);
  });
});

describe("calls within a process", () => {
  test("meet their deadline on virtual time", async () => {
    const { clock, network } = setUp();
    network.setLink("a:1", "x:1", { cut: true });
    const call = network
      .openChannel("x:1", "a:1")
      .execute({ get: { path: "/" } }, { deadlineMs: 500 });
    const failed = rejection(call);
    await clock.run(499);
    let over = false;
    void failed.then(() => (over = true));
    await clock.run(0);
    expect(over).toBe(false);
    await clock.run(1);
    expect(codeOf(await failed)).toBe("DEADLINE");
  });

  test("reach the server that took over the address", async () => {
    const { clock, network, server, services } = setUp();
    const channel = network.openChannel("x:1", "a:1");
    server.close();
    const refused = rejection(channel.execute({ create: { path: "/" } }));
    await clock.run(1);
    expect(codeOf(await refused)).toBe("REGION_UNAVAILABLE");
    expect(() => network.serve("a:1", services)).not.toThrow();
    expect(() => network.serve("a:1", services)).toThrow(RangeError);
    const answered = channel.execute({ create: { path: "/" } });
    await clock.run(1);
    expect((await answered).servedBy?.node).toBe("n1");
  });
});

test("the same clock, chance and cuts give the same run", () => {
  const run = (): readonly unknown[] => {
    let seed = 7;
    const random = (): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    const { clock, network, peers, heard, downs } = setUp(random);
    for (let step = 1; step <= 400; step += 1) {
      if (random() < 0.02) network.setLink("b:1", "a:1", { cut: random() < 0.5 });
      if (random() < 0.05) network.setLink("a:1", "b:1", { delayMs: Math.floor(random() * 80) });
      peers.send("a", heartbeat(step));
      clock.advance(Math.floor(random() * 40));
    }
    return [heard, downs];
  };
  const first = run();
  expect(run()).toEqual(first);
  const [heard, downs] = first as [Heard[], number[]];
  expect(heard.length).toBeGreaterThan(50);
  expect(downs.length).toBeGreaterThan(0);
  expect(heard.map(({ commit }) => commit)).toEqual(
    heard.map(({ commit }) => commit).toSorted((left, right) => left - right),
  );
});
