import { CreateMode } from "@meridian/wire";
import { expect, test, vi } from "vitest";
import { Scene, SessionClient } from "./harness/index.ts";

vi.setConfig({ testTimeout: 120_000 });

const plan = { cluster: "us-west", voters: 3 };
const root = "/regions/us-west";
const timeoutMs = 6_000;
const pingMs = 2_000;

/** A client that gives signs of life and goes on at the next node when the present one is lost. */
class Member {
  readonly client: SessionClient;
  /** Longest time that a ping took which was answered. */
  slowestMs = 0;
  readonly farewells: string[] = [];
  readonly #scene: Scene;
  readonly #nodes: readonly string[];
  #node: number;
  #ping: ReturnType<SessionClient["ask"]> | undefined;
  #askedAtMs = 0;
  #stopped = false;

  constructor(scene: Scene, nodes: readonly string[], id: number) {
    this.#scene = scene;
    this.#nodes = nodes;
    this.#node = id;
    // A few addresses for all: every address knows every other one.
    this.client = new SessionClient(scene, `clients-${id % 10}`, id, timeoutMs);
    scene.clock.after(id, () => {
      this.#connect();
      this.#beat();
    });
  }

  get isOpen(): boolean {
    return this.client.isOpen;
  }

  /** From now on nothing is heard of it. */
  fallSilent(): void {
    this.#stopped = true;
  }

  #connect(): void {
    this.#ping = undefined;
    this.#askedAtMs = this.#scene.clock.nowMs();
    this.client.connect(this.#nodes[this.#node % this.#nodes.length] ?? "");
  }

  #beat(): void {
    if (this.#stopped) return;
    const nowMs = this.#scene.clock.nowMs();
    const isLost = this.client.over || nowMs - this.#askedAtMs > pingMs;
    if (this.#ping?.response !== undefined) {
      this.#ping = undefined;
    } else if (isLost && (this.#ping !== undefined || !this.isOpen)) {
      if (this.client.farewell !== undefined) this.farewells.push(this.client.farewell);
      this.#node += 1;
      this.#connect();
    }
    if (this.isOpen && this.#ping === undefined && nowMs - this.#askedAtMs >= pingMs / 2) {
      this.#askedAtMs = nowMs;
      this.#ping = this.client.ask({ ping: {} });
      this.#watchPing(this.#ping, nowMs);
    }
    this.#scene.clock.after(200 + this.#scene.random() * 100, () => this.#beat());
  }

  #watchPing(ping: ReturnType<SessionClient["ask"]>, askedAtMs: number): void {
    const look = (): void => {
      if (ping !== this.#ping) return;
      const tookMs = this.#scene.clock.nowMs() - askedAtMs;
      if (ping.response !== undefined) this.slowestMs = Math.max(this.slowestMs, tookMs);
      else this.#scene.clock.after(20, look);
    };
    this.#scene.clock.after(20, look);
  }
}

async function crowd(seed: number, count: number) {
  const scene = new Scene(seed, [plan]);
  const group = await scene.group(plan);
  await group.led();
  const members = Array.from({ length: count }, (_, at) => {
    return new Member(scene, group.names, 1_000 + at);
  });
  await scene.until("all are welcome", () => members.every(({ isOpen }) => isOpen));
  return { scene, group, members };
}

test("a thousand sessions outlive three leaders in a row", async () => {
  const { scene, group, members } = await crowd(1, 1_000);
  for (let round = 0; round < 3; round += 1) {
    const old = await group.led();
    group.crash(old.place.node);
    await group.led();
    await scene.run(1_000);
    await group.boot(old.place.node);
    await scene.run(scene.random() * 4_000);
  }
  await scene.run(2 * timeoutMs);
  const { tree } = await group.led();
  const gone = members.filter(({ client }) => tree.session(client.sessionId) === undefined);
  expect(gone.map(({ client }) => client.sessionId)).toEqual([]);
  expect(members.filter(({ isOpen }) => !isOpen)).toEqual([]);
  expect(members.flatMap(({ farewells }) => farewells)).not.toContain("SESSION_EXPIRED");
});

test("many sessions that end together hold nobody's signs of life up", async () => {
  const { scene, group, members } = await crowd(2, 600);
  const [silent, lively] = [members.slice(0, 300), members.slice(300)];
  const mode = CreateMode.EPHEMERAL;
  const created = silent.map(({ client }) =>
    client.create(`${root}/e-${client.sessionId}`, "", mode),
  );
  await scene.answered(...created);
  await scene.run(5_000);
  const lastSignMs = scene.clock.nowMs();
  for (const member of silent) member.fallSilent();
  for (const member of lively) member.slowestMs = 0;
  const { tree } = await group.led();
  const left = (): number =>
    (tree.children(root)?.names ?? []).filter((name) => name.startsWith("e-")).length;
  expect(left()).toBe(300);
  await scene.until("their nodes are gone", () => left() === 0);
  expect(scene.clock.nowMs() - lastSignMs).toBeLessThan(timeoutMs + 2_000);
  await scene.run(1_000);
  expect(Math.max(...lively.map(({ slowestMs }) => slowestMs))).toBeLessThan(200);
  expect(lively.every(({ isOpen }) => isOpen)).toBe(true);
});
