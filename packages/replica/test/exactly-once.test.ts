import type { Encodable, IRequest } from "@meridian/wire";
import { expect, test, vi } from "vitest";
import {
  codeOf,
  flakyPeers,
  type Group,
  type Pending,
  Scene,
  SessionClient,
} from "./harness/index.ts";

vi.setConfig({ testTimeout: 120_000 });

const plan = { cluster: "us-west", voters: 3 };
const path = "/regions/us-west/counted";
const flakiness = { lost: 0.02, doubled: 0.03, late: 0.03, lateMsMax: 80 };
const killEveryMs = 5_000;
const deadMs = 1_200;

/** A cluster that loses messages, and whose leader dies every 5 s. */
class Setting {
  readonly scene: Scene;
  readonly group: Group;
  kills = 0;
  #killsAtMs: number;
  #dead: { readonly node: string; readonly bootsAtMs: number } | undefined;

  private constructor(scene: Scene, group: Group) {
    this.scene = scene;
    this.group = group;
    this.#killsAtMs = scene.clock.nowMs() + killEveryMs;
  }

  static async begin(seed: number): Promise<Setting> {
    const scene = new Scene(seed, [plan]);
    const { clock, random } = scene;
    const group = await scene.group(plan, {
      limits: { snapshotEntries: 300, keptEntries: 20 },
      hooks: {
        peers: (_, peers) => flakyPeers(peers, { flakiness, clock, random, noted: () => {} }),
      },
    });
    await group.led();
    return new Setting(scene, group);
  }

  /** A member that runs. */
  anyUp(): string {
    const up = this.group.names.filter((name) => name !== this.#dead?.node);
    return up[Math.floor(this.scene.random() * up.length)] ?? "";
  }

  /** Lets time pass, and leaders die. */
  async run(forMs: number): Promise<void> {
    await this.scene.run(forMs);
    const nowMs = this.scene.clock.nowMs();
    const { leader } = this.group;
    if (this.#dead !== undefined && nowMs >= this.#dead.bootsAtMs) {
      await this.group.boot(this.#dead.node);
      this.#dead = undefined;
    } else if (this.#dead === undefined && nowMs >= this.#killsAtMs && leader !== undefined) {
      this.#dead = { node: leader.place.node, bootsAtMs: nowMs + deadMs };
      this.#killsAtMs = nowMs + killEveryMs;
      this.group.crash(leader.place.node);
      this.kills += 1;
    }
  }

  /** The session has had all up to a write done, as far as anybody who runs knows. */
  hasDone(session: number, sequence: number): boolean {
    return this.group.members.some(({ tree }) => {
      return (tree.session(session)?.appliedSequence ?? 0) >= sequence;
    });
  }
}

/** Sends writes whose answers are lost as often as they can be, and then, again, until answered. */
async function insist(
  setting: Setting,
  client: SessionClient,
  operations: readonly Encodable<IRequest>[],
): Promise<readonly Pending[]> {
  const { scene, group } = setting;
  for (const node of group.names) scene.network.setLink(node, client.address, { cut: true });
  const writes = client.writeAll(operations);
  const last = writes.at(-1)?.sequence ?? 0;
  for (let waited = 0; waited < 40 && !setting.hasDone(client.sessionId, last); waited += 1) {
    await setting.run(10);
  }
  expect(writes.every(({ answers }) => answers === 0)).toBe(true);
  for (const node of group.names) scene.network.setLink(node, client.address, { cut: false });
  for (let round = 0; writes.some(({ response }) => response === undefined); round += 1) {
    expect(round).toBeLessThan(200);
    client.connect(setting.anyUp());
    for (let part = 0; part < 20 && !client.over; part += 1) {
      if (writes.every(({ response }) => response !== undefined)) break;
      await setting.run(25);
    }
    // What was refused for the moment comes again under its number.
    for (const write of writes) if (isPassing(write)) write.response = undefined;
  }
  return writes;
}

function isPassing(write: Pending): boolean {
  if (write.response === undefined) return false;
  return ["NOT_LEADER", "UNKNOWN", "OVERLOADED"].includes(codeOf(write));
}

test("10,000 increments whose every answer is lost once count 10,000, whoever leads", async () => {
  const setting = await Setting.begin(71);
  const client = new SessionClient(setting.scene, "client", 1, 120_000);
  await client.open(setting.anyUp());
  await insist(setting, client, [{ create: { path, data: Buffer.from("0"), mode: 0 } }]);
  let count = 0;
  while (count < 10_000) {
    const operations = Array.from({ length: 10 }, (_, at) => {
      return { set: { path, data: Buffer.from(`${count + at + 1}`), version: count + at } };
    });
    const writes = await insist(setting, client, operations);
    expect(writes.map(codeOf).filter((code) => code !== "")).toEqual([]);
    count += writes.length;
    await setting.run(20);
  }
  const { tree } = await setting.group.led();
  expect(tree.stat(path)?.version).toBe(10_000);
  expect(Buffer.from(tree.get(path)?.data ?? []).toString()).toBe("10000");
  expect(setting.kills).toBeGreaterThan(3);
});

for (const seed of [72, 73, 74]) {
  test(`a write that fails amid others fails alone, all in order (${seed})`, async () => {
    const setting = await Setting.begin(seed);
    const client = new SessionClient(setting.scene, "client", 1, 120_000);
    await client.open(setting.anyUp());
    await insist(setting, client, [{ create: { path, mode: 0 } }]);
    let [version, kills] = [0, 0];
    while (kills < 3) {
      const wanted: string[] = [];
      const operations = Array.from({ length: 40 }, (_, at) => {
        const fails = (version + at) % 7 === 3;
        wanted.push(fails ? "BAD_VERSION" : "");
        const set = { path, data: Buffer.from(""), version: fails ? 1_000_000 : version };
        if (!fails) version += 1;
        return at % 5 === 4 ? { multi: { operations: [{ set }] } } : { set };
      });
      expect((await insist(setting, client, operations)).map(codeOf)).toEqual(wanted);
      await setting.run(400);
      ({ kills } = setting);
    }
    expect((await setting.group.led()).tree.stat(path)?.version).toBe(version);
  });
}
