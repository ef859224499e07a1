import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { request } from "node:http";
import type { Socket } from "node:net";

/** Longest wait for an answer: collecting a large heap takes seconds on a busy machine. */
const answerMsMax = 60_000;
const lengthBits = 0x7f;
const shortMax = 126;
const maskBit = 0x80;
const textFrame = 0x81;

/**
 * Bytes that a process of Node.js holds after a collection of its whole heap: objects, and what
 * they keep outside of it. `inspector` is the address (ws://…) that it prints when SIGUSR1 opens
 * it.
 */
export async function liveBytesOf(inspector: string): Promise<number> {
  const socket = await openInspector(inspector);
  try {
    await ask(socket, 1, "HeapProfiler.collectGarbage", {});
    const expression = "(({ heapUsed, external }) => heapUsed + external)(process.memoryUsage())";
    const answer = await ask(socket, 2, "Runtime.evaluate", { expression, returnByValue: true });
    const value: unknown = (answer as Evaluation).result?.result?.value;
    if (typeof value === "number") return value;
    throw new Error(`no size of a heap: ${JSON.stringify(answer)}`);
  } finally {
    socket.destroy();
  }
}

/** The address of the inspector out of what a process printed; undefined before it did. */
export function inspectorIn(output: string): string | undefined {
  return [...output.matchAll(/Debugger listening on (ws:\/\/\S+)/g)].at(-1)?.[1];
}

interface Evaluation {
  readonly result?: { readonly result?: { readonly value?: unknown } };
}

/** A WebSocket (RFC 6455), of which no more is needed than texts of one frame each. */
async function openInspector(address: string): Promise<Socket> {
  const headers = {
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": randomBytes(16).toString("base64"),
  };
  const opening = request(address.replace(/^ws:/, "http:"), { headers }).end();
  const [, socket] = (await once(opening, "upgrade")) as [unknown, Socket];
  return socket;
}

/** One call of the inspector's protocol; notifications before its answer are passed over. */
async function ask(socket: Socket, id: number, method: string, params: object): Promise<unknown> {
  socket.write(maskedFrame(JSON.stringify({ id, method, params })));
  let received = Buffer.alloc(0);
  const signal = AbortSignal.timeout(answerMsMax);
  for (;;) {
    for (let text = frameIn(received); text !== undefined; text = frameIn(received)) {
      received = received.subarray(text.end);
      const message = JSON.parse(text.payload.toString()) as { readonly id?: number };
      if (message.id === id) return message;
    }
    const [chunk] = (await once(socket, "data", { signal })) as [Buffer];
    received = Buffer.concat([received, chunk]);
  }
}

/** Clients have to mask what they send. */
function maskedFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  if (payload.length >= 2 ** 16) throw new RangeError("a question to the inspector is short");
  const isShort = payload.length < shortMax;
  const head = Buffer.alloc(isShort ? 2 : 4);
  head[0] = textFrame;
  head[1] = maskBit | (isShort ? payload.length : shortMax);
  if (!isShort) head.writeUInt16BE(payload.length, 2);
  const mask = randomBytes(4);
  const masked = payload.map((byte, at) => byte ^ (mask[at % 4] ?? 0));
  return Buffer.concat([head, mask, masked]);
}

/** The first frame, once all of it is there; servers do not mask. */
function frameIn(bytes: Buffer): { readonly payload: Buffer; readonly end: number } | undefined {
  const short = (bytes[1] ?? 0) & lengthBits;
  const begin = short < shortMax ? 2 : short === shortMax ? 4 : 10;
  if (bytes.length < begin) return undefined;
  const length =
    short < shortMax
      ? short
      : short === shortMax
        ? bytes.readUInt16BE(2)
        : Number(bytes.readBigUInt64BE(2));
  const end = begin + length;
  return bytes.length < end ? undefined : { payload: bytes.subarray(begin, end), end };
}
