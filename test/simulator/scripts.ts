import { readdirSync, readFileSync } from "node:fs";
import { runScript } from "@meridian/consensus/scripts";
import type { Counts, Scenario, Trace } from "./scenario.ts";

const folder: string = new URL("../../packages/consensus/test/scripts/", import.meta.url).pathname;

/** All directed scripts, by name; seed 1 is the first. */
const scriptNames: readonly string[] = readdirSync(folder)
  .filter((name) => name.endsWith(".txt"))
  .sort();

/** Directed scripts of the core: what chance would hardly find. */
export const scripts: Scenario = {
  name: "scripts",
  description: "the directed scripts of packages/consensus: seed N is the Nth by name, and round",
  required: {},
  run: (seed, trace) => Promise.resolve(runOne(seed, trace)),
};

function runOne(seed: number, trace: Trace): Counts {
  const name = scriptNames[(seed - 1) % scriptNames.length] ?? "";
  trace.setup(`script: ${name}`);
  const expected = readFileSync(`${folder}${name}`, "utf8");
  const found = runScript(expected);
  for (const line of found.split("\n")) trace.event(line);
  const lines = expected.split("\n");
  const at = found.split("\n").findIndex((line, place) => line !== lines[place]);
  if (at === -1 && found === expected) return { script: 1 };
  const told = `${name}:${at + 1}: ${found.split("\n")[at] ?? "nothing"}`;
  throw new Error(`${told}; expected: ${lines[at] ?? "nothing"}`);
}
