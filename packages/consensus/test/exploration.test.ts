import { expect, test } from "vitest";
import { isJoint } from "../src/index.ts";
import { Explorer } from "./exploration/explorer.ts";
import { openSource } from "./exploration/opened-source.ts";
import { plants } from "./exploration/plants.ts";
import { everything, scopes } from "./exploration/scopes.ts";
import { seeded } from "./support/random.ts";
import { sweep } from "./support/sweep.ts";

/** On a busy machine. */
const patienceMs = 600_000;

const source = openSource();

test.each(scopes)(
  "no run refutes a claim within the scope: $name",
  async (scope) => {
    const statesMax = sweep(scope.statesFew, 2_000_000);
    const finding = new Explorer(await source, scope).explore(statesMax);
    expect(finding.counterexample).toBeUndefined();
    expect(finding.complete || finding.states >= statesMax).toBe(true);
    // An exploration that gets nowhere proves nothing.
    expect(Math.min(finding.reached.leaders, finding.reached.committed)).toBeGreaterThan(1);
    expect(finding.reached.joint).toBe(scope.changes.some(isJoint));
  },
  patienceMs,
);

test(
  "no long run by chance refutes a claim, with everything that can happen at once",
  async () => {
    const explorer = new Explorer(await source, everything);
    const finding = explorer.wander(sweep(100, 5000), seeded(1));
    expect(finding.counterexample).toBeUndefined();
    expect(finding.reached).toMatchObject({ joint: true });
    expect(Math.min(finding.reached.leaders, finding.reached.committed)).toBeGreaterThan(4);
  },
  patienceMs,
);

test.each(plants)(
  "the exploration finds out when $name",
  async (plant) => {
    const scope = scopes.find(({ name }) => name === plant.scope)!;
    const finding = new Explorer(await openSource(plant), scope).explore(500_000);
    expect(finding.counterexample?.length).toBeGreaterThan(1);
  },
  patienceMs,
);

test("long runs by chance find what leaves before it is durable", async () => {
  const plant = plants.find(({ name }) => name.startsWith("an append is acknowledged"))!;
  const explorer = new Explorer(await openSource(plant), everything);
  expect(explorer.wander(100, seeded(1)).counterexample?.at(-1)).toMatch(/no quorum has/u);
});

test("a counterexample is a run that can be read, and ends with the claim", async () => {
  const plant = plants.find(({ name }) => name.startsWith("a witness votes"))!;
  const scope = scopes.find(({ name }) => name === plant.scope)!;
  const finding = new Explorer(await openSource(plant), scope).explore(500_000);
  expect(finding.counterexample).toEqual([
    "p campaign",
    "p -> s vote in 1 log 0@0",
    "s -> p vote-answer in 1 yes",
    "p -> w append in 1 after 0@0 [1@1 <empty>] commit 0",
    "w -> p append-answer in 1 accepted 1",
    "s campaign",
    "s -> w vote in 2 log 0@0",
    "w -> s vote-answer in 2 yes",
    "s leads 2 without what is committed at 1: 1 empty ",
  ]);
});
