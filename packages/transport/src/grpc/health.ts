import type { Server, ServerWritableStream } from "@grpc/grpc-js";
import {
  HealthCheckRequest,
  HealthCheckResponse,
  HealthService,
  MeridianError,
  ServingStatus,
} from "@meridian/wire";
import { definitionOf } from "./definition.ts";
import { unary, type Serving } from "./unary.ts";

/**
 * The standard service grpc.health.v1.Health. Own, because grpc-health-check parses its proto file at start, which
 * costs 25 ms and 6 MB for two numbers.
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

  addTo(server: Server, serving: Serving): void {
    server.addService(definitionOf(HealthService), {
      check: unary(HealthService.check, serving, ({ service }) => {
        if (this.#services.has(service)) return { status: this.#status() };
        throw new MeridianError("NO_NODE", `there is no service "${service}" here`);
      }),
      watch: (call: ServerWritableStream<Buffer, Buffer>) => this.#watch(call),
    });
  }

  #status(): ServingStatus {
    return this.#serving ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
  }

  #watch(call: ServerWritableStream<Buffer, Buffer>): void {
    const { service } = HealthCheckRequest.decode(call.request);
    const known = this.#services.has(service);
    const tell = (): void => {
      const status = known ? this.#status() : ServingStatus.SERVICE_UNKNOWN;
      call.write(HealthCheckResponse.encode({ status }));
    };
    this.#watchers.add(tell);
    call.once("cancelled", () => this.#watchers.delete(tell));
    tell();
  }
}
