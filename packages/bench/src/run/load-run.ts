import { type Meridian, type ReadConsistency, connect } from "@meridian/client";

import type { Send } from "../load/closed-loop.ts";
import { drive } from "../load/drive.ts";
import { inParallel } from "../load/parallel.ts";
import { Tally } from "../load/tally.ts";
import type { Latency } from "../workload.ts";
import { Ground } from "./ground.ts";
import { type Mix, type OperationKind, operationKinds, rotation } from "./mix.ts";

/** Connections that are opened at a time. */
const openingsMax = 50;

/** What load to put on which platform. */
export interface LoadRunOptions {
  readonly endpoints: readonly string[];
  readonly region: string | undefined;
  readonly mix: Mix;
  /** Operations a second, open loop; undefined: closed loop. */
  readonly ratePerSecond?: number | undefined;
  /** Under way at any time; of an open loop, at most. */
  readonly outstanding: number;
  readonly connections: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
  readonly valueBytes: number;
  readonly keys: number;
  /** Parent of the nodes; its zone decides where they live. Default: the own region's. */
  readonly prefix?: string | undefined;
  /** Of reads; default: what the zone gives. */
  readonly consistency?: ReadConsistency | undefined;
  /** Leaves the nodes behind. */
  readonly keep: boolean;
  /** Ends it early, with what was counted so far. */
  readonly signal: AbortSignal;
  /** Told once a second. */
  readonly onSecond: (progress: LoadProgress) => void;
}

/** How a run goes. */
export interface LoadProgress {
  /** Seconds since it counts. */
  readonly second: number;
  /** Operations answered well within the last second. */
  readonly operations: number;
  /** Failures so far. */
  readonly failures: number;
  /** Of all so far. */
  readonly latencyUs: Latency;
}

/** What came of a run. */
export interface LoadRunResult {
  /** Parent of the nodes. */
  readonly prefix: string;
  readonly seconds: number;
  readonly operations: number;
  readonly operationsPerSecond: number;
  readonly latencyUs: Latency;
  /** Refusals and losses by their code. */
  readonly errors: Readonly<Record<string, number>>;
  readonly kinds: readonly KindResult[];
  /** Processors that this process kept busy: near 1 it is what limits. */
  readonly loaderShare: number;
}

/** What came of the operations of one kind. */
interface KindResult {
  readonly kind: OperationKind;
  readonly operations: number;
  readonly operationsPerSecond: number;
  readonly latencyUs: Latency;
  readonly errors: Readonly<Record<string, number>>;
}

/**
 * Puts load on a running platform through the client, as applications do. Makes its nodes first,
 * and deletes them afterwards.
 * @throws {MeridianError} when the nodes cannot be made.
 */
export async function runLoad(options: LoadRunOptions): Promise<LoadRunResult> {
  const { endpoints, region, connections, signal } = options;
  const clients: Meridian[] = [];
  await inParallel(connections, openingsMax, async () => {
    clients.push(await connect({ endpoints, region, signal }));
  });
  const [first] = clients;
  if (first === undefined) throw new RangeError("no connection");
  const ground = new Ground(first, options.prefix ?? `/regions/${first.region}/bench`);
  try {
    await ground.prepare(options.keys, options.valueBytes, signal);
    return await loadOn(clients, ground, options);
  } finally {
    if (!options.keep) await ground.clear(clients.map(({ token }) => token));
    await Promise.all(clients.map((client) => client.close()));
  }
}

async function loadOn(
  clients: readonly Meridian[],
  ground: Ground,
  options: LoadRunOptions,
): Promise<LoadRunResult> {
  const tallies = new Map<OperationKind, Tally>();
  for (const kind of operationKinds) if (options.mix.has(kind)) tallies.set(kind, new Tally());
  const next = rotation(options.mix);
  const senders = clients.map((client): Send => {
    const perform = performer(client, ground, options);
    const attempt = async (n: number, sinceMs: number): Promise<string | undefined> => {
      const kind = next();
      const tally = tallies.get(kind);
      try {
        await perform(kind, n);
        tally?.succeeded(sinceMs);
        return undefined;
      } catch (error) {
        const code = codeOf(error);
        tally?.failed(code);
        return code;
      }
    };
    return async (n, sinceMs, done) => {
      done(await attempt(n, sinceMs));
    };
  });
  let ticker: NodeJS.Timeout | undefined;
  const { outstanding, ratePerSecond, warmUpSeconds, seconds, signal } = options;
  const load = { outstanding, ratePerSecond, warmUpSeconds, seconds };
  let errors: Readonly<Record<string, number>> = {};
  const result = await drive(senders, load, {
    signal,
    onMeasuring: (tally) => {
      for (const each of tallies.values()) each.begin();
      ticker = reporting(tally, options.onSecond);
    },
    onMeasured: (tally) => {
      clearInterval(ticker);
      errors = Object.fromEntries(tally.failures);
    },
  });
  const { operations, latencyUs, processorMs } = result;
  return {
    prefix: ground.prefix,
    seconds: result.seconds,
    operations,
    operationsPerSecond: operations / result.seconds,
    latencyUs,
    errors,
    kinds: [...tallies].map(([kind, tally]) => kindResult(kind, tally, result.seconds)),
    loaderShare: processorMs / 1_000 / result.seconds,
  };
}

function performer(
  client: Meridian,
  ground: Ground,
  { valueBytes, consistency }: LoadRunOptions,
): (kind: OperationKind, n: number) => Promise<unknown> {
  const data = new Uint8Array(valueBytes).fill(120);
  return (kind, n) => {
    switch (kind) {
      case "read":
        return client.get(ground.key(n), { consistency });
      case "strict-read":
        return client.get(ground.key(n), { consistency: "strict" });
      case "write":
        return client.set(ground.key(n), data);
      case "create":
        return client.create(ground.unused(), data);
    }
  };
}

function reporting(tally: Tally, onSecond: LoadRunOptions["onSecond"]): NodeJS.Timeout {
  let second = 0;
  let before = 0;
  return setInterval(() => {
    second += 1;
    const { operations, latencyUs } = tally;
    const failures = [...tally.failures.values()].reduce((sum, count) => sum + count, 0);
    onSecond({ second, operations: operations - before, failures, latencyUs });
    before = operations;
  }, 1_000);
}

function kindResult(kind: OperationKind, tally: Tally, seconds: number): KindResult {
  const { operations, latencyUs } = tally;
  const errors = Object.fromEntries(tally.failures);
  return { kind, operations, operationsPerSecond: operations / seconds, latencyUs, errors };
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "UNKNOWN";
}
