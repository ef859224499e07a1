import { expect, test } from "vitest";
import { Scene, SessionClient } from "./harness/index.ts";

const plan = { cluster: "us-west", voters: 3 };
const path = "/regions/us-west/a";

test(
  "a member that was away catches up in turns of bounded work",
  { timeout: 60_000 },
  async () => {
    const scene = new Scene(1, [plan]);
    const group = await scene.group(plan);
    const leader = (await group.led()).place.node;
    const client = new SessionClient(scene, "client", 7);
    await client.open(leader);
    const [away] = group.followers;
    if (away === undefined) throw new Error("a group of three has followers");
    await scene.answered(client.create(path));
    scene.isolate(away.place.node);
    for (let frame = 0; frame < 10; frame += 1) {
      const sets = Array.from({ length: 1_000 }, () => ({ set: { path, version: -1 } }));
      await scene.answered(...client.writeAll(sets));
    }
    const turns: number[] = [0];
    away.replica.listen({
      onApplied: () => turns.push((turns.pop() ?? 0) + 1),
      onTurnEnd: () => turns.push(0),
    });
    scene.heal();
    await group.level();
    expect(turns.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(10_000);
    expect(Math.max(...turns)).toBeLessThan(3_000);
    expect(turns.filter((count) => count > 0).length).toBeGreaterThan(3);
  },
);
