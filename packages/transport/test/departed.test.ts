import { afterEach, describe, expect, test } from "vitest";
import type { PeerFrame, PeerHandler, PeerIdentity, PeerMember } from "../src/index.ts";
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
const nothing: PeerFrame = {
  messages: [{ type: "heartbeat", from: "b", to: "a", term: 1, commit: 1, context: 0 }],
  forwards: [],
  forwardAnswers: [],
  liveness: undefined,
  livenessAnswer: undefined,
};

/** A member that says of some that they were removed, and notes whom it hears. */
function member(left: readonly string[]): { readonly peer: PeerMember; readonly heard: string[] } {
  const heard: string[] = [];
  const handler: PeerHandler = {
    onFrame: (from) => void heard.push(from),
    onPeerDown: () => undefined,
    onSnapshot: () => Promise.resolve({ installed: false, reason: "deaf" }),
  };
  return { heard, peer: { identity: a, handler, hasLeft: (node) => left.includes(node) } };
}

describe.each(networks)("a node that was removed, over $name,", (network) => {
  test("is told on the stream that it has, once it has said its last words", async () => {
    const left: string[] = [];
    const { peer, heard } = member(left);
    const { address } = track(await network.serve({ peers: new Map([["c", peer]]) }));
    let isDismissed = false;
    const identity = { ...a, node: "b" };
    const onDismissed = (): void => void (isDismissed = true);
    const peers = track(network.peers({ identity, resolve: () => address, onDismissed }));
    const talk = (until: () => boolean): Promise<void> =>
      expect
        .poll(() => {
          peers.send("a", nothing);
          return until();
        })
        .toBe(true);
    await talk(() => heard.length > 0);
    left.push("b");
    const before = heard.length;
    await talk(() => isDismissed);
    // A leader that leaves hands over with what it still says.
    expect(heard.length).toBeGreaterThan(before);
  });

  test("is not heard, and is told why; others are heard", async () => {
    const { peer, heard } = member(["b"]);
    const { address } = track(await network.serve({ peers: new Map([["c", peer]]) }));
    const resolve = (): string => address;
    const dismissed = new Promise<string>((onDismissed) => {
      const identity = { ...a, node: "b" };
      track(network.peers({ identity, resolve, onDismissed })).send("a", nothing);
    });
    expect(await dismissed).toBe("a");
    const down: string[] = [];
    const identity = { ...a, node: "d" };
    const others = { onDismissed: (by: string) => void down.push(by) };
    const peers = track(network.peers({ identity, resolve, ...others }));
    await expect
      .poll(() => {
        peers.send("a", nothing);
        return heard.length;
      })
      .toBeGreaterThan(0);
    expect(new Set(heard)).toEqual(new Set(["d"]));
    expect(down).toEqual([]);
  });
});
