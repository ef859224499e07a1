import { execFile } from "node:child_process";
import { expect, test } from "vitest";
import { requestOf, UsageError } from "./arguments.ts";
import { core } from "./core/core.ts";
import { Fleet } from "./fleet.ts";
import { hierarchy } from "./hierarchy/hierarchy.ts";
import { huntAll } from "./hunt.ts";
import { environmentOf, occurrences, type Plant } from "./plant.ts";
import { plants } from "./plants/index.ts";
import { huntedLine, scoreOf } from "./score.ts";
import { recipes } from "./recipes/recipes.ts";
import { nodeArguments } from "./run.ts";
import { type Outcome, outcomeOf, type Scenario } from "./scenario.ts";
import { scenarios } from "./scenarios.ts";
import { Tally } from "./tally.ts";
import { EventTrace } from "./trace.ts";

/** What the command prints and ends with. */
interface Finished {
  readonly status: number;
  readonly output: string;
  readonly errors: string;
}

function simulate(...argv: readonly string[]): Promise<Finished> {
  const program = `${import.meta.dirname}/main.ts`;
  return new Promise((resolve) => {
    const all = [...nodeArguments, program, ...argv, "--workers", "1"];
    execFile(process.execPath, all, (error, output, errors) => {
      resolve({ status: Number(error?.code ?? 0), output, errors });
    });
  });
}

const seedsOf: readonly (readonly [Scenario, number])[] = [
  [core, 12],
  [hierarchy, 3],
  [recipes, 2],
];

for (const [scenario, count] of seedsOf) {
  test(`nothing false is said and everything recovers: ${scenario.name}`, async () => {
    for (let seed = 1; seed <= count; seed += 1) {
      const { failure } = await outcomeOf(scenario, seed, () => new EventTrace());
      expect(failure, `${scenario.name}, seed ${seed}`).toBeUndefined();
    }
  });
}

test("the same seeds do the same in fresh processes", async () => {
  const runs = [await simulate("--seeds", "3..5", "-o", "json"), await simulate("--seeds", "3..5")];
  const { hash, seedHashes, failures } = JSON.parse(runs[0]?.output ?? "") as {
    hash: string;
    seedHashes: { seed: number; hash: string }[];
    failures: unknown[];
  };
  expect(failures).toEqual([]);
  expect(runs[1]?.output).toContain(`hash ${hash}\n`);
  for (const { seed, hash: one } of seedHashes) expect(runs[1]?.output).toContain(`${seed} ${one}`);
  expect(runs.map(({ status }) => status)).toEqual([0, 0]);
});

test("a planted bug is caught, and told with its seed and how to see it again", async () => {
  const { status, output, errors } = await simulate(
    "--seeds",
    "1..60",
    "--plant",
    "minority-quorum",
  );
  expect(status).toBe(1);
  const [, seed] = /seed (\d+) failed/.exec(errors) ?? [];
  expect(output).toContain(`seed ${seed} FAILED: `);
  expect(output).toContain("drawn from the seed:");
  expect(output).toContain("last events:");
  const again = `--seeds ${seed} --scenario core --plant minority-quorum --events`;
  expect(output).toContain(`again: npm run simulate -- ${again}`);
});

test("every bug can still be planted: its text is in the sources exactly once", () => {
  expect(plants.length).toBeGreaterThanOrEqual(25);
  expect(new Set(plants.map(({ name }) => name)).size).toBe(plants.length);
  const unfit = plants.filter(
    (plant) =>
      occurrences(plant) !== 1 || plant.find === plant.replace || !scenarios.has(plant.scenario),
  );
  expect(unfit.map(({ name }) => name)).toEqual([]);
});

