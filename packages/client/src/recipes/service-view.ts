import type { Runtime } from "../runtime.ts";
import type { CachedSubtree } from "./cached-subtree.ts";
import { decodeInstance, type PickStrategy, type ServiceInstance } from "./service-instance.ts";
import { nameOf, type CachedNode } from "./subtree-table.ts";

/** What happened to the instances of a service. */
export interface ServiceChange {
  /** `present`: it was there when the iteration began. */
  readonly kind: "present" | "added" | "changed" | "removed";
  /** As it is now; as it was, when it was removed. */
  readonly instance: ServiceInstance;
}

/** How to choose an instance. */
export interface PickOptions {
  /** Default "random". */
  readonly strategy?: PickStrategy | undefined;
  /** Own zone, for "nearest". */
  readonly zone?: string | undefined;
}

/**
 * The instances of a service, kept up to date, to be read and chosen from without waiting. It may
 * be behind by `stalenessMs`: that an instance is in it does not mean that it answers.
 */
export class ServiceView implements AsyncIterable<ServiceChange>, AsyncDisposable {
  readonly service: string;
  /** Resolves when it is known who is there. */
  readonly ready: Promise<void>;
  readonly #runtime: Runtime;
  readonly #region: string;
  readonly #cached: CachedSubtree;
  readonly #decoded = new WeakMap<CachedNode, ServiceInstance>();
  #turn = 0;

  /** Use `Discovery.view`. */
  constructor(runtime: Runtime, service: string, region: string, cached: CachedSubtree) {
    this.service = service;
    this.ready = cached.ready;
    this.#runtime = runtime;
    this.#region = region;
    this.#cached = cached;
  }

  /** Upper bound of the age of what it shows. */
  get stalenessMs(): number {
    return this.#cached.stalenessMs;
  }

  /**
   * All instances, by id, however they are.
   * @throws {MeridianError} STALE before it is ready, and after its end.
   */
  all(): readonly ServiceInstance[] {
    const { path } = this.#cached;
    return (this.#cached.children(path) ?? []).flatMap((name) => {
      const instance = this.#instanceOf(this.#cached.get(`${path}/${name}`));
      return instance === undefined ? [] : [instance];
    });
  }

  /** Those that are up. */
  healthy(): readonly ServiceInstance[] {
    return this.all().filter(({ health }) => health === "up");
  }

  /** One that is up; without any of these one that is degraded; undefined when there is none. */
  pick({ strategy = "random", zone = "" }: PickOptions = {}): ServiceInstance | undefined {
    const all = this.all();
    const up = all.filter(({ health }) => health === "up");
    const open = up.length > 0 ? up : all.filter(({ health }) => health === "degraded");
    switch (strategy) {
      case "random":
        return this.#byChance(open);
      case "round-robin":
        this.#turn += 1;
        return open[(this.#turn - 1) % Math.max(1, open.length)];
      case "nearest":
        return this.#byChance(this.#nearest(open, zone));
    }
  }

  /** Who is there, and then what changes, until it is ended. */
  async *[Symbol.asyncIterator](): AsyncGenerator<ServiceChange, undefined> {
    for await (const { kind, node, previous } of this.#cached) {
      const before = this.#instanceOf(previous);
      const after = this.#instanceOf(node);
      if (after !== undefined && kind === "initial") yield { kind: "present", instance: after };
      else if (after !== undefined && before !== undefined) {
        yield { kind: "changed", instance: after };
      } else if (after !== undefined) yield { kind: "added", instance: after };
      else if (before !== undefined) yield { kind: "removed", instance: before };
    }
    return undefined;
  }

  /** Ends it. */
  close(): void {
    this.#cached.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  #nearest(open: readonly ServiceInstance[], zone: string): readonly ServiceInstance[] {
    const inRegion = open.filter(({ region }) => region === this.#region);
    const inZone = inRegion.filter((instance) => zone !== "" && instance.zone === zone);
    return [inZone, inRegion].find(({ length }) => length > 0) ?? open;
  }

  #byChance(open: readonly ServiceInstance[]): ServiceInstance | undefined {
    return open[Math.floor(this.#runtime.random() * open.length)];
  }

  #instanceOf(node: CachedNode | undefined): ServiceInstance | undefined {
    if (node === undefined || node.path === this.#cached.path) return undefined;
    const known = this.#decoded.get(node);
    if (known !== undefined) return known;
    const instance = decodeInstance(this.service, nameOf(node.path), node.text);
    if (instance !== undefined) this.#decoded.set(node, instance);
    return instance;
  }
}
