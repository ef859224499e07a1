import { CreateMode } from "@meridian/wire";
import { expect, test, vi } from "vitest";
import { type Group, type Pending, Scene, SessionClient } from "./harness/index.ts";

vi.setConfig({ testTimeout: 120_000 });

const plan = { cluster: "us-west", voters: 3, observers: 1 };
const queue = "/regions/us-west/q";
const seeds = Array.from({ length: 8 }, (_, at) => at + 1);

/** Everything that goes wrong, drawn from the scene's chance: one thing a call. */
class Trouble {
  readonly #scene: Scene;
  readonly #group: Group;
  readonly #down = new Set<string>();

  constructor(scene: Scene, group: Group) {
    this.#scene = scene;
    this.#group = group;
  }

  /** A member that runs. */
  anyUp(): string {
    const up = this.#group.names.filter((name) => !this.#down.has(name));
    return up[this.below(up.length)] ?? "";
  }

  below(bound: number): number {
    return Math.floor(this.#scene.random() * bound);
  }

  async strike(): Promise<void> {
    const scene = this.#scene;
    const { names } = this.#group;
    const [a, b] = [names[this.below(4)] ?? "", names[this.below(4)] ?? ""];
    const dice = scene.random();
    if (dice < 0.15 && a !== b) scene.network.setLink(a, b, { cut: true });
    else if (dice < 0.3 && a !== b) scene.network.setLink(a, b, { delayMs: this.below(300) });
    else if (dice < 0.4) scene.heal();
    else if (dice < 0.5) this.#crash(this.anyUp());
    else if (dice < 0.65) await this.recover();
    else if (dice < 0.75) await scene.run(this.below(4_000));
  }

  /** Whoever is down comes back. */
  async recover(): Promise<void> {
    for (const name of this.#down) await this.#group.boot(name);
    this.#down.clear();
  }

  #crash(name: string): void {
    if (this.#down.size > 0) return;
    this.#group.crash(name);
    this.#down.add(name);
  }
}

function creates(client: number, count: number) {
  const create = { path: `${queue}/c${client}-`, mode: CreateMode.PERSISTENT_SEQUENTIAL };
  return Array.from({ length: count }, () => ({ create }));
}

/** Numbers that the writes of one session were given, in the order of their issue. */
function numbersOf(writes: readonly Pending[]): readonly number[] {
  return writes.map(({ response }) => Number(response?.node?.path.slice(-10)));
}

/** Clients come back until all their writes are answered. */
async function finish(
  scene: Scene,
  trouble: Trouble,
  clients: readonly SessionClient[],
  writes: readonly Pending[],
): Promise<void> {
  const isOpen = ({ response }: Pending): boolean => response === undefined;
  for (let round = 0; round < 100 && writes.some(isOpen); round += 1) {
    for (const client of clients) if (!client.isOpen) client.connect(trouble.anyUp());
    await scene.run(500);
  }
}

for (const seed of seeds) {
  test(`whatever happens, each write is done once and in order (${seed})`, async () => {
    const scene = new Scene(seed, [plan]);
    const group = await scene.group(plan, { limits: { snapshotEntries: 150, keptEntries: 30 } });
    await group.led();
    const trouble = new Trouble(scene, group);
    const clients = [1, 2, 3].map((id) => new SessionClient(scene, `c${id}`, id, 120_000));
    for (const client of clients) await client.open(trouble.anyUp());
    await scene.answered(...clients.slice(0, 1).map((client) => client.create(queue)));
    const sessions: Pending[][] = clients.map(() => []);
    for (let round = 0; round < 60; round += 1) {
      for (const [at, client] of clients.entries()) {
        sessions[at]?.push(...client.writeAll(creates(at, trouble.below(20))));
        if (client.over || scene.random() < 0.2) client.connect(trouble.anyUp());
      }
      await scene.run(trouble.below(60));
      await trouble.strike();
    }
    scene.heal();
    await trouble.recover();
    const writes = sessions.flat();
    await finish(scene, trouble, clients, writes);
    expect(writes.filter(({ response }) => response?.node === undefined)).toEqual([]);
    for (const session of sessions) {
      const numbers = numbersOf(session);
      expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    }
    const lastIndex = (): number => group.leader?.replica.status().lastIndex ?? 0;
    const endsAt = lastIndex();
    await group.level();
    expect(group.leader?.tree.children(queue)?.names).toHaveLength(writes.length);
    expect(new Set(group.members.map(({ tree }) => tree.digest())).size).toBe(1);
    expect(group.fatal.size).toBe(0);
    // Once all is answered there is nothing more to say.
    await scene.run(5_000);
    expect(lastIndex() - endsAt).toBeLessThan(10_000);
  });
}
