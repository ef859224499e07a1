import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

/** Absolute path of the repository. */
export const root: string = fileURLToPath(new URL("../../../", import.meta.url));

/** The built command. */
export const program: string = `${root}packages/cli/bin/meridian.js`;

/** How a command ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly elapsedMs: number;
}

/** What a command gets besides its arguments. */
export interface RunOptions {
  readonly stdin?: string | Uint8Array;
  readonly environment?: Readonly<Record<string, string>>;
  /** It is killed after this long. */
  readonly deadlineMs?: number;
}

const commandMsMax = 40_000;

/** The environment of this process without what would choose a platform. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(MERIDIAN_|VITEST|NODE_|npm_)/.test(name),
  );
  return Object.fromEntries(own);
}

/** What a process said until it ended. Rejects when it could not be started. */
export async function untilEnd(
  child: ChildProcessByStdio<Writable | null, Readable, Readable>,
): Promise<Omit<Ended, "elapsedMs">> {
  const closed = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    closed,
  ]);
  return { code, stdout, stderr };
}

/** Runs `meridian` with arguments to its end. Rejects only when it cannot be started. */
export async function meridian(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, [program, ...args], {
    env: { ...cleanEnvironment(), ...options.environment },
    stdio: ["pipe", "pipe", "pipe"],
    timeout: options.deadlineMs ?? commandMsMax,
    killSignal: "SIGKILL",
  });
  // A command that does not read its input to the end closes the pipe under it.
  child.stdin.on("error", () => {});
  child.stdin.end(options.stdin ?? "");
  const told = await untilEnd(child);
  return { ...told, elapsedMs: performance.now() - startedMs };
}

/** Like `meridian`, for a command that has to succeed. @throws {Error} with what it said. */
export async function meridianOk(
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await meridian(args, options);
  if (code === 0) return stdout;
  throw new Error(`meridian ${args.join(" ")}: exit code ${code}\n${stderr}${stdout}`);
}
