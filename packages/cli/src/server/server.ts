import { readNodeConfig, type NodeConfig } from "../config/node-config.ts";
import { usageError } from "../failure/command-error.ts";
import type { ExitCode } from "../failure/exit-code.ts";
import { failureOf, reportFailure } from "../failure/report.ts";
import { startNode, type RunningNode } from "../node.ts";
import { boundHeap } from "./heap-bounds.ts";
import { openLog } from "./log.ts";
import { startFailure } from "./start-failure.ts";

/**
 * What a server process that was started by a local platform tells it over the channel between
 * them.
 */
export type ServerReport =
  | { readonly kind: "started" }
  | { readonly kind: "failed"; readonly code: string; readonly message: string };

/**
 * Time that nodes get to close before the process goes anyway. Storage is crash-safe: only
 * politeness is lost.
 */
const closeMsMax = 1_500;

/**
 * Runs the nodes of some configuration files in this process until it is told to stop: by SIGTERM
 * or SIGINT, or, under a local platform, by the end of the platform. Resolves with the exit code.
 */
export async function runServer(files: readonly string[]): Promise<number> {
  boundHeap();
  const configs = files.map((file) => readNodeConfig(file));
  refuseDoubles(configs);
  const stopped = stopRequest();
  const starting = configs.map((config) => start(config));
  try {
    await Promise.all(starting);
  } catch (error) {
    const exitCode = told(error);
    await close(await settled(starting));
    return exitCode;
  }
  const nodes = await Promise.all(starting);
  tell({ kind: "started" });
  const failures = nodes.map(({ failed }) => failed);
  try {
    await Promise.race([stopped, ...failures]);
    return 0;
  } catch (error) {
    return told(error);
  } finally {
    await close(nodes);
  }
}

/** Says why the process ends. */
function told(error: unknown): ExitCode {
  const failure = failureOf(error);
  tell({ kind: "failed", code: failure.code, message: failure.message });
  reportFailure(failure, "text");
  return failure.exitCode;
}

async function start(config: NodeConfig): Promise<RunningNode> {
  const { node, role } = config;
  const log = openLog(config.log.level, { node });
  try {
    const running = await startNode(config, { log });
    log.info({ role, listen: config.listen, advertise: config.advertise }, "started");
    const failed = running.failed.catch((error: unknown) => {
      throw startFailure(config, error);
    });
    failed.catch(() => {});
    return { ...running, failed };
  } catch (error) {
    throw startFailure(config, error);
  }
}

function refuseDoubles(configs: readonly NodeConfig[]): void {
  for (const key of ["node", "listen", "data"] as const) {
    const values = configs.map((config) => config[key]).filter((value) => value !== undefined);
    const double = values.find((value, index) => values.indexOf(value) !== index);
    if (double !== undefined && !double.endsWith(":0")) {
      throw usageError(`two of the configurations have the same ${key}: ${double}`);
    }
  }
}

/** Resolves on the first request to stop. */
function stopRequest(): Promise<void> {
  return new Promise((resolve) => {
    process.once("SIGTERM", () => resolve());
    // A local platform stops its processes itself: the terminal's Ctrl-C reaches all of them at the
    // same time.
    if (process.connected) process.on("SIGINT", () => {});
    else process.once("SIGINT", () => resolve());
    process.once("disconnect", () => resolve());
  });
}

function tell(report: ServerReport): void {
  if (process.connected) process.send?.(report);
}

async function settled(starting: readonly Promise<RunningNode>[]): Promise<readonly RunningNode[]> {
  const results = await Promise.allSettled(starting);
  return results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
}

async function close(nodes: readonly RunningNode[]): Promise<void> {
  const closing = Promise.allSettled(nodes.map((node) => node.close()));
  await Promise.race([closing, after(closeMsMax)]);
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
