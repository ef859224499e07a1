import { CreateMode } from "@meridian/wire";
import { expect, test } from "vitest";
import { codeOf, type Group, type Pending, Scene, SessionClient } from "./harness/index.ts";

const plan = { cluster: "us-west", voters: 3 };
const root = "/regions/us-west";
const timeoutMs = 2_000;
const mode = CreateMode.EPHEMERAL;

/** A session that falls silent, and speaks again about when it is ended. */
interface Racer {
  readonly client: SessionClient;
  readonly silentMs: number;
  /** What it says then. */
  said: Pending | undefined;
}

async function race(seed: number): Promise<{ group: Group; racers: readonly Racer[] }> {
  const scene = new Scene(seed, [plan]);
  const group = await scene.group(plan);
  const leader = (await group.led()).place.node;
  const [, follower = leader] = group.names.filter((name) => name !== leader).toSorted();
  const racers: Racer[] = [];
  for (let id = 1; id <= 60; id += 1) {
    const client = new SessionClient(scene, `c${id}`, id, timeoutMs);
    racers.push({ client, silentMs: 3_000 + id * 40, said: undefined });
    await client.open(id % 2 === 0 ? leader : follower);
    await scene.answered(client.write({ create: { path: `${root}/e${id}`, mode } }));
    // It speaks by a stream that is open: nothing but the log can tell who was first.
    scene.clock.after(3_000 + id * 40, () => {
      const racer = racers[id - 1];
      if (racer === undefined || client.over) return;
      racer.said = client.write({ create: { path: `${root}/late${id}`, mode } });
    });
  }
  await scene.run(3_000 + 60 * 40 + 400);
  return { group, racers };
}

for (const seed of [81, 82, 83]) {
  test(`a sign of life crosses the end of its session: one of them counts (${seed})`, async () => {
    const { group, racers } = await race(seed);
    await group.level();
    const ends = { lives: 0, refused: 0, gone: 0 };
    for (const { client, said } of racers) {
      const id = client.sessionId;
      for (const { tree } of group.members) {
        const lives = tree.session(id) !== undefined;
        const wasDone = said?.response !== undefined && codeOf(said) === "";
        expect([id, tree.get(`${root}/e${id}`) !== undefined]).toEqual([id, lives]);
        expect([id, tree.get(`${root}/late${id}`) !== undefined]).toEqual([id, lives && wasDone]);
        expect([id, client.farewell === "SESSION_EXPIRED"]).toEqual([id, !lives]);
      }
      if (!client.over) ends.lives += 1;
      else if (said === undefined) ends.gone += 1;
      else ends.refused += 1;
    }
    // Some spoke in time, and some too late.
    expect(Math.min(ends.lives, ends.gone)).toBeGreaterThan(0);
  });
}
