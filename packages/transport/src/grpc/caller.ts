import { MeridianError } from "@meridian/wire";
import type { Caller } from "../stream.ts";

/** What a server call of grpc-js tells about its other side. */
interface Call {
  getPeer(): string;
  getDeadline(): Date | number;
  once(event: "cancelled", listener: () => void): unknown;
}

/** A caller over gRPC. The signal is made when it is first asked for: most handlers never do. */
export class GrpcCaller implements Caller {
  readonly #call: Call;
  readonly #deadline: number;
  #controller: AbortController | undefined;
  #gone = false;

  constructor(call: Call) {
    this.#call = call;
    this.#deadline = Number(call.getDeadline());
    call.once("cancelled", () => {
      this.#gone = true;
      this.#controller?.abort(gone());
    });
  }

  get address(): string {
    return this.#call.getPeer();
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#gone) this.#controller.abort(gone());
    }
    return this.#controller.signal;
  }

  get deadlineMs(): number | undefined {
    if (this.#deadline === Infinity) return undefined;
    return Math.max(0, this.#deadline - Date.now());
  }
}

function gone(): MeridianError {
  return new MeridianError("DEADLINE", "the caller went away or its deadline passed");
}
