/** Appends cross once between regions, whatever becomes of the member that hands them on. */
import { Relays } from "../src/relays.ts";
import { describe, expect, test } from "vitest";
import {
  codeOf,
  type Group,
  type GroupPlan,
  type Pending,
  randomOf,
  Scene,
  SessionClient,
} from "./harness/index.ts";

const plan: GroupPlan = {
  cluster: "global",
  voters: 0,
  groups: [
    { name: "primary", region: "us-east", voters: 5 },
    { name: "secondary", region: "eu-central", voters: 5 },
    { name: "witness", region: "us-central", voters: 3, witness: true },
  ],
};

/** One way between regions, in milliseconds; within a region it is one. */
const farMs = 40;

/** A global tier that a client writes to. */
class Stage {
  readonly scene: Scene;
  readonly group: Group;
  readonly client: SessionClient;
  readonly #random: () => number;
  #written = 0;

  private constructor(scene: Scene, group: Group, client: SessionClient, random: () => number) {
    this.scene = scene;
    this.group = group;
    this.client = client;
    this.#random = random;
  }

  /** All are level, and the primary's first voter leads. */
  static async open(seed: number): Promise<Stage> {
    const scene = new Scene(seed, [plan]);
    for (const from of scene.topology) {
      const far = scene.topology.filter(({ region }) => region !== from.region);
      scene.link(
        [from.node],
        far.map(({ node }) => node),
        { delayMs: farMs },
      );
    }
    const group = await scene.group(plan);
    await group.led();
    await scene.run(2_000);
    group.leader?.replica.transferLeadership("primary-1");
    const holds = (): boolean => group.leader?.place.node === "primary-1";
    await scene.until("the first voter leads", holds);
    const client = new SessionClient(scene, "client", 7, 600_000);
    await client.open("primary-1");
    await scene.answered(client.create("/global/orders"));
    await group.level();
    return new Stage(scene, group, client, randomOf(seed));
  }

