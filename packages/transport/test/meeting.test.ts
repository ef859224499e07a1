import { MeetOutcome } from "@meridian/wire";
import { afterEach, describe, expect, test } from "vitest";
import type { PeerHandler, PeerIdentity, PeerMember } from "../src/index.ts";
import { networks } from "./networks.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

function track<T extends { close(): unknown }>(item: T): T {
  closing.push(() => item.close());
  return item;
}

const a: PeerIdentity = { cluster: "c", incarnation: 1, node: "a" };
const b: PeerIdentity = { ...a, node: "b" };

const deaf: PeerHandler = {
  onFrame: () => undefined,
  onPeerDown: () => undefined,
  onSnapshot: () => Promise.resolve({ installed: false, reason: "deaf" }),
};

describe.each(networks)("an introduction over $name", (network) => {
  test("tells the peer who comes with which birth, and brings its answer back", async () => {
    const met: string[] = [];
    const member: PeerMember = {
      identity: a,
      handler: deaf,
      meet(from, birth) {
        met.push(`${from} ${birth}`);
        return { outcome: MeetOutcome.OTHER_BIRTH };
      },
    };
    const { address } = track(await network.serve({ peers: new Map([["c", member]]) }));
    const peers = track(network.peers({ identity: b, resolve: () => address }));
    expect(await peers.meet("a", "born")).toMatchObject({ outcome: MeetOutcome.OTHER_BIRTH });
    expect(met).toEqual(["b born"]);
  });

  test.each<[string, PeerIdentity, string]>([
    ["another cluster", { ...b, cluster: "x" }, 'no member of cluster "x"'],
    ["another incarnation", { ...b, incarnation: 2 }, "incarnation 2"],
    ["its own name", a, "no other node"],
  ])("of a stranger is refused and counted: %s", async (_, identity, reason) => {
    const strangers: string[] = [];
    const member: PeerMember = {
      identity: a,
      handler: deaf,
      onStranger: (why) => strangers.push(why),
      meet: () => ({ outcome: MeetOutcome.WELCOME }),
    };
    const { address } = track(await network.serve({ peers: new Map([["c", member]]) }));
    const peers = track(network.peers({ identity, resolve: () => address }));
    await expect(peers.meet("a", "born")).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
    expect(strangers).toHaveLength(1);
    expect(strangers[0]).toContain(reason);
  });

  test("fails when nobody is reached", async () => {
    const server = await network.serve({});
    await server.close();
    for (const resolve of [() => server.address, () => undefined]) {
      const peers = track(network.peers({ identity: b, resolve }));
      await expect(peers.meet("a", "born")).rejects.toMatchObject({ code: "REGION_UNAVAILABLE" });
    }
  });
});
