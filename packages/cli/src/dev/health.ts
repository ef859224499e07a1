import { connect, constants, type ClientHttp2Session } from "node:http2";

const { HTTP2_HEADER_METHOD, HTTP2_HEADER_PATH, HTTP2_HEADER_CONTENT_TYPE } = constants;

/** An empty HealthCheckRequest (the whole server) as one uncompressed gRPC message. */
const emptyMessage = Buffer.alloc(5);
/**
 * A HealthCheckResponse that says SERVING: field 1, value 1, behind the five bytes of the frame.
 */
const serving = Buffer.from([0, 0, 0, 0, 2, 0x08, 0x01]);
const answerBytesMax = 1024;

/**
 * Asks one node's standard health service (grpc.health.v1) whether it serves, as a load balancer
 * would. Two messages of fixed form need no gRPC library: plain HTTP/2 costs a supervisor of three
 * dozen nodes next to nothing.
 */
export class HealthProbe {
  readonly #address: string;
  #session: ClientHttp2Session | undefined;

  constructor(address: string) {
    this.#address = address;
  }

  /** Whether it serves; false as well when it does not answer in time. Never rejects. */
  check(deadlineMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const stream = this.#connected().request({
        [HTTP2_HEADER_METHOD]: "POST",
        [HTTP2_HEADER_PATH]: "/grpc.health.v1.Health/Check",
        [HTTP2_HEADER_CONTENT_TYPE]: "application/grpc",
        te: "trailers",
      });
      const chunks: Buffer[] = [];
      stream.setTimeout(deadlineMs, () => stream.close());
      stream.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        if (chunks.reduce((sum, { byteLength }) => sum + byteLength, 0) > answerBytesMax)
          stream.close();
      });
      stream.on("error", () => {});
      stream.on("close", () => resolve(Buffer.concat(chunks).equals(serving)));
      stream.end(emptyMessage);
    });
  }

  close(): void {
    this.#session?.destroy();
  }

  #connected(): ClientHttp2Session {
    if (this.#session === undefined || this.#session.closed || this.#session.destroyed) {
      this.#session = connect(`http://${this.#address}`);
      // A node that is not up yet: the request on this session fails, and the next check connects
      // again.
      this.#session.on("error", () => {});
    }
    return this.#session;
  }
}
