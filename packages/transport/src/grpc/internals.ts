import type {
  ClientHttp2Stream,
  Http2Server,
  ServerHttp2Session,
  ServerHttp2Stream,
  Settings,
} from "node:http2";
import type { Socket } from "node:net";
import type { Server } from "@grpc/grpc-js";
import type { ConnectionGate } from "./connection-gate.ts";

/**
 * Where this package reaches into grpc-js, whose public interface can neither widen the
 * flow-control window of a server, nor bound its header lists, nor reset a stream whose reader has
 * stopped reading, nor carry a message without a dozen of objects and several turns of the event
 * loop. The version is pinned; a test walks through each of these.
 */

interface ServerInternals {
  readonly commonServerOptions: { settings?: Settings };
  readonly http2Servers: ReadonlyMap<Http2Server, unknown>;
}

interface CallInternals {
  readonly call: ServerCallInternals;
}

/** A call of a server, below the stream object that its handler gets. */
export interface ServerCallInternals {
  readonly stream: ServerHttp2Stream;
  /** As the client announced it. */
  readonly incomingEncoding: string;
  /** Begins the answer, unless it has begun. */
  maybeSendMetadata(): void;
  sendStatus(status: { code: number; details: string; metadata: null }): void;
}

/** A call of a client, where it meets its HTTP/2 stream. */
export interface ClientCallInternals {
  readonly http2Stream: ClientHttp2Stream;
  /** Messages that were read and not handed on. */
  readonly unpushedReadMessages: readonly unknown[];
  cancelWithStatus(code: number, details: string): void;
}

/** One of the layers of a call of a client; each holds the next by another name. */
interface ClientLayer extends Partial<ClientCallInternals> {
  readonly nextCall?: ClientLayer;
  readonly call?: ClientLayer;
  /** Null until there is one. */
  readonly child?: ClientLayer | null;
  readonly underlyingCalls?: readonly { readonly call: ClientLayer }[];
}

/** More than there are. */
const layersMax = 10;

/** What is below a call of a server. */
export function serverInternals(call: object): ServerCallInternals {
  return (call as CallInternals).call;
}

/** What is below a call of a client; undefined as long as it has no stream. */
export function clientInternals(call: object): ClientCallInternals | undefined {
  let layer: ClientLayer | null | undefined = call as ClientLayer;
  for (let depth = 0; layer !== undefined && layer !== null && depth < layersMax; depth += 1) {
    if (layer.http2Stream !== undefined) return layer as ClientCallInternals;
    layer = layer.nextCall ?? layer.underlyingCalls?.[0]?.call ?? layer.call ?? layer.child;
  }
  return undefined;
}

/** Settings that the HTTP/2 servers of `server` announce; before it is bound. */
export function addSettings(server: Server, settings: Settings): void {
  const { commonServerOptions } = server as unknown as ServerInternals;
  commonServerOptions.settings = { ...commonServerOptions.settings, ...settings };
}

/** The connections of a bound server. */
export class Connections {
  readonly #sockets = new Set<Socket>();

  /**
   * Widens the window of whole connections: without it all streams of a connection share 64 KiB,
   * which over a round trip of 150 ms are 430 KiB a second. `gate` sees each of them.
   */
  constructor(server: Server, windowBytes: number, gate: ConnectionGate) {
    for (const http2Server of (server as unknown as ServerInternals).http2Servers.keys()) {
      http2Server.on("session", (session: ServerHttp2Session) => {
        session.setLocalWindowSize(windowBytes);
        gate.admit(session);
      });
      http2Server.on("connection", (socket: Socket) => {
        this.#sockets.add(socket);
        socket.once("close", () => this.#sockets.delete(socket));
      });
    }
  }

  /**
   * Cuts all of them, also those that are not yet HTTP/2. `forceShutdown` of grpc-js does nothing
   * while channelz is off, and a session that is closing does not let go of the socket of a client
   * that does not answer.
   */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** Ends a call at once; what was not sent yet is dropped. `code`: an HTTP/2 error code. */
export function resetCall(call: object, code: number): void {
  const { stream } = serverInternals(call);
  if (stream.destroyed) return;
  stream.close(code);
  // Without it the reset would wait, like all that comes after data, for a reader that does not
  // read.
  stream.destroy();
}
