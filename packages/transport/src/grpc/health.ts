import type { ServerWritableStream } from "@grpc/grpc-js";
import {
  HealthCheckRequest,
  HealthCheckResponse,
  HealthService,
  MeridianError,
  ServingStatus,
} from "@meridian/wire";
import { unaryCall } from "../unary-call.ts";
import { service, type ServedService, type Serving } from "./services.ts";

/**
 * The standard service grpc.health.v1.Health. Own, because grpc-health-check parses its proto file
 * at start, which costs 25 ms and 6 MB for two numbers.
 */
export class Health {
  readonly #services: ReadonlySet<string>;
  readonly #watchers = new Set<() => void>();
  #serving = false;

  /** `services`: full names of those that exist here; all have the state of the node. */
  constructor(services: Iterable<string>) {
    this.#services = new Set(["", ...services]);
  }

  setServing(serving: boolean): void {
    if (serving === this.#serving) return;
    this.#serving = serving;
    for (const tell of this.#watchers) tell();
  }

  served(serving: Serving): ServedService {
    const check = unaryCall(HealthService.check, ({ service: name }) => {
      if (this.#services.has(name)) return { status: this.#status() };
      throw new MeridianError("NO_NODE", `there is no service "${name}" here`);
    });
    const watch = (call: ServerWritableStream<Buffer, Buffer>): void => this.#watch(call);
    return service(HealthService, [check], { watch }, serving);
  }

  #status(): ServingStatus {
    return this.#serving ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
  }

  #watch(call: ServerWritableStream<Buffer, Buffer>): void {
    const known = this.#services.has(HealthCheckRequest.decode(call.request).service);
    const tell = (): void => {
      const status = known ? this.#status() : ServingStatus.SERVICE_UNKNOWN;
      call.write(HealthCheckResponse.encode({ status }));
    };
    this.#watchers.add(tell);
    call.once("cancelled", () => this.#watchers.delete(tell));
    tell();
  }
}
