import type {
  Encodable,
  IChildrenResult,
  IResponse,
  IServerFrame,
  IWatchEvents,
  IWelcome,
} from "@meridian/wire";

/**
 * Frames stay well below the 4 MiB that transports take, so that one more answer does not matter.
 */
const frameBytesMax = 1024 * 1024;

/** Messages of one kind, with about what each takes. */
class Pile<Message> {
  messages: Message[] = [];
  sizes: number[] = [];
  bytes = 0;

  add(message: Message, bytes: number): void {
    this.messages.push(message);
    this.sizes.push(bytes);
    this.bytes += bytes;
  }

  /** End of the part from a place on that fits, at least one where there is room at all. */
  endOf(from: number, room: number): number {
    let [to, bytes] = [from, 0];
    while (to < this.sizes.length && bytes < room) {
      bytes += this.sizes[to] ?? 0;
      if (bytes > room && to > from) break;
      to += 1;
    }
    return to;
  }

  bytesOf(from: number, to: number): number {
    let bytes = 0;
    for (let at = from; at < to; at += 1) bytes += this.sizes[at] ?? 0;
    return bytes;
  }
}

/** Collects what a stream has to say, and makes frames of it that are not too large. */
export class FramePacker {
  #welcome: Encodable<IWelcome> | undefined;
  #responses = new Pile<Encodable<IResponse>>();
  #events = new Pile<Encodable<IWatchEvents>>();

  /** About what waits to be taken. */
  get bytes(): number {
    return this.#responses.bytes + this.#events.bytes;
  }

  get isEmpty(): boolean {
    const count = this.#responses.sizes.length + this.#events.sizes.length;
    return count === 0 && this.#welcome === undefined;
  }

  welcome(welcome: Encodable<IWelcome>): void {
    this.#welcome = welcome;
  }

  respond(response: Encodable<IResponse>): void {
    this.#responses.add(response, responseBytes(response));
  }

  report(events: Encodable<IWatchEvents>): void {
    this.#events.add(events, eventsBytes(events));
  }

  /**
   * Everything that was collected, in frames. Answers go before events, each in their order: the
   * answer that starts a watch comes before what it reports.
   */
  *take(): Generator<Encodable<IServerFrame>, undefined> {
    const [welcome, responses, events] = [this.#welcome, this.#responses, this.#events];
    const isOne = this.bytes <= frameBytesMax;
    this.clear();
    if (isOne) {
      yield { welcome, responses: responses.messages, events: events.messages };
      return undefined;
    }
    let [answered, reported, first] = [0, 0, true];
    while (answered < responses.sizes.length || reported < events.sizes.length) {
      const answersTo = responses.endOf(answered, frameBytesMax);
      const room = frameBytesMax - responses.bytesOf(answered, answersTo);
      const isLast = answersTo === responses.sizes.length;
      const eventsTo = isLast ? events.endOf(reported, room) : reported;
      yield {
        ...(first ? { welcome } : {}),
        responses: responses.messages.slice(answered, answersTo),
        events: events.messages.slice(reported, eventsTo),
      };
      [answered, reported, first] = [answersTo, eventsTo, false];
    }
    return undefined;
  }

  /** Forgets everything that was collected. */
  clear(): void {
    this.#welcome = undefined;
    this.#responses = new Pile();
    this.#events = new Pile();
  }
}

/** About what a Stat, numbers and lengths take. */
const baseBytes = 160;

function responseBytes({ node, children, multi, error }: Encodable<IResponse>): number {
  let bytes = baseBytes + (error?.message?.length ?? 0);
  if (node !== undefined) bytes += nodeBytes(node);
  if (children !== undefined) bytes += childrenBytes(children);
  for (const part of multi?.parts ?? []) bytes += baseBytes + nodeBytes(part.node ?? {});
  return bytes;
}

function childrenBytes({ children = [] }: Encodable<IChildrenResult>): number {
  let bytes = baseBytes;
  for (const child of children) bytes += nodeBytes(child);
  return bytes;
}

function nodeBytes(node: NonNullable<Encodable<IResponse>["node"]>): number {
  const { path = "", data, stat } = node;
  return (stat === undefined ? 16 : baseBytes) + path.length + (data?.byteLength ?? 0);
}

function eventsBytes({ events = [], positions = [] }: Encodable<IWatchEvents>): number {
  let bytes = baseBytes + positions.length * 32;
  for (const { path = "", data } of events) {
    bytes += baseBytes + path.length + (data?.byteLength ?? 0);
  }
  return bytes;
}
