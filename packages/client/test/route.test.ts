import { expect, test } from "vitest";
import {
  defaultConsistency,
  originsOf,
  ownerOf,
  quorumOf,
  readSteps,
  watchSteps,
  type Step,
} from "../src/route.ts";
import type { ZonePolicy } from "../src/zone-table.ts";

const vantage = { region: "us-west", regions: ["us-west", "eu-west", "apac"] };
const strict: ZonePolicy = {
  prefix: "/global",
  consistency: "strict",
  home: "",
  replicate: "all",
};
const regionalAtHome: ZonePolicy = { ...strict, consistency: "regional", home: "us-west" };
const regionalAway: ZonePolicy = { ...strict, consistency: "regional", home: "eu-west" };
const eventual: ZonePolicy = { ...strict, prefix: "/shared", consistency: "eventual" };

/** Steps as short words: who, and what is asked of them. */
function words(steps: readonly Step[]): readonly string[] {
  return steps.map(({ destination, consistency }) => {
    const who = destination.kind === "cluster" ? destination.cluster : destination.kind;
    return `${who}:${consistency}`;
  });
}

const cells: readonly [string, ZonePolicy, "strict" | "regional" | "eventual", string[]][] = [
  ["strict zone, strict read", strict, "strict", ["global:strict"]],
  [
    "strict zone, regional read",
    strict,
    "regional",
    ["us-west:regional", "elsewhere:regional", "global:strict"],
  ],
  [
    "strict zone, eventual read",
    strict,
    "eventual",
    ["edges:eventual", "us-west:eventual", "elsewhere:eventual", "global:strict"],
  ],
  ["regional zone at home, strict read", regionalAtHome, "strict", ["us-west:strict"]],
  [
    "regional zone at home, regional read",
    regionalAtHome,
    "regional",
    ["us-west:regional", "elsewhere:regional"],
  ],
  [
    "regional zone at home, eventual read",
    regionalAtHome,
    "eventual",
    ["edges:eventual", "us-west:eventual", "elsewhere:eventual"],
  ],
  ["regional zone of another region, strict read", regionalAway, "strict", ["eu-west:strict"]],
  [
    "regional zone of another region, regional read",
    regionalAway,
    "regional",
    ["us-west:regional", "elsewhere:regional", "eu-west:strict"],
  ],
  [
    "regional zone of another region, eventual read",
    regionalAway,
    "eventual",
    ["edges:eventual", "us-west:eventual", "elsewhere:eventual", "eu-west:strict"],
  ],
  [
    "eventual zone, regional read",
    eventual,
    "regional",
    ["us-west:regional", "elsewhere:regional"],
  ],
  [
    "eventual zone, eventual read",
    eventual,
    "eventual",
    ["edges:eventual", "us-west:eventual", "elsewhere:eventual"],
  ],
];

test.each(cells)("%s goes where the table of semantics says", (_, policy, asked, expected) => {
  expect(words(readSteps(policy, asked, vantage))).toEqual(expected);
});

test("a strict read of an eventual zone is refused, and the error names the way out", () => {
  expect(() => readSteps(eventual, "strict", vantage)).toThrowError(
    expect.objectContaining({ code: "UNSUPPORTED", message: expect.stringMatching(/quorum/) }),
  );
});

test("writes go to the global cluster, to the home, or to the caller's region", () => {
  const owners = [strict, regionalAtHome, regionalAway, eventual].map((policy) =>
    ownerOf(policy, vantage),
  );
  expect(owners).toEqual(["global", "us-west", "eu-west", "us-west"]);
});

test("a read asks by default for what its zone gives", () => {
  expect([strict, regionalAway, eventual].map(defaultConsistency)).toEqual([
    "strict",
    "regional",
    "eventual",
  ]);
});

test("only the histories that decide what a path shows matter to a token", () => {
  expect(originsOf(strict, vantage)).toEqual(["global"]);
  expect(originsOf(regionalAway, vantage)).toEqual(["eu-west"]);
  expect(originsOf(eventual, vantage)).toEqual(vantage.regions);
});

test("data that is not copied is read at its home alone", () => {
  const hidden: ZonePolicy = { ...regionalAway, replicate: [] };
  for (const asked of ["regional", "eventual"] as const) {
    expect(words(readSteps(hidden, asked, vantage))).toEqual(["eu-west:strict"]);
    expect(words(watchSteps(hidden, asked, vantage))).toEqual(["eu-west:strict"]);
  }
  expect(quorumOf(hidden, vantage)).toEqual({ regions: ["eu-west"], majority: 1 });
});

test("data that some regions hold is read there, and at home", () => {
  const pinned: ZonePolicy = { ...regionalAway, replicate: ["apac"] };
  expect(words(readSteps(pinned, "regional", vantage))).toEqual(["eu-west:strict"]);
  const near: ZonePolicy = { ...regionalAway, replicate: ["us-west"] };
  expect(words(readSteps(near, "regional", vantage))).toEqual([
    "us-west:regional",
    "eu-west:strict",
  ]);
});

test("a quorum is a majority of the regions that hold the data", () => {
  expect(quorumOf(eventual, vantage)).toEqual({ regions: vantage.regions, majority: 2 });
});

test("a watch falls back to an edge before it goes to another region", () => {
  expect(words(watchSteps(strict, "regional", vantage))).toEqual([
    "us-west:regional",
    "edges:eventual",
    "elsewhere:regional",
    "global:strict",
  ]);
  expect(words(watchSteps(strict, "strict", vantage))).toEqual(["global:strict"]);
  expect(words(watchSteps(eventual, "eventual", vantage))[0]).toBe("edges:eventual");
});
