/** An operator puts the secondary in force when the primary and the witnesses are lost. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { MeridianError } from "@meridian/client";
import { expect, test } from "vitest";

import { until } from "./support/condition.ts";
import { printFigure, timed } from "./support/figures.ts";
import { platformOfFile } from "./support/file-platform.ts";

const platform = platformOfFile({ profile: "compact" });

/** Sites of the primary and of the witnesses. */
const lostSites = ["us-east", "us-west", "us-central", "eu-west"];
const promoted = "eu-central";
const lostWrites = 5;

test("the secondary goes on alone, and what only the others had is journaled", async () => {
  const before = await platform().connect("apac");
  await until("a strict write", 30_000, () => before.create("/global/kept", "1"));
  await platform().ok("global", "transfer", "--region", "us-east");
  await platform().ok("chaos", "partition", promoted);
  const held = await before.lock("/global/billing").acquire();
  for (let at = 0; at < lostWrites; at += 1) await before.create(`/global/lost-${at}`, "2");
  await Promise.all(lostSites.map((site) => platform().ok("chaos", "kill", site)));
  await platform().ok("chaos", "heal");
  const careless = await platform().run("global", "force-promote", "--region", promoted);
  expect(careless.code).toBe(2);
  const { elapsedMs } = await timed(() => forced());
  printFigure("force-promote until it leads", `${Math.round(elapsedMs)} ms`);

  const after = await platform().connect("apac");
  await until("a strict write", 30_000, () => after.create("/global/after", "3"));
  expect((await after.get("/global/kept")).text).toBe("1");
  await expect(after.get("/global/lost-0")).rejects.toMatchObject({ code: "NO_NODE" });

  // What was locked in the history that was given up is locked no more, and tokens go on growing.
  await until("the lock is lost", 60_000, () => (held.lost.aborted ? true : undefined));
  const next = await after.lock("/global/billing").acquire({ deadlineMs: 60_000 });
  expect(next.fencingToken).toBeGreaterThan(held.fencingToken);

  await Promise.all(lostSites.map((site) => platform().ok("chaos", "restart", site)));
  await until("all are of the new incarnation", 90_000, async () => {
    const { nodes } = await platform().status();
    const global = nodes.filter(({ cluster, reachable }) => reachable && cluster === "global");
    return global.length === 13 && global.every((node) => node.incarnation === 2)
      ? true
      : undefined;
  });
  const journals = journalsOf(platform().data);
  printFigure("journals", `${journals.length} files`);
  const withLost = journals.filter((lines) => lines.join("").includes("/global/lost-4"));
  expect(withLost.length).toBeGreaterThanOrEqual(3);
  for (const lines of journals) {
    expect(JSON.parse(lines.at(-1) ?? "{}")).toMatchObject({ entries: lines.length - 1 });
  }
  // Nothing of it came back by itself, and everybody sees the history that counts.
  await expect(after.get("/global/lost-0")).rejects.toMatchObject({ code: "NO_NODE" });
  const mirror = await platform().connect("us-west");
  await until("a mirror has it", 60_000, async () => {
    const { text } = await mirror.get("/global/after", { consistency: "eventual" });
    return text === "3" ? true : undefined;
  });
  await expect(gone(() => mirror.get("/global/lost-0", { consistency: "eventual" }))).resolves.toBe(
    "NO_NODE",
  );
}, 300_000);

/** Until the others have noticed that nobody leads any more it is refused. */
async function forced(): Promise<void> {
  await until("it is put in force", 60_000, async () => {
    const args = ["global", "force-promote", "--region", promoted, "--accept-loss"];
    const { code, stderr } = await platform().run(...args);
    if (code !== 0) throw new Error(stderr);
    return true;
  });
}

async function gone(read: () => Promise<unknown>): Promise<string> {
  try {
    await read();
    return "";
  } catch (error) {
    return error instanceof MeridianError ? error.code : String(error);
  }
}

/** Lines of all journals below a directory. */
function journalsOf(directory: string): readonly (readonly string[])[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter(
      ({ name, parentPath }) => name === "global-1.jsonl" && parentPath.endsWith("divergence"),
    )
    .map(({ name, parentPath }) => readFileSync(join(parentPath, name), "utf8").trim().split("\n"));
}
