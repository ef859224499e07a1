import { afterEach, describe, expect, test } from "vitest";
import type { PeerHandler, PeerIdentity, PeerMember } from "../src/index.ts";
import { heartbeat, networks } from "./networks.ts";

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

/** A member, and a promise for the first frame that it hears. */
function member(): { readonly peer: PeerMember; readonly heard: Promise<void> } {
  let hear: () => void = () => {};
  const heard = new Promise<void>((resolve) => {
    hear = resolve;
  });
  const handler: PeerHandler = {
    onFrame: () => hear(),
    onPeerDown: () => undefined,
    onSnapshot: () => Promise.resolve({ installed: false, reason: "deaf" }),
  };
  return { heard, peer: { identity: a, handler } };
}

describe.each(networks)("a peer over $name", (network) => {
  test("is gone once its connection broke and nobody takes another, and not before", async () => {
    const { peer, heard } = member();
    const server = await network.serve({ peers: new Map([["c", peer]]) });
    const told: boolean[] = [];
    const gone = new Promise<void>((resolve) => {
      const onPeerDown = (_peer: string, isGone: boolean): void => {
        told.push(isGone);
        if (isGone) resolve();
      };
      const { address } = server;
      const peers = track(network.peers({ identity: b, resolve: () => address, onPeerDown }));
      peers.send("a", heartbeat(1));
    });
    await heard;
    await server.close();
    // Nobody sends anything any more: it is found out all the same.
    await gone;
    expect(told).toEqual([false, true]);
  });

  test("is not gone if there never was a connection", async () => {
    const server = await network.serve({});
    await server.close();
    const told: boolean[] = [];
    await new Promise<void>((resolve) => {
      const onPeerDown = (_peer: string, isGone: boolean): void => {
        told.push(isGone);
        if (told.length === 3) resolve();
        else setImmediate(() => peers.send("a", heartbeat(1)));
      };
      const { address } = server;
      const peers = track(network.peers({ identity: b, resolve: () => address, onPeerDown }));
      peers.send("a", heartbeat(1));
    });
    expect(told).toEqual([false, false, false]);
  });
});
