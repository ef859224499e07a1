import { FencedNode, FencingGuard, type HeldLock, StaleTokenError } from "@meridian/client";
import type { Group } from "@meridian/replica/harness";
import { expect, test, vi } from "vitest";
import { ClientProcess } from "../platform/client-process.ts";
import { type Shape, wayBetween } from "../platform/shape.ts";
import { Tiers } from "../platform/tiers.ts";

vi.setConfig({ testTimeout: 120_000 });

const shape: Shape = {
  global: {
    cluster: "global",
    voters: 0,
    groups: [
      { name: "primary", region: "us-east", voters: 2 },
      { name: "secondary", region: "eu-central", voters: 2 },
      { name: "witness", region: "us-central", voters: 1, witness: true },
    ],
  },
  regional: [
    { cluster: "us-east", voters: 1 },
    { cluster: "eu-central", voters: 1 },
  ],
  edges: [],
  clients: ["us-east", "eu-central"],
  snapshotEntries: 400,
  keptEntries: 100,
  delaysMs: new Map([
    [wayBetween("us-east", "eu-central"), 20],
    [wayBetween("us-east", "us-central"), 10],
    [wayBetween("eu-central", "us-central"), 20],
  ]),
};

/** Voters of the global tier by the name of their group. */
function votersOf(group: Group, ...names: readonly string[]): readonly string[] {
  return group.names.filter((node) => names.some((name) => node.startsWith(name)));
}

async function connected(
  tiers: Tiers,
  sessionTimeoutMs: number,
): Promise<readonly ClientProcess[]> {
  const processes: ClientProcess[] = [];
  for (const region of shape.clients) {
    const name = `client-${processes.length + 1}`;
    tiers.join(name, region);
    const process = new ClientProcess(tiers.scene, name, region, { ended: () => undefined });
    await tiers.scene.clock.settled(
      process.connect(["us-east-1", "eu-central-1"], sessionTimeoutMs),
    );
    processes.push(process);
  }
  return processes;
}

async function promote(tiers: Tiers, node: string): Promise<void> {
  const group = tiers.group("global");
  const { admin } = group.life(node).part.services();
  const request = { region: "eu-central", acceptLoss: true };
  await tiers.scene.clock.settled(
    Promise.resolve(admin?.forcePromote?.(request, { address: "operator" } as never)),
  );
  await tiers.scene.until("it leads", () => {
    return group.leader?.incarnation === 2 && group.leader.ready;
  });
}

test("what was locked in a history that is given up is lost, and tokens grow", async () => {
  const tiers = new Tiers(1, shape, () => undefined);
  await tiers.start();
  const { scene } = tiers;
  const group = tiers.group("global");
  const [first, second] = await connected(tiers, 60_000);
  if (first === undefined || second === undefined) throw new Error("two clients");
  const lock = (process: ClientProcess): Promise<HeldLock> =>
    scene.clock.settled(process.client.lock("/global/lock").acquire());
  // Both sessions, and that they have had ephemeral nodes, are known everywhere.
  for (const process of [first, second]) await scene.clock.settled((await lock(process)).release());
  await scene.run(5_000);
  expect(group.leader?.place.node).toMatch(/^primary/u);

  scene.isolate(...votersOf(group, "secondary"));
  for (let at = 0; at < 20; at += 1) {
    await scene.clock.settled(first.client.create(`/global/lost-${at}`, ""));
  }
  const held = await lock(first);
  expect(held.isHeld).toBe(true);
  for (const node of votersOf(group, "primary", "witness")) tiers.kill(node);
  await scene.run(10_000);
  await promote(tiers, "secondary-1");
  scene.heal();

  // The session lives on in the new history, but not the node that it made.
  await scene.until("the lock is lost", () => held.lost.aborted, 20_000);
  expect(held.isHeld).toBe(false);
  // Clients that found nobody for long try again by themselves within three seconds.
  await scene.run(3_000);
  // Of any session that has had ephemeral nodes nobody can tell what it has lost.
  second.renew();
  const next = await lock(second);
  expect(next.fencingToken).toBeGreaterThan(held.fencingToken);
  expect(group.leader?.tree.appliedIndex).toBeLessThan(held.fencingToken); // an index as well
  await scene.clock.settled(held.release());
  expect(next.isHeld).toBe(true);
});

test("a holder that is stopped beyond its timeout is refused by what its lock guards", async () => {
  const tiers = new Tiers(2, shape, () => undefined);
  await tiers.start();
  const { scene } = tiers;
  const [first, second] = await connected(tiers, 4_000);
  if (first === undefined || second === undefined) throw new Error("two clients");
  const guard = new FencingGuard();
  let counter = 0;
  const increment = async (token: number, between: () => Promise<void>): Promise<void> => {
    const read = await guard.run("counter", token, () => counter);
    await between();
    await guard.run("counter", token, () => {
      counter = read + 1;
    });
  };
  await scene.clock.settled(first.client.create("/global/counter", "0"));
  const held = await scene.clock.settled(first.client.lock("/global/lock").acquire());
  const node = new FencedNode(first.client, "/global/counter");
  const before = await scene.clock.settled(node.read(held.fencingToken));
  const late = increment(held.fencingToken, () => {
    first.runtime.stop(12_000);
    return first.runtime.pause(1);
  }).catch((error: unknown) => error);

  const next = await scene.clock.settled(second.client.lock("/global/lock").acquire());
  expect(next.fencingToken).toBeGreaterThan(held.fencingToken);
  await increment(next.fencingToken, () => Promise.resolve());
  const nextNode = new FencedNode(second.client, "/global/counter");
  const found = await scene.clock.settled(nextNode.read(next.fencingToken));
  await scene.clock.settled(nextNode.write(next.fencingToken, `${Number(found.text) + 1}`));

  // It goes on where it was stopped, and both resources know better.
  expect(await scene.clock.settled(late)).toBeInstanceOf(StaleTokenError);
  expect([held.isHeld, next.isHeld]).toEqual([false, true]);
  first.renew();
  const lateWrite = node.write(held.fencingToken, `${Number(before.text) + 1}`);
  const refused = lateWrite.catch((error: unknown) => error);
  expect(await scene.clock.settled(refused)).toBeInstanceOf(StaleTokenError);
  const { text } = await scene.clock.settled(second.client.get("/global/counter"));
  expect([counter, text]).toEqual([1, "1"]);
});
