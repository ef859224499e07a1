import { readFileSync, writeFileSync } from "node:fs";
import { type Counter, counters, type Counts } from "./counter.ts";
import type { Measured } from "./worker.ts";

/** What the operations of a workload took when that was last written down. */
interface Expected {
  readonly counts: Counts;
  /** Calls by package. */
  readonly calls: Readonly<Record<string, number>>;
}

/** What all workloads took when that was last written down. */
export interface Baseline {
  /** Version of V8 whose memory was counted; another one takes another amount. */
  readonly v8: string;
  readonly cases: Readonly<Record<string, Expected>>;
}

/** How a workload compares with what was written down: one line for each count that differs. */
export interface Comparison {
  readonly grown: readonly string[];
  readonly fallen: readonly string[];
}

const file: URL = new URL("../baseline.json", import.meta.url);

/** The version of V8 that runs this, as far as it matters to the size of things. */
const v8: string = process.versions.v8.split(".").slice(0, 2).join(".");

/** Share by which a count may differ: nothing is left to chance but where memory lies. */
const tolerance = 0.01;
/** What is so small says nothing: a frame in a hundred operations. */
const slack = 0.01;
/** Memory is taken in pieces: so much more or less, in all, depends on where the last one began. */
const pieceBytes = 16 * 1024;
const memory = new Set<Counter>(["heapBytes", "bufferBytes"]);

/** @throws {Error} when nothing was ever written down. */
export function readBaseline(): Baseline {
  return JSON.parse(readFileSync(file, "utf8")) as Baseline;
}

/** Writes down what was measured; with `alone` nothing of what was written down before stays. */
export function writeBaseline(measured: readonly Measured[], alone: boolean): void {
  const { cases } = baselineOf(measured);
  const baseline: Baseline = { v8, cases: alone ? cases : { ...readBaseline().cases, ...cases } };
  writeFileSync(file, `${JSON.stringify(baseline, undefined, 2)}\n`);
}

/** What was measured, to compare others with. */
export function baselineOf(measured: readonly Measured[]): Baseline {
  const cases: Record<string, Expected> = {};
  for (const { name, counts, calls } of measured) cases[name] = { counts, calls: byPackage(calls) };
  return { v8, cases };
}

/** Compares what was measured with what was written down. */
export function compare(measured: Measured, baseline: Baseline): Comparison {
  const { name, operations, counts } = measured;
  const expected = baseline.cases[name];
  if (expected === undefined) return { grown: [`${name}: is new`], fallen: [] };
  const grown: string[] = [];
  const fallen: string[] = [];
  for (const counter of counters) {
    if (memory.has(counter) && baseline.v8 !== v8) continue;
    const [was, is] = [expected.counts[counter], counts[counter]];
    const least = memory.has(counter) ? pieceBytes / operations : slack;
    const margin = was * tolerance + least;
    if (Math.abs(is - was) <= margin) continue;
    const change = was === 0 ? "" : ` (${signed((is / was - 1) * 100)} %)`;
    const where = counter === "calls" ? whereGrown(measured, expected) : "";
    (is > was ? grown : fallen).push(`${name}: ${counter} ${was} → ${is}${change}${where}`);
  }
  return { grown, fallen };
}

/** Packages in which calls have become more. */
function whereGrown({ calls }: Measured, expected: Expected): string {
  const found = Object.entries(byPackage(calls)).flatMap(([name, is]) => {
    const was = expected.calls[name] ?? 0;
    return is - was > was * tolerance + slack ? [`${name} ${was} → ${is}`] : [];
  });
  return found.length === 0 ? "" : `: ${found.join(", ")}`;
}

function byPackage(calls: Measured["calls"]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [key, count] of Object.entries(calls)) {
    const name = key.slice(0, key.indexOf("/"));
    sums[name] = Math.round(((sums[name] ?? 0) + count) * 1_000) / 1_000;
  }
  return sums;
}

function signed(percent: number): string {
  return `${percent > 0 ? "+" : ""}${percent.toFixed(1)}`;
}
