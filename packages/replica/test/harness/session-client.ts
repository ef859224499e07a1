import type { FrameStream } from "@meridian/transport";
import {
  type Encodable,
  type IClientFrame,
  type IRequest,
  type IResponse,
  type IServerFrame,
  type IWatchEvents,
  type IWelcome,
  errorCodeName,
} from "@meridian/wire";
import type { Scene } from "./scene.ts";

/** A request and, once it has come, its answer. */
export interface Pending {
  readonly request: Encodable<IRequest>;
  readonly sequence: number;
  response: IResponse | undefined;
  /** How often an answer came. */
  answers: number;
}

/** A session of a client that does what its test says and nothing of its own accord. */
export class SessionClient {
  readonly address: string;
  readonly sessionId: number;
  /** The last words of the server on the latest stream. */
  farewell: string | undefined;
  /** The latest stream has ended. */
  over = false;
  welcome: IWelcome | undefined;
  readonly events: IWatchEvents[] = [];
  readonly #scene: Scene;
  readonly #timeoutMs: number;
  readonly #secret: Uint8Array;
  readonly #sent: Pending[] = [];
  readonly #open = new Map<number, Pending>();
  #stream: FrameStream<Encodable<IClientFrame>> | undefined;
  #lastId = 0;
  #lastSequence = 0;
  #opened = false;
  #counts = true;
  #attachments = 0;

  /** `sessionId` 0: a stream without a session. */
  constructor(scene: Scene, address: string, sessionId: number, timeoutMs: number = 6_000) {
    this.#scene = scene;
    this.address = address;
    this.sessionId = sessionId;
    this.#timeoutMs = timeoutMs;
    this.#secret = Buffer.alloc(16, sessionId % 251);
    scene.join(address);
  }

  /** Has had so many streams before the first one. */
  startsAt(attachments: number): this {
    this.#attachments = attachments;
    return this;
  }

  /** Has numbered so many writes that it knows nothing of. */
  numbersFrom(sequence: number): this {
    this.#lastSequence = sequence;
    return this;
  }

  /** Says from now on nothing of which of its streams is the latest, as older clients do. */
  neverCounts(): this {
    this.#counts = false;
    return this;
  }

  /** Opens a stream to a node, says hello and sends every unanswered write again, in order. */
  connect(node: string, secret: Uint8Array = this.#secret): void {
    this.#stream?.close();
    this.farewell = undefined;
    this.welcome = undefined;
    this.over = false;
    const stream = this.#scene.network.openChannel(this.address, node).session({
      onFrame: (frame) => {
        if (this.#stream === stream) this.#onFrame(frame);
      },
      onClose: () => {
        if (this.#stream === stream) this.over = true;
      },
    });
    this.#stream = stream;
    this.#open.clear();
    const again = this.#sent.filter(({ response }) => response === undefined);
    const hello = {
      sessionId: this.sessionId,
      secret: this.sessionId === 0 ? new Uint8Array(0) : secret,
      timeoutMs: this.#timeoutMs,
      create: !this.#opened,
      region: "us-west",
      attachment: this.#counts ? (this.#attachments += 1) : 0,
    };
    stream.send({
      hello,
      requests: again.map((pending) => this.#numbered(pending)),
      acknowledged: this.#acknowledged(),
    });
  }

  /** Connects and waits for the welcome. */
  async open(node: string): Promise<void> {
    this.connect(node);
    await this.#scene.until(`${node} welcomes session ${this.sessionId}`, () => this.isOpen);
  }

  get isOpen(): boolean {
    return this.welcome !== undefined && !this.over;
  }

  /** Sends a write under the next number of the session. */
  write(operation: Encodable<IRequest>): Pending {
    this.#lastSequence += 1;
    return this.#send(operation, this.#lastSequence);
  }

  create(path: string, data: string = "", mode: number = 0): Pending {
    return this.write({ create: { path, data: Buffer.from(data), mode } });
  }

  set(path: string, data: string): Pending {
    return this.write({ set: { path, data: Buffer.from(data), version: -1 } });
  }

  /** Sends several writes in one frame. */
  writeAll(operations: readonly Encodable<IRequest>[]): readonly Pending[] {
    const pending = operations.map((operation) => {
      this.#lastSequence += 1;
      return this.#note(operation, this.#lastSequence);
    });
    this.frame(pending.map((one) => this.#numbered(one)));
    return pending;
  }

  /** Sends a read, watch or ping. */
  ask(operation: Encodable<IRequest>): Pending {
    return this.#send(operation, 0);
  }

  get(path: string, consistency: number): Pending {
    return this.ask({ get: { path }, consistency });
  }

  /** Id under which a request was last sent. */
  idOf(wanted: Pending): number {
    for (const [id, pending] of this.#open) if (pending === wanted) return id;
    return 0;
  }

  /** Sends requests as they are. */
  frame(requests: readonly Encodable<IRequest>[], goodbye: boolean = false): void {
    this.#stream?.send({ requests, acknowledged: this.#acknowledged(), goodbye });
  }

  /** Ends the stream, not the session. */
  hangUp(): void {
    this.#stream?.close();
    this.#stream = undefined;
  }

  #send(operation: Encodable<IRequest>, sequence: number): Pending {
    const pending = this.#note(operation, sequence);
    this.frame([this.#numbered(pending)]);
    return pending;
  }

  #note(request: Encodable<IRequest>, sequence: number): Pending {
    const pending: Pending = { request, sequence, response: undefined, answers: 0 };
    if (sequence > 0) this.#sent.push(pending);
    return pending;
  }

  #numbered(pending: Pending): Encodable<IRequest> {
    this.#lastId += 1;
    this.#open.set(this.#lastId, pending);
    return { ...pending.request, id: this.#lastId, sequence: pending.sequence };
  }

  /** Highest number up to which all writes are answered. */
  #acknowledged(): number {
    const open = this.#sent.find(({ response }) => response === undefined);
    return open === undefined ? this.#lastSequence : open.sequence - 1;
  }

  #onFrame(frame: IServerFrame): void {
    if (frame.welcome !== undefined) {
      this.welcome = frame.welcome;
      this.#opened = true;
    }
    for (const response of frame.responses) {
      const pending = this.#open.get(response.id);
      if (pending === undefined) throw new Error(`an answer to nothing: ${response.id}`);
      pending.response = response;
      pending.answers += 1;
      // Events of a watch bear its id for long; answers come once.
      if (pending.request.watch === undefined) this.#open.delete(response.id);
    }
    this.events.push(...frame.events);
    if (frame.farewell !== undefined) this.farewell = errorCodeName(frame.farewell.code);
  }
}

/** Code of an answer; "" when it is no refusal. */
export function codeOf({ response }: Pending): string {
  if (response === undefined) throw new Error("there is no answer yet");
  return response.error === undefined ? "" : errorCodeName(response.error.code);
}

/** Data of an answered get, as text. */
export function textOf({ response }: Pending): string {
  return Buffer.from(response?.node?.data ?? []).toString();
}
