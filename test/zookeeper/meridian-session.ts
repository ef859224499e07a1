import type { Channel, FrameStream } from "@meridian/transport";
import {
  type Encodable,
  type IClientFrame,
  type IRequest,
  type IResponse,
  type IServerFrame,
  type IWatchEvents,
  errorCodeName,
} from "@meridian/wire";

/** A place in the history of the cluster. */
type Reached = NonNullable<Encodable<IWatchEvents>["positions"]>;

/** A request of whoever has the session. */
export interface Asked {
  readonly request: Encodable<IRequest>;
  /** For watches: what their events are to be called. */
  readonly tag?: number;
  /** Is told the answer in its order among all answers and events of the session. */
  readonly onAnswer?: (response: IResponse) => void;
}

/** A request that is under way. */
interface Open {
  readonly sequence: number;
  readonly settle: (response: IResponse) => void;
  readonly fail: (error: Error) => void;
}

/** A watch that is in force, and how far it has come. */
interface Watching {
  readonly watch: NonNullable<Encodable<IRequest>["watch"]>;
  id: number;
  positions: Reached;
}

/**
 * A session on the bare protocol. It numbers its writes and goes on at another node when it is
 * moved: with the watches resumed from where they were.
 */
export class MeridianSession {
  readonly id: number;
  readonly #onEvents: (tag: number, events: IWatchEvents) => void;
  readonly #secret: Uint8Array;
  readonly #timeoutMs: number;
  readonly #open = new Map<number, Open>();
  /** By the tag of the request that started it. */
  readonly #watches = new Map<number, Watching>();
  readonly #tags = new Map<number, number>();
  #stream: FrameStream<Encodable<IClientFrame>> | undefined;
  #onWelcome: () => void = () => undefined;
  #onEnd: (why: string) => void = () => undefined;
  #lastId = 0;
  #lastSequence = 0;
  #isOpened = false;
  /** Streams that said hello for it: the servers tell the latest by their number. */
  #attachments = 0;

  /** `onEvents` is told what watches report, by their tags. */
  constructor(
    id: number,
    timeoutMs: number,
    onEvents: (tag: number, events: IWatchEvents) => void,
  ) {
    this.id = id;
    this.#timeoutMs = timeoutMs;
    this.#onEvents = onEvents;
    this.#secret = new Uint8Array(16).fill(id % 251);
  }

  /** Begins at a node, or goes on there. Nothing may be under way. */
  async attach(channel: Channel): Promise<void> {
    this.hangUp();
    this.#open.clear();
    this.#tags.clear();
    const stream = channel.session({
      onFrame: (frame) => {
        if (this.#stream === stream) this.#onFrame(frame);
      },
      onClose: (error) => {
        if (this.#stream === stream) this.#onEnd(error?.message ?? "the stream was ended");
      },
    });
    this.#stream = stream;
    this.#attachments += 1;
    const hello = {
      sessionId: this.id,
      secret: this.#secret,
      timeoutMs: this.#timeoutMs,
      create: !this.#isOpened,
      region: "local",
      attachment: this.#attachments,
    };
    await new Promise<void>((resolve, reject) => {
      this.#onWelcome = resolve;
      this.#onEnd = (why) => {
        const error = new Error(`session ${this.id} has lost its stream: ${why}`);
        for (const { fail } of this.#open.values()) fail(error);
        reject(error);
      };
      stream.send({ hello });
    });
    this.#isOpened = true;
    const resumed = [...this.#watches].map(([tag, { watch, positions }]) => {
      return { tag, request: { watch: { ...watch, from: positions } } };
    });
    await Promise.all(this.send(resumed));
  }

  /** Sends requests in one frame. Writes get the next numbers of the session. */
  send(asked: readonly Asked[]): readonly Promise<IResponse>[] {
    const requests: Encodable<IRequest>[] = [];
    const answers = asked.map(({ request, tag = 0, onAnswer }) => {
      this.#lastId += 1;
      const id = this.#lastId;
      const sequence = isWrite(request) ? (this.#lastSequence += 1) : 0;
      requests.push({ ...request, id, sequence });
      if (request.watch !== undefined) this.#note(id, tag, request.watch);
      return new Promise<IResponse>((resolve, fail) => {
        const settle = (response: IResponse): void => {
          if (request.watch !== undefined && response.error !== undefined) {
            this.#watches.delete(tag);
          }
          onAnswer?.(response);
          resolve(response);
        };
        this.#open.set(id, { sequence, settle, fail });
      });
    });
    if (requests.length > 0) {
      this.#stream?.send({ requests, acknowledged: this.#acknowledged() });
    }
    return answers;
  }

  /** Sends one request. */
  async ask(request: Encodable<IRequest>): Promise<IResponse> {
    const [answer] = this.send([{ request }]);
    if (answer === undefined) throw new Error("nothing was sent");
    return answer;
  }

  /** Ends the watch that a request started. */
  async unwatch(tag: number): Promise<void> {
    const watching = this.#watches.get(tag);
    if (watching === undefined) return;
    this.#watches.delete(tag);
    await this.ask({ unwatch: { watch: watching.id } });
  }

  /** Ends the session, and resolves when the node has said so. */
  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#onEnd = () => resolve();
      this.#stream?.send({ goodbye: true, acknowledged: this.#acknowledged() });
    });
    this.hangUp();
  }

  /** Ends the stream, not the session. */
  hangUp(): void {
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.close();
  }

  #note(id: number, tag: number, watch: Watching["watch"]): void {
    const positions = watch.from ?? [];
    this.#watches.set(tag, { watch, id, positions });
    this.#tags.set(id, tag);
  }

  #acknowledged(): number {
    const open = [...this.#open.values()].find(({ sequence }) => sequence > 0);
    return open === undefined ? this.#lastSequence : open.sequence - 1;
  }

  /**
   * A frame tells answers first and then events; which of them came before others is told by their
   * positions: an answer reflects everything up to its index.
   */
  #onFrame(frame: IServerFrame): void {
    if (frame.welcome !== undefined) this.#onWelcome();
    const events = [...frame.events];
    for (const response of frame.responses) {
      while (events[0] !== undefined && positionOf(events[0]) <= response.index) {
        this.#onWatchEvents(events.shift());
      }
      const open = this.#open.get(response.id);
      this.#open.delete(response.id);
      open?.settle(response);
    }
    for (const left of events) this.#onWatchEvents(left);
    if (frame.farewell === undefined) return;
    const { code, message } = frame.farewell;
    this.#onEnd(`${errorCodeName(code)} ${message}`);
  }

  #onWatchEvents(events: IWatchEvents | undefined): void {
    const tag = this.#tags.get(events?.watch ?? 0);
    const watching = this.#watches.get(tag ?? 0);
    if (events === undefined || tag === undefined || watching === undefined) return;
    if (events.error !== undefined) throw new Error(`a watch has ended: ${events.error.message}`);
    if (events.positions.length > 0) watching.positions = events.positions;
    if (events.events.length === 0) return;
    if (isOnce(watching.watch.kind)) this.#watches.delete(tag);
    this.#onEvents(tag, events);
  }
}

function positionOf({ events, positions }: IWatchEvents): number {
  const indexes = events.map(({ position }) => position?.index ?? 0);
  return events.length === 0 ? (positions[0]?.index ?? 0) : Math.max(...indexes);
}

function isOnce(kind: number | undefined): boolean {
  return kind !== undefined && kind >= 1 && kind <= 3;
}

function isWrite(request: Encodable<IRequest>): boolean {
  const { create, set, delete: deletion, multi } = request;
  return [create, set, deletion, multi].some((body) => body !== undefined);
}
