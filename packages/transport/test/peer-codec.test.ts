import type { Configuration, Entry, Message } from "@meridian/consensus";
import { deflateSync } from "node:zlib";
import { PackedEntries, PeerFrame as Codec, RaftMessageType } from "@meridian/wire";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EntryPacker } from "../src/entry-packer.ts";
import { encodeEntries, peerFrameFromWire, peerFrameToWire } from "../src/peer-codec.ts";
import { peerFrameBytes, splitPeerFrame } from "../src/peer-frame-size.ts";
import type { PeerFrame } from "../src/index.ts";

const nothing = {
  forwards: [],
  forwardAnswers: [],
  liveness: undefined,
  livenessAnswer: undefined,
};

const id = fc.string({ minLength: 1, maxLength: 8 });
const index = fc.maxSafeNat();
const term = fc.nat(1e9);
const sentMs = fc.integer({ min: 1, max: 1e12 });
const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const group = fc.record({ name: id, voters: fc.array(id), weight: fc.nat(10) });

const configuration: fc.Arbitrary<Configuration> = fc.record(
  {
    groups: fc.array(group, { maxLength: 3 }),
    learners: fc.array(id),
    witnesses: fc.array(id),
    outgoingGroups: fc.array(group, { maxLength: 3 }),
    autoLeave: fc.boolean(),
    heldBy: id,
    incarnation: fc.integer({ min: 1, max: 1e9 }),
    notes: fc.dictionary(id, fc.string(), { minKeys: 1, maxKeys: 4, noNullPrototype: true }),
  },
  { requiredKeys: ["groups", "learners", "witnesses", "outgoingGroups", "autoLeave"] },
);

/** Without the index, which follows from that of the message. */
const entry: fc.Arbitrary<Omit<Entry, "index">> = fc.record({
  term,
  kind: fc.constantFrom("command", "empty", "configuration"),
  data: bytes,
});

type Body = Message extends infer One ? Omit<One & Message, "from" | "to" | "term"> : never;

const body = fc.oneof<fc.Arbitrary<unknown>[]>(
  fc
    .record({
      index,
      logTerm: term,
      entries: fc.array(entry, { maxLength: 4 }),
      commit: index,
      handTo: fc.array(id, { maxLength: 4 }),
      quiet: fc.boolean(),
    })
    .map(({ index: before, entries, handTo, quiet, ...rest }) => {
      const first = Math.min(before, Number.MAX_SAFE_INTEGER - 5);
      const numbered = entries.map((one, at) => ({ ...one, index: first + 1 + at }));
      const handed = handTo.length === 0 ? {} : { handTo };
      const told = quiet ? { quiet } : {};
      return { type: "append", index: first, entries: numbered, ...rest, ...handed, ...told };
    }),
  record("append-answer", { index, reject: fc.boolean(), hint: index, logTerm: term }),
  record("heartbeat", { commit: index, context: index }),
  record("heartbeat", { commit: index, context: index, sentMs }),
  record("heartbeat-answer", { context: index }),
  record("heartbeat-answer", { context: index, sentMs }),
  record("pre-vote", { index, logTerm: term, transfer: fc.boolean() }),
  record("vote", { index, logTerm: term, transfer: fc.boolean() }),
  record("pre-vote-answer", { reject: fc.boolean() }),
  record("vote-answer", { reject: fc.boolean() }),
  record("read-index", { context: index }),
  record("read-index-answer", { context: index, index, reject: fc.boolean() }),
  record("timeout-now", {}),
  record("recover", { nonce: index }),
  record("recover-answer", { nonce: index, index }),
  record("snapshot", { mark: fc.record({ index, term, configuration }) }),
) as fc.Arbitrary<Body>;

const message = fc
  .tuple(fc.record({ from: id, to: id, term }), body)
  .map(([envelope, rest]) => ({ ...envelope, ...rest }) as Message);

const age = fc.record({ origin: id, incarnation: index, index, ageMs: index, covers: index });

const frame: fc.Arbitrary<PeerFrame> = fc.record({
  messages: fc.array(message, { maxLength: 5 }),
  forwards: fc.array(fc.record({ epoch: index, number: index, commands: fc.array(bytes) }), {
    maxLength: 3,
  }),
  forwardAnswers: fc.array(
    fc.record({ epoch: index, number: index, accepted: fc.boolean(), overloaded: fc.boolean() }),
  ),
  liveness: fc.option(fc.record({ sessions: fc.array(index), sentAtMs: index, applied: index }), {
    nil: undefined,
  }),
  livenessAnswer: fc.option(
    fc.record({
      sentAtMs: index,
      ages: fc.array(age),
      partitionState: fc.nat(3),
      safeIndex: index,
    }),
    { nil: undefined },
  ),
});

