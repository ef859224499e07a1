import { MeridianError } from "@meridian/wire";
import type { ByteStream } from "../byte-stream.ts";
import type { ChannelConnector, UnaryOptions } from "../channel-connector.ts";
import type { TransportClock } from "../clock.ts";
import { givenUp } from "../connected-channel.ts";
import type { ConnectionEnd } from "./connection.ts";
import type { Dial, Opening } from "./opening.ts";

/** A channel's way to a server in the same process. */
export class MemoryChannelConnector implements ChannelConnector {
  readonly #dial: Dial;
  readonly #clock: TransportClock;
  readonly #ends = new Set<ConnectionEnd>();

  constructor(dial: Dial, clock: TransportClock) {
    this.#dial = dial;
    this.#clock = clock;
  }

  open(path: string): ByteStream {
    return this.#open({ path });
  }

  call(path: string, request: Buffer, options: UnaryOptions): Promise<Buffer> {
    const { deadlineMs, signal, once } = options;
    let reached = false;
    const end = this.#open({
      path,
      deadlineMs,
      reached: () => {
        reached = true;
      },
    });
    return new Promise((resolve, reject) => {
      const fail = (error: MeridianError): void => {
        stop();
        end.abort(error);
        reject(error);
      };
      const abort = (): void => {
        if (signal !== undefined) fail(givenUp(signal));
      };
      const cancel = this.#clock.after(deadlineMs, () => {
        fail(new MeridianError("DEADLINE", `no answer within ${deadlineMs} ms`));
      });
      const stop = (): void => {
        cancel();
        signal?.removeEventListener("abort", abort);
      };
      signal?.addEventListener("abort", abort);
      end.listen({
        received: (answer) => {
          stop();
          resolve(answer);
        },
        ended: (error) => {
          stop();
          if (error?.code === "REGION_UNAVAILABLE" && once && reached) reject(openFate(error));
          else reject(error ?? new MeridianError("CORRUPT", "the server answered nothing"));
        },
      });
      end.write(request);
      end.end();
    });
  }

  close(): void {
    const error = new MeridianError("REGION_UNAVAILABLE", "the channel was closed");
    for (const end of this.#ends) end.lose(error);
    this.#ends.clear();
  }

  #open(opening: Opening): ConnectionEnd {
    for (const end of this.#ends) if (end.over) this.#ends.delete(end);
    const { client } = this.#dial(opening);
    this.#ends.add(client);
    return client;
  }
}

function openFate(cause: MeridianError): MeridianError {
  const description = `lost when it may have been done: ${cause.description}`;
  return new MeridianError("UNKNOWN", description, { cause });
}
