import { constants, type IncomingHttpHeaders, type ServerHttp2Session } from "node:http2";

/** Connections above the limit that may show at the same time whether they are a peer's. */
const probationMax = 64;
/** Time to show it. */
const probationMs = 2_000;

/**
 * Bounds the connections of a server, so that the process keeps files for its storage and for the
 * other members: when none is left, nothing can be stored, and no peer connects any more. Above the
 * limit a connection is closed unless the first that it asks for is what only peers ask for.
 */
export class ConnectionGate {
  readonly #connectionsMax: number;
  readonly #isPeers: (path: string) => boolean;
  #open = 0;
  #onProbation = 0;

  /** `isPeers`: whether only members of a group call the method of this path. */
  constructor(connectionsMax: number, isPeers: (path: string) => boolean) {
    this.#connectionsMax = connectionsMax;
    this.#isPeers = isPeers;
  }

  /** A client or peer has connected: closes it now, soon or not at all. */
  admit(session: ServerHttp2Session): void {
    this.#open += 1;
    session.once("close", () => {
      this.#open -= 1;
    });
    if (this.#open <= this.#connectionsMax) return;
    if (this.#onProbation >= probationMax) return session.destroy(undefined, refused);
    this.#onProbation += 1;
    const impatience = setTimeout(() => session.destroy(undefined, refused), probationMs);
    session.once("stream", (_stream: unknown, { ":path": path = "" }: IncomingHttpHeaders) => {
      clearTimeout(impatience);
      if (!this.#isPeers(path)) session.destroy(undefined, refused);
    });
    session.once("close", () => {
      clearTimeout(impatience);
      this.#onProbation -= 1;
    });
  }
}

/** "Too many", in the words of HTTP/2. */
const refused = constants.NGHTTP2_ENHANCE_YOUR_CALM;
