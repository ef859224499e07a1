import type { Http2Server, ServerHttp2Session, ServerHttp2Stream, Settings } from "node:http2";
import type { Socket } from "node:net";
import type { Server } from "@grpc/grpc-js";

/**
 * Where this package reaches into grpc-js, whose public interface can neither widen the
 * flow-control window of a server, nor bound its header lists, nor reset a stream whose reader has
 * stopped reading. The version is pinned; a test walks through each of these.
 */

interface ServerInternals {
  readonly commonServerOptions: { settings?: Settings };
  readonly http2Servers: ReadonlyMap<Http2Server, unknown>;
}

interface CallInternals {
  readonly call: { readonly stream: ServerHttp2Stream };
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
   * which over a round trip of 150 ms are 430 KiB a second.
   */
  constructor(server: Server, windowBytes: number) {
    for (const http2Server of (server as unknown as ServerInternals).http2Servers.keys()) {
      http2Server.on("session", (session: ServerHttp2Session) => {
        session.setLocalWindowSize(windowBytes);
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
  const { stream } = (call as CallInternals).call;
  if (stream.destroyed) return;
  stream.close(code);
  // Without it the reset would wait, like all that comes after data, for a reader that does not
  // read.
  stream.destroy();
}
