import type { Socket } from "node:net";

/** Puts something on the way; it is called back on arrival. */
export type Send = (bytes: number, deliver: () => void) => void;

/**
 * Bytes of one direction of one connection that may be under way before its sender is made to wait:
 * 56 MB/s where a way takes 75 ms.
 */
const queuedBytesMax = 4 * 1024 * 1024;

/** One direction of a connection: from the socket that reads to the socket that writes. */
class Direction {
  readonly #send: Send;
  readonly #source: Socket;
  #sink: Socket | undefined;
  #underWayBytes = 0;

  constructor(source: Socket, send: Send) {
    this.#source = source;
    this.#send = send;
    source.on("data", (chunk: Buffer) => this.#carry(chunk));
    source.on("end", () => send(0, () => this.#sink?.end()));
    source.on("error", () => send(0, () => this.#sink?.resetAndDestroy()));
  }

  /** Says where it goes. Nothing arrives before. */
  set sink(sink: Socket) {
    this.#sink = sink;
    sink.on("drain", () => this.#goOn());
  }

  #carry(chunk: Buffer): void {
    this.#underWayBytes += chunk.byteLength;
    this.#send(chunk.byteLength, () => {
      this.#underWayBytes -= chunk.byteLength;
      if (this.#sink?.writable === true) this.#sink.write(chunk);
      this.#goOn();
    });
    if (this.#heldBytes() > queuedBytesMax) this.#source.pause();
  }

  /**
   * Reads on once half of the room is free, so that a slow reader does not toggle the reading with
   * every chunk.
   */
  #goOn(): void {
    if (this.#source.isPaused() && this.#heldBytes() <= queuedBytesMax / 2) this.#source.resume();
  }

  #heldBytes(): number {
    return this.#underWayBytes + (this.#sink?.writableLength ?? 0);
  }
}

/**
 * Joins a caller to the node it calls over two lines, `there` and `back`. The node is connected to
 * when the call has arrived; its refusal comes back like everything else. Closing and resetting
 * travel in order behind the data.
 */
export function openCircuit(
  caller: Socket,
  connectNode: () => Socket,
  lines: { readonly there: Send; readonly back: Send },
  onSocket: (socket: Socket) => void,
): void {
  caller.setNoDelay(true);
  onSocket(caller);
  const there = new Direction(caller, lines.there);
  lines.there(0, () => {
    const node = connectNode();
    node.setNoDelay(true);
    onSocket(node);
    there.sink = node;
    const back = new Direction(node, lines.back);
    back.sink = caller;
  });
}