  /** Writes of so many bytes that nothing can be saved of. */
  write(count: number, bytes: number): readonly Pending[] {
    return Array.from({ length: count }, () => {
      this.#written += 1;
      const data = Uint8Array.from({ length: bytes }, () => Math.floor(this.#random() * 256));
      return this.client.write({ create: { path: `/global/orders/${this.#written}`, data } });
    });
  }

  /** Bytes that went from the leader to a member since the beginning. */
  bytesTo(node: string): number {
    let bytes = 0;
    for (const link of this.scene.network.traffic()) {
      if (link.from === "primary-1" && link.to === node) bytes += link.bytes;
    }
    return bytes;
  }

  /** Likewise to each of the secondary's members. */
  bytesToSecondary(): ReadonlyMap<string, number> {
    return new Map(this.secondary.map((node) => [node, this.bytesTo(node)]));
  }

  get secondary(): readonly string[] {
    return this.group.names.filter((node) => node.startsWith("secondary"));
  }

  /** What each of the secondary's members was sent from now on, in bytes. */
  async sentMeanwhile(task: () => Promise<void>): Promise<ReadonlyMap<string, number>> {
    const before = this.bytesToSecondary();
    await task();
    const after = this.bytesToSecondary();
    return new Map([...after].map(([node, bytes]) => [node, bytes - (before.get(node) ?? 0)]));
  }

  /** The member of the secondary that entries are sent to. */
  async relay(): Promise<string> {
    const sent = await this.sentMeanwhile(async () => {
      await this.scene.answered(...this.write(5, 1_000));
      await this.scene.run(200);
    });
    const [first = ["", 0]] = [...sent].sort(([, a], [, b]) => b - a);
    return first[0];
  }

  /** Time until all members that run have everything that was written. */
  async levelWithin(): Promise<number> {
    const fromMs = this.scene.clock.nowMs();
    await this.group.level();
    return this.scene.clock.nowMs() - fromMs;
  }
}

const count = 100;
const bytes = 1_000;

function sum(sent: ReadonlyMap<string, number>): number {
  return [...sent.values()].reduce((all, one) => all + one, 0);
}

describe("between two regions", () => {
  test("an entry crosses once, and all members there have it", async () => {
    const stage = await Stage.open(1);
    const sent = await stage.sentMeanwhile(async () => {
      const writes = stage.write(count, bytes);
      await stage.scene.answered(...writes);
      await stage.group.level();
      expect(writes.map(codeOf).filter((code) => code !== "")).toEqual([]);
    });
    // Beside the entries: their names, heartbeats, and the commit index.
    expect(sum(sent)).toBeGreaterThan(count * bytes);
    expect(sum(sent)).toBeLessThan(1.25 * count * bytes);
    const relays = [...sent.values()].filter((one) => one > count * bytes);
    expect(relays).toHaveLength(1);
  });

  test("what can be packed crosses packed", async () => {
    const stage = await Stage.open(2);
    const data = Buffer.alloc(bytes, "a text that says the same again and again; ");
    const sent = await stage.sentMeanwhile(async () => {
      const operations = Array.from({ length: count }, (_, place) => {
        return { create: { path: `/global/orders/text-${place}`, data } };
      });
      await stage.scene.answered(...stage.client.writeAll(operations));
      await stage.group.level();
    });
    expect(sum(sent)).toBeLessThan(0.2 * count * bytes);
  });
});

describe("what a relay is sent reaches its neighbours", () => {
  test("when it ends: another takes its place within a round trip or two", async () => {
    const stage = await Stage.open(3);
    const relay = await stage.relay();
    stage.group.crash(relay);
    const sent = await stage.sentMeanwhile(async () => {
      const writes = stage.write(count, bytes);
      await stage.scene.run(400);
      await stage.scene.answered(...writes);
      expect(await stage.levelWithin()).toBeLessThan(300);
    });
    expect(sum(sent)).toBeLessThan(3 * count * bytes);
    expect(await stage.relay()).not.toBe(relay);
  });

  test.for(["its neighbours", "the leader"])(
    "when it is cut off from %s without a word, as after a lost message",
    async (from) => {
      const stage = await Stage.open(from === "the leader" ? 4 : 5);
      const relay = await stage.relay();
      const others = stage.secondary.filter((node) => node !== relay);
      const cutOff = from === "the leader" ? ["primary-1"] : others;
      stage.scene.link([relay], cutOff, { cut: true });
      const writes = stage.write(count, bytes);
      await stage.scene.answered(...writes);
      // Some ticks until it is late, the next heartbeat, and what a gap takes to be found and sent.
      await stage.scene.run(800);
      const applied = others.map((node) => stage.group.member(node).tree.appliedIndex);
      const { commitIndex } = stage.group.member("primary-1").replica.status();
      expect(Math.min(...applied)).toBeGreaterThanOrEqual(commitIndex);
      stage.scene.heal();
      await stage.group.level();
    },
  );

  test("when one of these was away: once it is up to date", async () => {
    const stage = await Stage.open(6);
    const relay = await stage.relay();
    const [away = ""] = stage.secondary.filter((node) => node !== relay);
    stage.group.crash(away);
    await stage.scene.answered(...stage.write(count, bytes));
    await stage.group.boot(away);
    await stage.group.level();
    await stage.scene.run(2_000);
    const sent = await stage.sentMeanwhile(async () => {
      await stage.scene.answered(...stage.write(count, bytes));
      await stage.group.level();
    });
    expect(sum(sent)).toBeLessThan(1.25 * count * bytes);
  });
});

describe("a member", () => {
  const regions: Readonly<Record<string, string>> = { a: "us", b: "eu", c: "eu", d: "eu" };
  const relays = new Relays({ node: "b", regionOf: (node) => regions[node], lagTicks: 3 });
  const append = {
    type: "append",
    from: "a",
    to: "b",
    term: 3,
    index: 7,
    logTerm: 2,
    entries: [],
    commit: 7,
  } as const;

  test("takes appends from neighbours who hand them on, and nothing else for another", () => {
    expect(relays.isGenuine("a", append)).toBe(true);
    expect(relays.isGenuine("c", append)).toBe(true);
    expect(relays.isGenuine("x", append)).toBe(false);
    expect(relays.isGenuine("c", { ...append, handTo: ["d"] })).toBe(false);
    const vote = { type: "vote-answer", from: "a", to: "b", term: 3, reject: false } as const;
    expect(relays.isGenuine("a", vote)).toBe(true);
    expect(relays.isGenuine("c", vote)).toBe(false);
  });

  test("hands on to members of its own region only, and to each once", () => {
    const handTo = ["c", "b", "a", "d", "c", "x"];
    expect(relays.neighboursOf({ ...append, handTo })).toEqual(["c", "d"]);
    expect(relays.neighboursOf(append)).toEqual([]);
  });
});

describe("a leader", () => {
  const regions: Readonly<Record<string, string>> = { a: "us", b: "eu", c: "eu" };
  const entry = { index: 1, term: 1, kind: "command", data: Buffer.from("x") } as const;
  const append = { type: "append", from: "a", term: 1, logTerm: 0, commit: 0 } as const;
  const answer = { type: "append-answer", to: "a", term: 1, reject: false } as const;

  /** What is sent to whom, when there is an entry for both. */
  function sent(relays: Relays, index: number): Readonly<Record<string, number>> {
    const entries = [{ ...entry, index: index + 1 }];
    const letters = new Map(
      ["b", "c"].map((to) => [to, { messages: [{ ...append, to, index, entries }], isFar: false }]),
    );
    relays.arrange(letters, (to) => letters.get(to) ?? { messages: [], isFar: false });
    return Object.fromEntries([...letters].map(([to, { messages }]) => [to, messages.length]));
  }

  function led(handsOn: boolean): Relays {
    const relays = new Relays({ node: "a", regionOf: (node) => regions[node], lagTicks: 2 });
    for (const peer of ["b", "c"]) relays.learn(peer, { handsOn, unpacks: handsOn });
    relays.restart(1);
    sent(relays, 0);
    for (const from of ["b", "c"]) relays.hear({ ...answer, from, index: 1, hint: 0, logTerm: 0 });
    return relays;
  }

  test("sends everything directly to members who do not hand on", () => {
    expect(sent(led(false), 1)).toEqual({ b: 1, c: 1 });
    expect(sent(led(true), 1)).toEqual({ b: 1, c: 0 });
  });

  test("sends directly until a member has answered in its term", () => {
    const relays = led(true);
    relays.restart(2);
    expect(sent(relays, 1)).toEqual({ b: 1, c: 1 });
  });

  const heartbeat = { type: "heartbeat-answer", to: "a", term: 1, context: 0 } as const;

  test("sends directly for a while to a member that lacks what its relay has long had", () => {
    const relays = led(true);
    expect(sent(relays, 1)).toEqual({ b: 1, c: 0 });
    relays.hear({ ...answer, from: "b", index: 2, hint: 0, logTerm: 0 });
    relays.hear({ ...heartbeat, from: "c" });
    expect(sent(relays, 2)).toEqual({ b: 1, c: 0 });
    for (let tick = 0; tick < 2; tick += 1) relays.tick();
    relays.hear({ ...heartbeat, from: "b" });
    relays.hear({ ...heartbeat, from: "c" });
    expect(sent(relays, 3)).toEqual({ b: 1, c: 1 });
    relays.hear({ ...answer, from: "c", index: 4, hint: 0, logTerm: 0 });
    let ticks = 0;
    while (sent(relays, 4 + ticks)["c"] === 1) {
      relays.tick();
      ticks += 1;
    }
    expect(ticks).toBe(4);
  });

  test("leaves it at that where all are slow, until nothing is heard of the relay", () => {
    const relays = led(true);
    expect(sent(relays, 1)).toEqual({ b: 1, c: 0 });
    for (let tick = 0; tick < 20; tick += 1) {
      relays.tick();
      for (const from of ["b", "c"]) relays.hear({ ...heartbeat, from });
    }
    expect(sent(relays, 2)).toEqual({ b: 1, c: 0 });
    for (let tick = 0; tick < 2; tick += 1) relays.tick();
    relays.hear({ ...heartbeat, from: "c" });
    expect(sent(relays, 3)).toEqual({ b: 1, c: 1 });
  });
});
