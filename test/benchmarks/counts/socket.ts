import {
  createPeerTransport,
  type FrameStream,
  openChannel,
  type PeerFrame,
  serve,
} from "@meridian/transport";
import type { Encodable, IClientFrame } from "@meridian/wire";
import type { Work } from "./cases.ts";

/** Frames that go to and fro over a real connection, one at a time: nothing depends on when. */
export async function overSocket(): Promise<Work> {
  const server = await serve({
    listen: "127.0.0.1:0",
    coordination: {
      session: (stream) => ({
        onFrame: ({ requests }) => {
          stream.send({
            responses: requests.map(({ id, set }) => ({ id, node: { data: set?.data } })),
          });
        },
        onClose: () => undefined,
      }),
      execute: () => ({ response: {}, servedBy: {} }),
      watch: () => ({ onClose: () => undefined }),
    },
  });
  let answered: () => void = () => undefined;
  const stream: FrameStream<Encodable<IClientFrame>> = openChannel(server.address).session({
    onFrame: () => answered(),
    onClose: () => undefined,
  });
  const send = (id: number): void =>
    stream.send({ requests: [{ id, set: { path: "/a", data, version: -1 } }] });
  const run = (count: number): Promise<void> =>
    oneByOne(count, send, (next) => {
      answered = next;
    });
  return { ground, run };
}

/** Frames from one member to another, each sent when the one before has arrived. */
export async function overPeerSocket(): Promise<Work> {
  let arrived: () => void = () => undefined;
  const identity = { cluster: "c", incarnation: 1 };
  const handler = {
    onFrame: () => arrived(),
    onPeerDown: () => undefined,
    onSnapshot: () => Promise.resolve({ installed: false, reason: "" }),
  };
  const member = { identity: { ...identity, node: "to" }, handler };
  const server = await serve({ listen: "127.0.0.1:0", peers: new Map([["c", member]]) });
  const peers = createPeerTransport({
    identity: { ...identity, node: "from" },
    resolve: () => server.address,
    onPeerDown: () => {
      throw new Error("the connection was lost");
    },
  });
  const send = (index: number): void => peers.send("to", frameOf(index));
  const run = (count: number): Promise<void> =>
    oneByOne(count, send, (next) => {
      arrived = next;
    });
  return { ground, run };
}

const data: Uint8Array = Buffer.alloc(256, 1);

/** Nothing is counted outside of the process. */
const ground: Work["ground"] = { tally: () => ({}) };

function frameOf(index: number): PeerFrame {
  const entry = { index, term: 1, kind: "command", data } as const;
  const place = { from: "from", to: "to", term: 1, index: index - 1, logTerm: 1, commit: 0 };
  return {
    messages: [{ type: "append", ...place, entries: [entry] }],
    forwards: [],
    forwardAnswers: [],
    liveness: undefined,
    livenessAnswer: undefined,
  };
}

/** Sends so many, each after `listen` was told that the one before is done. */
function oneByOne(
  count: number,
  send: (place: number) => void,
  listen: (done: () => void) => void,
): Promise<void> {
  return new Promise((resolve) => {
    let left = count;
    const next = (): void => {
      if (left === 0) return resolve();
      left -= 1;
      send(left + 1);
    };
    listen(next);
    next();
  });
}
