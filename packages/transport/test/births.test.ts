/** Peers say under which birth they know each other: one that was wiped learns it from them. */
import { afterEach, describe, expect, test } from "vitest";
import type { OutgoingSnapshot, PeerFrame, PeerIdentity, PeerMember } from "../src/index.ts";
import { codeOf, networks, rejection, type TestNetwork } from "./networks.ts";

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
const configuration = {
  groups: [],
  learners: [],
  witnesses: [],
  outgoingGroups: [],
  autoLeave: false,
};

async function* oneBatch(): AsyncGenerator<readonly Uint8Array[]> {
  yield [];
}

function snapshot(): OutgoingSnapshot {
  return {
    mark: { index: 1, term: 1, configuration },
    leaderTerm: 1,
    records: oneBatch(),
  };
}

/** A member of the second birth, what it hears, and a peer that knows it under some birth. */
async function acquainted(network: TestNetwork, birth: string | undefined) {
  const heard: string[] = [];
  const member: PeerMember = {
    identity: a,
    birth: "second",
    handler: {
      onFrame: () => void heard.push("frame"),
      onPeerDown: () => undefined,
      onSnapshot: async () => {
        heard.push("snapshot");
        return { installed: false, reason: "deaf" };
      },
    },
    meet: () => {
      heard.push("meeting");
      return {};
    },
    onOtherBirth: (from) => void heard.push(`another is known to ${from}`),
  };
  const { address } = track(await network.serve({ peers: new Map([["c", member]]) }));
  const birthOf = (to: string): string | undefined => (to === "a" ? birth : undefined);
  const identity = { ...a, node: "b" };
  const peers = track(network.peers({ identity, resolve: () => address, birthOf }));
  return { heard, peers };
}

describe.each(networks)("over $name", (network) => {
  test.each(["second", undefined])("a peer that knows it as %s is heard", async (birth) => {
    const { heard, peers } = await acquainted(network, birth);
    await peers.meet("a", "own");
    await peers.sendSnapshot("a", snapshot());
    expect(heard.splice(0)).toEqual(["meeting", "snapshot"]);
    await expect
      .poll(() => {
        peers.send("a", frame);
        return new Set(heard);
      })
      .toEqual(new Set(["frame"]));
  });

  test("one that knows another under its name is refused, whatever it says", async () => {
    const { heard, peers } = await acquainted(network, "first");
    const another = "another is known to b";
    expect(codeOf(await rejection(peers.meet("a", "own")))).toBe("PERMISSION_DENIED");
    await peers.sendSnapshot("a", snapshot());
    expect(heard.splice(0)).toEqual([another, another]);
    await expect
      .poll(() => {
        peers.send("a", frame);
        return heard.length;
      })
      .toBeGreaterThan(3);
    expect(new Set(heard)).toEqual(new Set([another]));
  });
});
