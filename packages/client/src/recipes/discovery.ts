import { MeridianError } from "@meridian/wire";
import type { ClientContext } from "../client-context.ts";
import type { Meridian } from "../client.ts";
import type { ReadOptions } from "../options.ts";
import type { CachedSubtreeOptions } from "./cached-subtree.ts";
import { PersistentNode } from "./persistent-node.ts";
import { hasCode } from "./retry.ts";
import { decodeInstance, encodeInstance } from "./service-instance.ts";
import type { Health, ServiceInstance } from "./service-instance.ts";
import { ServiceRegistration } from "./service-registration.ts";
import { ServiceView } from "./service-view.ts";
import { WaitLimit, type WaitOptions } from "./wait-limit.ts";

/** What to register. */
export interface RegisterOptions extends WaitOptions {
  readonly service: string;
  /** One component of a path; unique in the service. Default: a random one. */
  readonly id?: string | undefined;
  /** Host name or address. */
  readonly address: string;
  readonly port: number;
  /** A part of the region. */
  readonly zone?: string | undefined;
  /** Default "up". */
  readonly health?: Health | undefined;
  /** Whatever else callers should know. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /**
   * The instance counts as down when its health was not told for this long, until it is told again:
   * a process that lives and does not work is not found. Default: never.
   */
  readonly healthTtlMs?: number | undefined;
}

/** Which instances to find. */
export interface FindOptions extends ReadOptions {
  /** Also those that are degraded or down. Default false. */
  readonly unhealthy?: boolean | undefined;
  /** Only of this region. */
  readonly region?: string | undefined;
  /** Only with all of these. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/**
 * Which instances of which services there are, and how they are: an ephemeral node for each, below
 * one for each service. An instance goes with its session, and comes back by itself in the next
 * one. Registered in strict and regional zones.
 */
export class Discovery {
  readonly path: string;
  readonly #client: Meridian;
  readonly #context: ClientContext;

  /** Use `Meridian.discovery`. */
  constructor(client: Meridian, context: ClientContext, path: string) {
    this.#client = client;
    this.#context = context;
    this.path = path;
  }

  /**
   * Registers an instance; callers can find it when this resolves. It stays registered over the end
   * of sessions, by design, until the registration is ended.
   * @throws {MeridianError} UNSUPPORTED in an eventual zone; BAD_ARGUMENTS; DEADLINE when the time
   * was over; the reason of the signal. Then it is not registered.
   */
  async register(options: RegisterOptions): Promise<ServiceRegistration> {
    const { runtime } = this.#context;
    const instance = this.#instanceOf(options);
    using limit = new WaitLimit(runtime, this.path, options);
    limit.signal.throwIfAborted();
    const path = `${this.path}/${instance.service}/${instance.id}`;
    const node = new PersistentNode(this.#context, path, encodeInstance(instance));
    const onAbort = (): void => void node.close();
    limit.signal.addEventListener("abort", onAbort, { once: true });
    try {
      await node.ready;
    } catch (error) {
      limit.signal.throwIfAborted();
      throw error;
    } finally {
      limit.signal.removeEventListener("abort", onAbort);
    }
    return new ServiceRegistration(runtime, node, instance, options.healthTtlMs);
  }

  /** Names of the services that have, or had, instances. */
  async services(options: ReadOptions = {}): Promise<readonly string[]> {
    try {
      return (await this.#client.children(this.path, options)).names;
    } catch (error) {
      if (hasCode(error, "NO_NODE")) return [];
      throw error;
    }
  }

  /** Instances of a service that are up, by id. */
  async find(service: string, options: FindOptions = {}): Promise<readonly ServiceInstance[]> {
    assertName(service);
    try {
      const path = `${this.path}/${service}`;
      const { children } = await this.#client.children(path, { ...options, withData: true });
      return children.flatMap(({ name, data }) => {
        const instance = decodeInstance(service, name, new TextDecoder().decode(data));
        return instance === undefined || !fits(instance, options) ? [] : [instance];
      });
    } catch (error) {
      if (hasCode(error, "NO_NODE")) return [];
      throw error;
    }
  }

  /**
   * The instances of a service, kept up to date, to be chosen from without waiting. Options as of
   * `Meridian.cachedSubtree`.
   */
  view(service: string, options: CachedSubtreeOptions = {}): ServiceView {
    assertName(service);
    const cached = this.#client.cachedSubtree(`${this.path}/${service}`, options);
    return new ServiceView(this.#context.runtime, service, this.#client.region, cached);
  }

  #instanceOf(options: RegisterOptions): ServiceInstance {
    const { runtime } = this.#context;
    const { service, address, port, zone = "", health = "up", metadata = {} } = options;
    const { id = Buffer.from(runtime.randomBytes(8)).toString("hex") } = options;
    assertName(service);
    assertName(id);
    if (address === "" || !Number.isInteger(port) || port < 0 || port > 65_535) {
      throw new MeridianError("BAD_ARGUMENTS", `"${address}" and ${port} are no address and port`);
    }
    if (options.healthTtlMs !== undefined && !(options.healthTtlMs > 0)) {
      throw new MeridianError("BAD_ARGUMENTS", "healthTtlMs must be positive");
    }
    const { region } = this.#client;
    return { service, id, address, port, region, zone, health, metadata };
  }
}

/** Whether an instance is one of those asked for. */
function fits(
  instance: ServiceInstance,
  { unhealthy = false, region, metadata = {} }: FindOptions,
): boolean {
  if (!unhealthy && instance.health !== "up") return false;
  if (region !== undefined && region !== instance.region) return false;
  const found = new Map(Object.entries(instance.metadata));
  return Object.entries(metadata).every(([name, value]) => found.get(name) === value);
}

function assertName(name: string): void {
  if (name !== "" && !name.includes("/")) return;
  throw new MeridianError("BAD_ARGUMENTS", `"${name}" is no name of a service or an instance`);
}
