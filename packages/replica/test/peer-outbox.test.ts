import type { Entry, Message } from "@meridian/consensus";
import type { PeerFrame, PeerTransport } from "@meridian/transport";
import { expect, test } from "vitest";
import { PeerOutbox } from "../src/peer-outbox.ts";
import { Relays } from "../src/relays.ts";

const envelope = { from: "a", to: "b", term: 1 } as const;
const append = { ...envelope, type: "append", index: 3, logTerm: 1, commit: 3 } as const;
const entry: Entry = { index: 4, term: 1, kind: "command", data: new Uint8Array(1) };

/** An outbox that has collected something, and what it sends. */
function collected(
  collect: (outbox: PeerOutbox) => void,
): readonly [outbox: PeerOutbox, flush: () => readonly PeerFrame[]] {
  const outbox = new PeerOutbox(new Relays({ node: "a", regionOf: () => "here", lagTicks: 3 }));
  collect(outbox);
  const flush = (): readonly PeerFrame[] => {
    const sent: PeerFrame[] = [];
    const peers = { send: (_: string, frame: PeerFrame) => sent.push(frame) };
    outbox.flush(peers as unknown as PeerTransport);
    return sent;
  };
  return [outbox, flush];
}

test("what is committed is told to followers when all that presses is done", () => {
  const told: Message = { ...append, entries: [], quiet: true };
  const [outbox, flush] = collected((one) => one.message(told));
  expect(outbox.isPressing).toBe(false);
  expect(flush()).toMatchObject([{ messages: [told] }]);
});

test("entries, acknowledgements and forwards press until they are sent", () => {
  const answer = { type: "append-answer", index: 3, reject: false, hint: 0, logTerm: 0 } as const;
  const collects: readonly ((outbox: PeerOutbox) => void)[] = [
    (outbox) => outbox.message({ ...append, entries: [entry] }),
    (outbox) => outbox.message({ ...append, entries: [] }),
    (outbox) => outbox.message({ ...envelope, ...answer }),
    (outbox) => outbox.forward("b", { epoch: 1, number: 1, commands: [] }),
  ];
  for (const collect of collects) {
    const [outbox, flush] = collected(collect);
    expect(outbox.isPressing).toBe(true);
    expect(flush()).toHaveLength(1);
    expect(outbox.isPressing).toBe(false);
  }
});
