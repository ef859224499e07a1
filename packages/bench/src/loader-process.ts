import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

import type { LoadEvents, LoadResult } from "./workload.ts";

/** A program that makes load. */
export interface LoaderProgram {
  readonly command: string;
  readonly args: readonly string[];
  /** Written to its standard input as one line of JSON. */
  readonly plan: unknown;
  /** What the processor time of the process does not show, such as other processes that it runs. */
  readonly environment?: NodeJS.ProcessEnv;
}

/** Lines of a loader's standard error that are kept to explain its failure. */
const keptLines = 20;

/**
 * Runs a loader to its end. It reads its plan from standard input, and prints one line of JSON when
 * the warm-up is over, `{"event":"measuring"}`, and one at the end, `{"event":"result",…}` with the
 * fields of `LoadResult`. Rejects when it fails, ends without a result, or the signal is aborted:
 * then it is killed.
 */
export async function runLoader(program: LoaderProgram, events: LoadEvents): Promise<LoadResult> {
  const { signal, onMeasuring } = events;
  signal.throwIfAborted();
  const child = spawn(program.command, program.args, {
    stdio: ["pipe", "pipe", "pipe"],
    env: program.environment ?? process.env,
  });
  const kill = (): void => void child.kill("SIGKILL");
  signal.addEventListener("abort", kill, { once: true });
  process.once("exit", kill);
  try {
    let result: LoadResult | undefined;
    const complaints: string[] = [];
    createInterface({ input: child.stderr }).on("line", (line) => {
      complaints.push(line);
      if (complaints.length > keptLines) complaints.shift();
    });
    createInterface({ input: child.stdout }).on("line", (line) => {
      const { event, ...fields } = messageOf(line);
      if (event === "measuring") onMeasuring?.();
      if (event === "result") result = fields as LoadResult;
    });
    // A loader that dies early closes the pipe under the plan; its end is told below.
    child.stdin.on("error", () => {});
    child.stdin.end(`${JSON.stringify(program.plan)}\n`);
    const code = await ended(child);
    signal.throwIfAborted();
    if (result !== undefined) return result;
    const how = `the loader ended with ${code ?? "a signal"} and without a result`;
    throw new Error([how, ...complaints].join("\n"));
  } finally {
    signal.removeEventListener("abort", kill);
    process.off("exit", kill);
  }
}

type LoaderMessage =
  | { readonly event: "measuring" }
  | ({ readonly event: "result" } & LoadResult)
  | { readonly event: undefined };

/** Loaders of other makers may print what is no message. */
function messageOf(line: string): LoaderMessage {
  try {
    return JSON.parse(line) as LoaderMessage;
  } catch {
    return { event: undefined };
  }
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
}
