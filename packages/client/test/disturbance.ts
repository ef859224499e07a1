import type { FakeFleet } from "./fake-fleet.ts";
import { isGlobal } from "./scene.ts";

/** What may happen to the global cluster, and whom it happened to. */
export class Disturbance {
  readonly #fleet: FakeFleet;
  /** How often each thing was done. */
  readonly counts = new Map<string, number>();
  readonly #expiryChance: number;

  /** `expiryChance`: of all disturbances so many end a session. */
  constructor(fleet: FakeFleet, expiryChance: number) {
    this.#fleet = fleet;
    this.#expiryChance = expiryChance;
  }

  /** One disturbance, chosen by the fleet's own chance. */
  strike(): void {
    const { runtime } = this.#fleet;
    const servers = this.#fleet.select(isGlobal);
    const server = servers[Math.floor(runtime.random() * servers.length)];
    if (server === undefined) return;
    const cluster = this.#fleet.cluster("global");
    if (runtime.random() < this.#expiryChance) {
      const sessions = [...cluster.sessions.keys()];
      cluster.expire(sessions[Math.floor(runtime.random() * sessions.length)] ?? 0);
      return this.#note("expire");
    }
    switch (Math.floor(runtime.random() * 6)) {
      case 0:
        server.isSilent = !server.isSilent;
        return this.#note("silence");
      case 1:
        server.kill();
        return this.#note("kill");
      case 2:
        server.isDown = false;
        server.isSilent = false;
        return this.#note("revive");
      case 3:
        for (const stream of server.streams) stream.sink.break();
        return this.#note("break");
      case 4:
        cluster.leader = runtime.random() < 0.3 ? "" : server.place.node;
        return this.#note("lead");
      default:
        cluster.isStuck = !cluster.isStuck;
        return this.#note("stick");
    }
  }

  /** Everything works again. */
  heal(): void {
    for (const server of this.#fleet.servers.values()) {
      server.isDown = false;
      server.isSilent = false;
    }
    this.#fleet.cluster("global").leader = "global-eu-central-2";
    this.#fleet.cluster("global").isStuck = false;
  }

  #note(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }
}