test("a bug whose text is not there once has escaped, and the others are hunted", async () => {
  const [sound] = plants.filter(({ name }) => name === "minority-quorum");
  if (sound === undefined) throw new Error("there is no such plant");
  const unfit: readonly Plant[] = [
    { ...sound, find: "text of another day" },
    { ...sound, find: "e" },
    { ...sound, file: "packages/consensus/src/gone.ts" },
  ];
  const { signal } = new AbortController();
  const hunted = await huntAll([...unfit, sound], 1, signal, () => undefined);
  expect(hunted.map(({ seed, tried }) => [seed !== undefined, tried > 0])).toEqual([
    [false, false],
    [false, false],
    [false, false],
    [true, true],
  ]);
  const lines = hunted.map(huntedLine);
  expect(lines[0]).toContain(`ESCAPED`);
  expect(lines[0]).toContain(`does not fit: ${sound.file}, found 0 times`);
  expect(lines[1]).toMatch(/does not fit: .*, found \d+ times$/u);
  expect(lines[2]).toContain("does not fit: packages/consensus/src/gone.ts, found 0 times");
  expect(scoreOf(hunted, 0, false)).toContain("1 of 4 planted bugs were caught");
});

test("a worker that dies or hangs costs its seed, and the others are run", async () => {
  const plant: Plant = {
    name: "dying and hanging",
    what: "the second seed ends the process, the fourth does not end",
    file: "test/simulator/scripts.ts",
    find: "runOne(seed, trace))",
    replace:
      "(seed === 2 ? process.exit(3) : undefined, runOne(seed, trace), " +
      "seed === 4 ? (() => { for (;;); })() : { script: 1 }))",
    scenario: "scripts",
    seedsMax: 6,
  };
  const outcomes: Outcome[] = [];
  const fleet = new Fleet({
    scenario: "scripts",
    from: 1,
    to: 6,
    workers: 1,
    seedMsMax: 6_000,
    nodeArguments,
    environment: environmentOf(plant),
    onOutcome: (outcome) => {
      outcomes.push(outcome);
      return false;
    },
  });
  await fleet.run();
  expect(outcomes.map(({ seed }) => seed)).toEqual([1, 2, 3, 4, 5, 6]);
  const told = outcomes.map(({ failure }) => failure?.error.split("\n")[0] ?? "");
  expect(told).toEqual([
    "",
    "the worker ended with status 3",
    "",
    "the seed was not done within 6 s",
    "",
    "",
  ]);
});

test("a long run fails when it did not exercise what it should", () => {
  const missing: number[] = [];
  const tally = new Tally({ "leader change": 0.5, crash: 0.1 });
  for (let seed = 1; seed <= 100; seed += 1) {
    const counts = { "leader change": seed % 3 === 0 ? 2 : 0, crash: 1 };
    tally.add({ seed, hash: "", counts, failure: undefined });
    missing.push(tally.missing.length);
  }
  // Of fewer seeds nothing is asked.
  expect(missing.indexOf(1)).toBe(99);
  expect(tally.missing).toEqual([{ kind: "leader change", total: 66, share: 0.33, required: 0.5 }]);
});

test.each([
  [[], "which seeds?"],
  [["--seeds", "9..3"], "did you mean 3..9?"],
  [["--seeds", "a"], "takes A..B or one number"],
  [["--seeds", "1..9", "--events"], "for one seed"],
  [["--seeds", "1", "--scenario", "x"], "known are: core"],
  [["--seeds", "1", "--plant", "x"], "--plant list"],
  [["--seeds", "1", "-o", "xml"], 'takes "json"'],
  [["--seeds", "1", "--workers", "0"], "from 1 to 99"],
  [["--sedes", "1"], "npm run simulate -- "],
])("%j teaches what is expected", (argv, lesson) => {
  const ask = (): unknown => requestOf(argv);
  expect(ask).toThrow(UsageError);
  expect(ask).toThrow(lesson);
});

test("what makes no sense ends with status 2 and the way to the help", async () => {
  const { status, errors } = await simulate("--seeds", "3..1");
  expect(status).toBe(2);
  expect(errors).toContain("npm run simulate -- --help");
});
