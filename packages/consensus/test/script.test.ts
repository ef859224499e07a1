import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { runScript } from "./support/script.ts";

const folder = new URL("scripts/", import.meta.url);
const scripts = readdirSync(folder).filter((name) => name.endsWith(".txt"));

test.each(scripts)("script %s", async (name) => {
  const file = new URL(name, folder).pathname;
  const output = runScript(readFileSync(file, "utf8"));
  const complaints = output.split("\n").filter((line) => line.startsWith("!"));
  expect(complaints).toEqual([]);
  await expect(output).toMatchFileSnapshot(file);
});
