import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";

import {
  beginMarker,
  cellsOf,
  compare as measure,
  embed,
  endMarker,
  markdownOf,
  type Report,
  reportOf,
  type Row,
  rows,
  type Starter,
  startersOf,
} from "@meridian/bench";

import { interruption } from "../data/interruption.ts";
import { CommandError, usageError } from "../failure/command-error.ts";
import { exitCodes, type ExitCode } from "../failure/exit-code.ts";
import { print, printJson } from "../output/print.ts";
import { table } from "../output/table.ts";
import { version } from "../version.ts";
import type { CompareOptions } from "./options.ts";

const program = fileURLToPath(new URL("../../bin/meridian.js", import.meta.url));
const head = ["ROW", "UNIT", "MERIDIAN", "ZOOKEEPER", "ETCD", "x ZK", "x ETCD", "GOAL", "MET"];

/** `meridian bench compare`. Partial (8) when a figure is missing that should not be. */
export async function compare(options: CompareOptions): Promise<ExitCode> {
  const { from, output } = options;
  const { report, hasFailed } =
    from === undefined ? await measured(options) : { report: earlier(from), hasFailed: false };
  if (options.embed !== undefined) embedIn(options.embed, report);
  if (output === "json") await printJson(report);
  else await print(output === "markdown" ? markdownOf(report) : textOf(report));
  return hasFailed ? exitCodes.partial : exitCodes.ok;
}

async function measured(options: CompareOptions): Promise<{ report: Report; hasFailed: boolean }> {
  const stop = new AbortController();
  const wanted = chosenRows(options.only);
  const starters = chosenStarters(options.peers);
  const directory = options.data ?? tmpdir();
  mkdirSync(directory, { recursive: true });
  void interruption().then((signal) => {
    const message = `ended by ${signal}; everything that was started is gone`;
    stop.abort(new CommandError(exitCodes.failure, "INTERRUPTED", message));
  });
  const comparison = await measure({
    rows: wanted,
    starters,
    rounds: options.rounds,
    seconds: options.seconds,
    warmUpSeconds: options.warmUp,
    directory,
    basePort: options.basePort,
    program,
    signal: stop.signal,
    say: (line) => void process.stderr.write(`meridian: ${line}\n`),
  });
  const hasFailed = comparison.rows.some((row) => row.hasFailed);
  return { report: reportOf(comparison), hasFailed };
}

/** Rows by their names, or by what several names begin with. */
function chosenRows(only: string | undefined): readonly Row[] {
  if (only === undefined) return rows;
  const wanted = listOf(only);
  const names = rows.map(({ name }) => name).join(", ");
  const unknown = wanted.find((word) => rows.every(({ name }) => !name.startsWith(word)));
  if (unknown !== undefined) throw usageError(`there is no row ${unknown}; there are: ${names}`);
  if (wanted.length === 0) throw usageError(`--only names no row; there are: ${names}`);
  // A whole name means that row and not those whose names go on.
  const exact = new Set(wanted.filter((word) => rows.some(({ name }) => name === word)));
  const begun = wanted.filter((word) => !exact.has(word));
  return rows.filter(({ name }) => exact.has(name) || begun.some((word) => name.startsWith(word)));
}

function chosenStarters(peers: string): readonly Starter[] {
  const starters = startersOf(program, version());
  const wanted = listOf(peers);
  const known = starters.map(({ name }) => name).filter((name) => name !== "meridian");
  const unknown = wanted.find((word) => known.every((name) => name !== word));
  if (unknown !== undefined) {
    throw usageError(`there is no peer ${unknown}; there are: ${known.join(", ")}`);
  }
  return starters.filter(({ name }) => name === "meridian" || wanted.includes(name));
}

function listOf(text: string): readonly string[] {
  return text
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");
}

function textOf(report: Report): string {
  const lines = report.rows.map((row) => [row.name, row.unit, ...cellsOf(row)]);
  return table(head, lines);
}

/** @throws {CommandError} usage, when the file is not what `-o json` prints. */
function earlier(file: string): Report {
  try {
    const report = JSON.parse(readFileSync(file, "utf8")) as Report;
    if (!Array.isArray(report.rows)) throw new TypeError("it has no rows");
    return report;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw usageError(`${file} is no result of bench compare -o json: ${why}`);
  }
}

function embedIn(file: string, report: Report): void {
  const text = embed(readFileSync(file, "utf8"), report);
  if (text === undefined) {
    throw usageError(`${file} lacks the lines ${beginMarker} and ${endMarker}`);
  }
  writeFileSync(file, text);
}
