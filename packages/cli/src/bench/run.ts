import {
  figure,
  type LoadProgress,
  type LoadRunResult,
  type Mix,
  parseMix,
  runLoad,
} from "@meridian/bench";

import { findPlatform } from "../connection/whereabouts.ts";
import { interruption } from "../data/interruption.ts";
import { usageError } from "../failure/command-error.ts";
import { exitCodes, type ExitCode } from "../failure/exit-code.ts";
import { print, printJson } from "../output/print.ts";
import { table } from "../output/table.ts";
import type { RunOptions } from "./options.ts";

const head = ["KIND", "OPERATIONS", "A SECOND", "p50 ms", "p90 ms", "p99 ms", "p99.9 ms", "ERRORS"];
const defaultOutstanding = 100;
/** Of an open loop: what is due beyond it is left out and counted. */
const outstandingMax = 10_000;

/** `meridian bench run`. A first interruption ends it early, with what was counted so far. */
export async function run(options: RunOptions): Promise<ExitCode> {
  const { rate, outstanding, output } = options;
  const { endpoints, region } = findPlatform(options);
  const mix = mixOf(options.mix);
  const stop = new AbortController();
  void interruption().then(() => stop.abort());
  const result = await runLoad({
    endpoints,
    region: region === "" ? undefined : region,
    mix,
    ratePerSecond: rate,
    outstanding: outstanding ?? (rate === undefined ? defaultOutstanding : outstandingMax),
    connections: options.connections,
    warmUpSeconds: options.warmUp,
    seconds: options.seconds,
    valueBytes: options.valueBytes,
    keys: options.keys,
    prefix: options.prefix,
    consistency: options.consistency,
    keep: options.keep === true,
    signal: stop.signal,
    onSecond: (progress) => void process.stderr.write(`meridian: ${lineOf(progress)}\n`),
  });
  if (output === "json") await printJson(result);
  else await print(textOf(result));
  return exitCodes.ok;
}

function mixOf(text: string): Mix {
  try {
    return parseMix(text);
  } catch (error) {
    if (error instanceof RangeError) throw usageError(`--mix: ${error.message}`);
    throw error;
  }
}

function lineOf({ second, operations, failures, latencyUs }: LoadProgress): string {
  const { p50, p99 } = latencyUs;
  const latencies = `p50 ${figure(p50 / 1_000)} ms, p99 ${figure(p99 / 1_000)} ms so far`;
  return `${second} s: ${operations} op/s, ${latencies}, ${failures} errors`;
}

function textOf(result: LoadRunResult): string {
  const all = { kind: "all", ...result };
  const shown = result.kinds.length > 1 ? [...result.kinds, all] : result.kinds;
  const rows = shown.map(({ kind, operations, operationsPerSecond, latencyUs, errors }) => [
    kind,
    operations,
    figure(operationsPerSecond),
    ...[latencyUs.p50, latencyUs.p90, latencyUs.p99, latencyUs.p999].map((us) => figure(us / 1e3)),
    Object.entries(errors)
      .map(([code, count]) => `${code}=${count}`)
      .join(",") || "0",
  ]);
  return table(head, rows);
}
