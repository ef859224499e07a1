import { randomBytes, randomInt } from "node:crypto";

import {
  ClientFrame,
  CoordinationService,
  type Encodable,
  errorCodeName,
  type IClientFrame,
  ServerFrame,
  WatchKind,
} from "@meridian/wire";

import { inParallel } from "../load/parallel.ts";
import { GrpcConnection } from "../peers/grpc-connection.ts";

/** Sessions that watch one node. */
export interface CrowdOptions {
  readonly endpoints: readonly string[];
  readonly region: string;
  readonly path: string;
  /** Sessions, each with a stream and one watch. */
  readonly watchers: number;
  /** Connections that carry their streams, spread over the endpoints. */
  readonly connections: number;
}

const sessionTimeoutMs = 30_000;
const pingMs = 10_000;
/** Sessions that are being opened at a time. */
const openingsMax = 300;
const sessionIdMax = 2 ** 47;
const watchId = 1;
const pingId = 2;

/**
 * Opens sessions that watch a node, as bytes on streams: a whole client each would be what is
 * measured. Resolves when all watches run; `onEvent` is told of every event of each. What ends on
 * the way ends the process: its figures would be those of fewer watchers.
 */
export async function openWatchers(options: CrowdOptions, onEvent: () => void): Promise<void> {
  const { endpoints } = options;
  const connections = await Promise.all(
    Array.from({ length: options.connections }, (_, index) => {
      const lost = (): void => fail("a connection was lost");
      return GrpcConnection.connect(endpoints[index % endpoints.length] ?? "", lost);
    }),
  );
  const crowd: Watcher[] = [];
  setInterval(() => {
    for (const watcher of crowd) watcher.ping();
  }, pingMs);
  await inParallel(options.watchers, openingsMax, async (index) => {
    const connection = connections[index % connections.length];
    if (connection === undefined) throw new RangeError("there are no connections");
    const watcher = new Watcher(connection, options, onEvent);
    crowd.push(watcher);
    await watcher.running;
  });
}

class Watcher {
  /** Settles when its watch runs. */
  readonly running: Promise<void>;
  readonly #send: (message: Buffer) => void;

  constructor(connection: GrpcConnection, { region, path }: CrowdOptions, onEvent: () => void) {
    let onRunning: () => void = () => {};
    this.running = new Promise((resolve) => {
      onRunning = resolve;
    });
    this.#send = connection.stream(CoordinationService.session.path, (bytes) => {
      const { welcome, responses, events, farewell } = ServerFrame.decode(bytes);
      if (farewell !== undefined) fail(`a session ended: ${errorCodeName(farewell.code)}`);
      if (welcome !== undefined) {
        const watch = { path, kind: WatchKind.PERSISTENT };
        this.#frame({ requests: [{ id: watchId, watch }] });
      }
      for (const { id, error } of responses) {
        if (error !== undefined) fail(`a watch was refused: ${errorCodeName(error.code)}`);
        if (id === watchId) onRunning();
      }
      for (const batch of events) {
        if (batch.error !== undefined) fail(`a watch ended: ${errorCodeName(batch.error.code)}`);
        for (let event = 0; event < batch.events.length; event += 1) onEvent();
      }
    });
    const hello = { sessionId: randomInt(1, sessionIdMax), secret: randomBytes(16), region };
    this.#frame({ hello: { ...hello, timeoutMs: sessionTimeoutMs, create: true } });
  }

  /** A sign of life. */
  ping(): void {
    this.#frame({ requests: [{ id: pingId, ping: {} }] });
  }

  #frame(frame: Encodable<IClientFrame>): void {
    this.#send(ClientFrame.encode(frame));
  }
}

function fail(why: string): never {
  process.stderr.write(`${why}\n`);
  process.exit(1);
}
