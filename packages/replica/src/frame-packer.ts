import type {
  Encodable,
  IChildrenResult,
  IResponse,
  IServerFrame,
  IWatchEvents,
  IWelcome,
} from "@meridian/wire";

/** Frames stay well below the 4 MiB that transports take, so that one more answer does not matter. */
const frameBytesMax = 1024 * 1024;

/** Collects what a stream has to say, and makes frames of it that are not too large. */
export class FramePacker {
  #welcome: Encodable<IWelcome> | undefined;
  #responses: { readonly value: Encodable<IResponse>; readonly bytes: number }[] = [];
  #events: { readonly value: Encodable<IWatchEvents>; readonly bytes: number }[] = [];
  #bytes = 0;

  /** About what waits to be taken. */
  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    const nothing = this.#responses.length === 0 && this.#events.length === 0;
    return nothing && this.#welcome === undefined;
  }

  welcome(welcome: Encodable<IWelcome>): void {
    this.#welcome = welcome;
  }

  respond(value: Encodable<IResponse>): void {
    const bytes = responseBytes(value);
    this.#responses.push({ value, bytes });
    this.#bytes += bytes;
  }

  report(value: Encodable<IWatchEvents>): void {
    const bytes = eventsBytes(value);
    this.#events.push({ value, bytes });
    this.#bytes += bytes;
  }

  /**
   * Everything that was collected, in frames. Answers go before events, each in their order: the
   * answer that starts a watch comes before what it reports.
   */
  *take(): Generator<Encodable<IServerFrame>, undefined> {
    const [welcome, responses, events] = [this.#welcome, this.#responses, this.#events];
    this.#welcome = undefined;
    this.#responses = [];
    this.#events = [];
    this.#bytes = 0;
    let [answered, reported, first] = [0, 0, true];
    while (first || answered < responses.length || reported < events.length) {
      const answersTo = frameEnd(responses, answered, frameBytesMax);
      const used = bytesOf(responses, answered, answersTo);
      const isLast = answersTo === responses.length;
      const eventsTo = isLast ? frameEnd(events, reported, frameBytesMax - used) : reported;
      yield {
        ...(first ? { welcome } : {}),
        responses: responses.slice(answered, answersTo).map(({ value }) => value),
        events: events.slice(reported, eventsTo).map(({ value }) => value),
      };
      [answered, reported, first] = [answersTo, eventsTo, false];
    }
    return undefined;
  }

  /** Forgets everything that was collected. */
  clear(): void {
    this.#welcome = undefined;
    this.#responses = [];
    this.#events = [];
    this.#bytes = 0;
  }
}

/** End of the part that fits, at least one where there is room at all. */
function frameEnd(parts: readonly { bytes: number }[], from: number, room: number): number {
  let [to, bytes] = [from, 0];
  while (to < parts.length && bytes < room) {
    bytes += parts[to]?.bytes ?? 0;
    if (bytes > room && to > from) break;
    to += 1;
  }
  return to;
}

function bytesOf(parts: readonly { bytes: number }[], from: number, to: number): number {
  let bytes = 0;
  for (let at = from; at < to; at += 1) bytes += parts[at]?.bytes ?? 0;
  return bytes;
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
