/** A region is cut off from all others: what goes on, what is refused, and how it heals. */
import { MeridianError, type Meridian } from "@meridian/client";
import { expect, test } from "vitest";

import { until } from "./support/condition.ts";
import { printFigure, timed } from "./support/figures.ts";
import { platformOfFile } from "./support/file-platform.ts";

const platform = platformOfFile({ profile: "compact" });

const cutOff = "apac";
const strictMs = 3_000;
/** A deadline that is not kept is the default one, or none; a busy machine is late for less. */
const endMsMax = 3 * strictMs;

test("a region that is cut off goes on alone, and converges when it is back", async () => {
  const inside = await platform().connect(cutOff);
  const others = [await platform().connect(cutOff), await platform().connect(cutOff)] as const;
  const outside = await platform().connect("eu-west");
  await outside.create("/global/flag", "before");
  await outside.create("/shared/both", "");
  await inside.create(`/regions/${cutOff}/own`, "");
  await until("the mirror has it", 30_000, () => inside.get("/global/flag", eventual));

  await platform().ok("chaos", "partition", cutOff);
  const known = await timed(() => until("the region knows", 20_000, () => isIn("ISOLATED")));
  printFigure("partition until the region says so", `${Math.round(known.elapsedMs)} ms`);
  await holdsLocally(inside);
  // What waits for its whole deadline does so together, each in a session of its own.
  await Promise.all([refusesStrict(inside, others[0]), marksStale(others[1])]);
  await outside.set("/global/flag", "after");
  await outside.create("/shared/outside", "");
  await inside.create("/shared/inside", "");
  await inside.set("/shared/both", "inside");
  await outside.set("/shared/both", "outside");

  await platform().ok("chaos", "heal");
  const healed = await timed(() => until("all converge", 30_000, () => isOne(inside, outside)));
  printFigure("heal until all data agree", `${Math.round(healed.elapsedMs)} ms`);
  await until("strict writes work again", 30_000, () => inside.set("/global/flag", "from inside"));
  await until("the region knows", 20_000, () => isIn("CONNECTED"));
  await platform().untilWhole(30_000);
});

const eventual = { consistency: "eventual" } as const;

/** Regional and eventual zones work at full strength. */
async function holdsLocally(inside: Meridian): Promise<void> {
  const regional = await timed(() => inside.set(`/regions/${cutOff}/own`, "alone"));
  printFigure("regional write in isolation", `${regional.elapsedMs.toFixed(1)} ms`);
  expect((await inside.get(`/regions/${cutOff}/own`)).text).toBe("alone");
  await inside.set("/shared/both", "alone");
  expect((await inside.get("/shared/both", eventual)).receipt.servedBy.region).toBe(cutOff);
}

/** Strict operations fail when their deadline is over, by name, which the command tells as well. */
async function refusesStrict(writer: Meridian, reader: Meridian): Promise<void> {
  const options = { deadlineMs: strictMs };
  const flags = ["--region", cutOff, "--timeout", String(strictMs), "-o", "json"];
  const [command, ...operations] = await Promise.all([
    platform().run("set", "/global/flag", "lost", ...flags),
    timed(() => failureOf(writer.set("/global/flag", "lost", options))),
    timed(() => failureOf(reader.get("/global/flag", { ...options, consistency: "strict" }))),
  ]);
  for (const { value, elapsedMs } of operations) {
    printFigure("strict operation in isolation", `${value} after ${Math.round(elapsedMs)} ms`);
    expect(value).toBe("GLOBAL_UNAVAILABLE");
    expect(elapsedMs).toBeLessThan(endMsMax);
  }
  expect(JSON.parse(command.stdout)).toMatchObject({ error: { code: "GLOBAL_UNAVAILABLE" } });
  expect(command.code).toBe(7);
}

/** The mirror answers, says how old it is, and is refused to who asks for younger data. */
async function marksStale(inside: Meridian): Promise<void> {
  const { text, receipt } = await until("the mirror ages", 30_000, async () => {
    const read = await inside.get("/global/flag", eventual);
    return read.receipt.stalenessMs > 2_000 ? read : undefined;
  });
  printFigure("a mirror read in isolation says", `${receipt.stalenessMs} ms old`);
  expect({ text, region: receipt.servedBy.region }).toEqual({ text: "before", region: cutOff });
  const fresh = { ...eventual, maxStalenessMs: 1_000, deadlineMs: strictMs };
  expect(await failureOf(inside.get("/global/flag", fresh))).toBe("STALE");
}

/** Whether both sides have what was written on the other, and the same of what both wrote. */
async function isOne(inside: Meridian, outside: Meridian): Promise<true | undefined> {
  const [flag, near, far] = await Promise.all([
    inside.get("/global/flag", eventual),
    inside.get("/shared/both", { consistency: "regional" }),
    outside.get("/shared/both", { consistency: "regional" }),
    inside.get("/shared/outside", { consistency: "regional" }),
    outside.get("/shared/inside", { consistency: "regional" }),
  ]);
  const texts = [flag.text, near.text, far.text];
  return texts.join() === "after,outside,outside" ? true : undefined;
}

async function isIn(state: string): Promise<true | undefined> {
  // While it is cut off only those inside of it can ask.
  const nodes = await platform().statusWithin(cutOff);
  const members = nodes.filter(({ role }) => role === "regional-voter");
  return members.some(({ partitionState }) => partitionState === state) ? true : undefined;
}

async function failureOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "it succeeded";
  } catch (error) {
    if (error instanceof MeridianError) return error.code;
    throw error;
  }
}
