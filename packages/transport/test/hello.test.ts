import { afterEach, describe, expect, test } from "vitest";
import type { PeerFrame, PeerIdentity, PeerMember } from "../src/index.ts";
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
const frame: PeerFrame = {
  messages: [],
  forwards: [],
  forwardAnswers: [],
  liveness: { sessions: [], sentAtMs: 1, applied: 1 },
  livenessAnswer: undefined,
};

describe.each(networks)("whoever connects over $name", (network) => {
  test("says where it is reached, if it knows, and what it understands", async () => {
    const told: string[] = [];
    const heard = new Set<string>();
    const peer: PeerMember = {
      identity: a,
      handler: {
        onFrame: (from) => void heard.add(from),
        onPeerDown: () => undefined,
        onSnapshot: () => Promise.resolve({ installed: false, reason: "deaf" }),
      },
      onHello: (from, address, { handsOn, unpacks }) => {
        told.push(`${from} ${address} ${handsOn} ${unpacks}`);
      },
    };
    const { address } = track(await network.serve({ peers: new Map([["c", peer]]) }));
    const resolve = (): string => address;
    for (const identity of [
      { ...a, node: "b", address: "b:7400" },
      { ...a, node: "d" },
    ]) {
      const peers = track(network.peers({ identity, resolve }));
      await expect
        .poll(() => {
          peers.send("a", frame);
          return heard.has(identity.node);
        })
        .toBe(true);
    }
    expect(told).toEqual(["b b:7400 true true", "d  true true"]);
  });
});
