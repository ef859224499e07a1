import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

import { compare, type ComparisonOptions } from "../src/comparison/comparison.ts";
import type { Row } from "../src/row.ts";
import {
  type Place,
  type Starter,
  type System,
  type SystemName,
  systemNames,
  Unmeasured,
} from "../src/system.ts";
import type { LoadResult } from "../src/workload.ts";

let directory: string;
let story: string[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "meridian-comparison-"));
  story = [];
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

const nothing: LoadResult = {
  operations: 10,
  failures: 0,
  seconds: 1,
  latencyUs: { p50: 1, p90: 1, p99: 1, p999: 1, max: 1 },
  processorMs: 100,
  longestGapMs: 0,
};

/** A cluster of nothing, that tells what is done with it. */
function system(name: SystemName, place: Place): System {
  writeFileSync(join(place.directory, "data"), "");
  return {
    name,
    servers: [],
    leader: () => Promise.resolve(undefined),
    untilWritable: () => Promise.resolve(),
    run: ({ kind }, { onMeasuring }) => {
      story.push(`${name} ${kind}`);
      onMeasuring?.();
      return Promise.resolve(nothing);
    },
    [Symbol.asyncDispose]: () => {
      story.push(`${name} ends`);
      return Promise.resolve();
    },
  };
}

function starter(name: SystemName): Starter {
  return {
    name,
    find: () => Promise.resolve({ installed: true, version: "1.2", notes: [] }),
    start: (place) => {
      story.push(`${name} starts`);
      return Promise.resolve(system(name, place));
    },
  };
}

function row(name: string, measure: Row["measure"], more: Partial<Row> = {}): Row {
  return {
    name,
    title: name,
    unit: "op/s",
    better: "higher",
    goal: "some",
    systems: systemNames,
    judge: () => null,
    measure,
    ...more,
  };
}

const counting: Row["measure"] = async (stage) => {
  await stage.cluster();
  return { value: stage.round };
};

function options(rows: readonly Row[], more: Partial<ComparisonOptions> = {}): ComparisonOptions {
  return {
    rows,
    starters: [starter("meridian"), starter("zookeeper")],
    rounds: 2,
    seconds: 1,
    warmUpSeconds: 0,
    directory,
    basePort: 18_060,
    program: "meridian.js",
    signal: new AbortController().signal,
    say: (line) => void story.push(`: ${line}`),
    ...more,
  };
}

test("rounds go round the systems; rows share a cluster that ends with the turn", async () => {
  const { rows } = await compare(options([row("a", counting), row("b", counting)]));
  const deeds = story.filter((line) => !line.startsWith(":"));
  const turn = (name: string) => [`${name} starts`, `${name} create`, `${name} ends`];
  const round = [...turn("meridian"), ...turn("zookeeper")];
  expect(deeds).toEqual([...round, ...round]);
  expect(rows.map(({ samples }) => samples.zookeeper.map(({ value }) => value))).toEqual([
    [1, 2],
    [1, 2],
  ]);
  expect(readdirSync(directory)).toEqual([]);
});

test("a cluster of one row's own runs alone", async () => {
  const own = row("own", async (stage) => {
    const cluster = await stage.ownCluster();
    story.push("own");
    await cluster[Symbol.asyncDispose]();
    return { value: 1 };
  });
  await compare(options([row("a", counting), own], { rounds: 1, starters: [starter("etcd")] }));
  const deeds = story.filter((line) => !line.startsWith(":"));
  const expected = ["etcd starts", "etcd create", "etcd ends", "etcd starts", "own", "etcd ends"];
  expect(deeds.slice(0, expected.length)).toEqual(expected);
  expect(readdirSync(directory)).toEqual([]);
});

test("a row that fails is told of, and the next one begins with another cluster", async () => {
  const failing = row("bad", async (stage) => {
    await stage.cluster();
    throw new Error("it fell over");
  });
  const { rows } = await compare(
    options([failing, row("good", counting)], { rounds: 1, starters: [starter("meridian")] }),
  );
  expect(rows[0]).toMatchObject({ hasFailed: true, reasons: { meridian: "it fell over" } });
  expect(rows[1]).toMatchObject({ hasFailed: false, samples: { meridian: [{ value: 1 }] } });
  expect(story.filter((line) => line === "meridian starts")).toHaveLength(2);
});

test("what a system does not offer is no failure", async () => {
  const missing = row("none", () => Promise.reject(new Unmeasured("no such reads")));
  const { rows } = await compare(options([missing], { rounds: 1 }));
  expect(rows[0]).toMatchObject({ hasFailed: false, reasons: { zookeeper: "no such reads" } });
});

test("a peer that is not installed is left out, with the reason", async () => {
  const absent: Starter = {
    ...starter("etcd"),
    find: () => Promise.resolve({ installed: false, reason: "install etcd-server" }),
  };
  const { versions, rows } = await compare(
    options([row("a", counting)], { rounds: 1, starters: [starter("meridian"), absent] }),
  );
  expect(versions).toMatchObject({
    meridian: "1.2",
    etcd: "not measured: install etcd-server",
    zookeeper: "not measured: not asked for",
  });
  expect(story).toContain(": etcd is left out: install etcd-server");
  expect(rows[0]?.samples.etcd).toEqual([]);
});

test("an interruption ends what runs and removes what was written", async () => {
  const stop = new AbortController();
  let data = "";
  const stuck = row("stuck", async (stage) => {
    await stage.cluster();
    data = (await stage.place()).directory;
    stop.abort(new Error("enough"));
    stage.signal.throwIfAborted();
    return { value: 1 };
  });
  await expect(compare(options([stuck], { signal: stop.signal }))).rejects.toThrow("enough");
  expect(story.at(-1)).toBe("meridian ends");
  expect(existsSync(data)).toBe(false);
  expect(readdirSync(directory)).toEqual([]);
});

test("rows of one round share what they do once", async () => {
  let done = 0;
  const sharing: Row["measure"] = (stage) =>
    stage.once("work", async () => ({ value: await Promise.resolve((done += 1)) }));
  const { rows } = await compare(options([row("a", sharing), row("b", sharing)], { rounds: 1 }));
  expect(rows.map(({ samples }) => samples.meridian[0]?.value)).toEqual([1, 1]);
  expect(done).toBe(2);
});

test("a row of fewer rounds is left out of the others", async () => {
  const { rows } = await compare(options([row("a", counting, { roundsMax: 1 })], { rounds: 3 }));
  expect(rows[0]?.samples.meridian).toHaveLength(1);
});