describe("a frame of a peer", () => {
  test("comes out of the wire as it went in", () => {
    fc.assert(
      fc.property(frame, (sent) => {
        const encoded = Codec.encode(peerFrameToWire(sent));
        expect(peerFrameFromWire(Codec.decode(encoded))).toEqual(sent);
      }),
      { numRuns: 500 },
    );
  });

  test("is never longer than it is taken to be", () => {
    fc.assert(
      fc.property(frame, (sent) => {
        const encoded = Codec.encode(peerFrameToWire(sent));
        expect(encoded.byteLength).toBeLessThanOrEqual(peerFrameBytes(sent));
      }),
      { numRuns: 500 },
    );
  });

  test("is split without losing or reordering anything", () => {
    fc.assert(
      fc.property(frame, fc.integer({ min: 600, max: 4000 }), (sent, bytesMax) => {
        const parts = splitPeerFrame(sent, bytesMax);
        expect(parts.flatMap(({ messages }) => messages)).toEqual(sent.messages);
        expect(parts.flatMap(({ forwards }) => forwards)).toEqual(sent.forwards);
        expect(parts.flatMap(({ forwardAnswers }) => forwardAnswers)).toEqual(sent.forwardAnswers);
        expect(parts.at(-1)?.liveness).toEqual(sent.liveness);
        for (const part of parts) {
          const single = part.messages.length + part.forwards.length <= 1;
          expect(single || peerFrameBytes(part) <= bytesMax + 512).toBe(true);
        }
      }),
    );
  });

  test("loses messages of newer versions, and refuses entries of newer versions", () => {
    const newer = Codec.encode({ messages: [{ type: 77 }, { type: RaftMessageType.TIMEOUT_NOW }] });
    const { messages } = peerFrameFromWire(Codec.decode(newer));
    expect(messages.map(({ type }) => type)).toEqual(["timeout-now"]);
    const entries = [{ term: 1, kind: 77, data: Buffer.alloc(0) }];
    const append = Codec.encode({ messages: [{ type: RaftMessageType.APPEND, entries }] });
    expect(() => peerFrameFromWire(Codec.decode(append))).toThrow(/UNSUPPORTED/u);
  });
});

describe("a frame to another region", () => {
  test("comes out as it went in when its entries are packed, which is done once", () => {
    const entries = Array.from({ length: 50 }, (_, at): Entry => {
      return { index: 8 + at, term: 3, kind: "command", data: Buffer.from("set /orders/1 open ") };
    });
    const envelope = { from: "a", term: 3, index: 7, logTerm: 3, entries, commit: 7 };
    const sent = ["b", "c"].map((to): PeerFrame => {
      const messages = [{ ...envelope, to, type: "append" } as const];
      return { ...nothing, messages };
    });
    let encoded = 0;
    const packer = new EntryPacker({ nowMs: () => 0, after: () => () => undefined }, (items) => {
      encoded += 1;
      return encodeEntries(items);
    });
    for (const one of sent) {
      const far = Codec.encode(peerFrameToWire({ ...one, isFar: true }, packer));
      const near = Codec.encode(peerFrameToWire(one, packer));
      expect(far.byteLength).toBeLessThan(near.byteLength / 4);
      expect(peerFrameFromWire(Codec.decode(far))).toEqual(one);
      expect(peerFrameFromWire(Codec.decode(near))).toEqual(one);
    }
    expect(encoded).toBe(1);
  });

  test("is refused when what is packed in it is too much altogether", () => {
    const large = PackedEntries.encode({ entries: [{ term: 1, data: Buffer.alloc(3 << 20) }] });
    const packedEntries = deflateSync(large);
    const append = { type: RaftMessageType.APPEND, packedEntries };
    const bomb = Codec.decode(Codec.encode({ messages: [append] }));
    expect(peerFrameFromWire(bomb).messages).toHaveLength(1);
    const bombs = Codec.decode(Codec.encode({ messages: [append, append] }));
    expect(() => peerFrameFromWire(bombs)).toThrow(/TOO_LARGE/u);
    const cut = { ...append, packedEntries: packedEntries.subarray(0, -1) };
    const cutShort = Codec.decode(Codec.encode({ messages: [cut] }));
    expect(() => peerFrameFromWire(cutShort)).toThrow(/CORRUPT/u);
  });
});

function record(type: Message["type"], fields: Record<string, fc.Arbitrary<unknown>>) {
  return fc.record({ type: fc.constant(type), ...fields });
}
