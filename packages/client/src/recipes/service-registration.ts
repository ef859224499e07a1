import type { Runtime } from "../runtime.ts";
import type { PersistentNode } from "./persistent-node.ts";
import { encodeInstance, type Health, type ServiceInstance } from "./service-instance.ts";
import type { WaitOptions } from "./wait-limit.ts";

/** What of an instance may change. */
export interface InstanceUpdate {
  readonly health?: Health | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** An instance of ours that callers can find, until it is deregistered. */
export class ServiceRegistration implements AsyncDisposable {
  readonly #runtime: Runtime;
  readonly #node: PersistentNode;
  readonly #healthTtlMs: number | undefined;
  #instance: ServiceInstance;
  #isOverdue = false;
  #cancel: () => void = () => undefined;

  /** Use `Discovery.register`. */
  constructor(
    runtime: Runtime,
    node: PersistentNode,
    instance: ServiceInstance,
    healthTtlMs: number | undefined,
  ) {
    this.#runtime = runtime;
    this.#node = node;
    this.#instance = instance;
    this.#healthTtlMs = healthTtlMs;
    this.#watchHealth();
  }

  /** As it was registered or last changed; its health as it was told. */
  get instance(): ServiceInstance {
    return this.#instance;
  }

  get path(): string {
    return this.#node.path;
  }

  /** Callers can find it, as far as is known: not between the end of a session and the next one. */
  get isPresent(): boolean {
    return this.#node.isPresent;
  }

  /** Its health was not told in time, so that it counts as down. */
  get isOverdue(): boolean {
    return this.#isOverdue;
  }

  /**
   * Tells how it is, also when that is as before: the time until it counts as down begins anew.
   * Resolves when callers can see it.
   */
  async report(health: Health, options: WaitOptions = {}): Promise<void> {
    await this.update({ health }, options);
  }

  /** Changes what callers learn of it; see `PersistentNode.setData`. */
  async update(update: InstanceUpdate, options: WaitOptions = {}): Promise<void> {
    const { health = this.#instance.health, metadata = this.#instance.metadata } = update;
    const isSame = health === this.#instance.health && update.metadata === undefined;
    const wasOverdue = this.#isOverdue;
    this.#instance = { ...this.#instance, health, metadata };
    if (update.health !== undefined) this.#watchHealth();
    if (isSame && !wasOverdue) return;
    await this.#store(options);
  }

  /** Ends it. Resolves when callers cannot find it any more, or will not after its session. */
  async deregister(): Promise<void> {
    this.#cancel();
    await this.#node.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.deregister();
  }

  #watchHealth(): void {
    this.#isOverdue = false;
    this.#cancel();
    if (this.#healthTtlMs === undefined) return;
    this.#cancel = this.#runtime.after(this.#healthTtlMs, () => {
      this.#isOverdue = true;
      // Whoever keeps the node stores it as soon as that is possible.
      this.#store({}).catch(() => undefined);
    });
  }

  #store(options: WaitOptions): Promise<void> {
    const health = this.#isOverdue ? "down" : this.#instance.health;
    return this.#node.setData(encodeInstance({ ...this.#instance, health }), options);
  }
}
