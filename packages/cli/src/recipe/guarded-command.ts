import { spawn } from "node:child_process";
import { constants } from "node:os";

import { CommandError } from "../failure/command-error.ts";
import { exitCodes } from "../failure/exit-code.ts";

/** What a command runs under. */
export interface Guard {
  /** Node that stands for it: a multi that checks it happens only while it is held. */
  readonly path: string;
  /** Grows with every holder. */
  readonly fencingToken: number;
  /** Aborted when it is no longer certain that nobody else holds it. */
  readonly lost: AbortSignal;
}

/** What a guarded command is told that it may be told of, to pass on. */
const forwarded = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/**
 * Time for a command to end by itself when what it ran under is lost. Others may hold it already:
 * keep it short.
 */
const termGraceMs = 2_000;

/**
 * Runs a command with the fencing token in its environment; ends it when the guard is lost, and
 * away from a terminal also what it has started.
 * Resolves with its exit code, or 128 and the number of the signal that ended it, as a shell does;
 * a command that was ended because the guard was lost has not succeeded, whatever it says.
 * @throws {CommandError} when it cannot be started.
 */
export function runGuarded(command: readonly string[], guard: Guard): Promise<number> {
  const [program = "", ...args] = command;
  const environment = {
    ...process.env,
    MERIDIAN_FENCING_TOKEN: String(guard.fencingToken),
    MERIDIAN_HELD_NODE: guard.path,
  };
  const isOnTerminal = [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY);
  // A group of its own can be told as a whole, what the command has started included; on a terminal
  // it would be in the background, and could not ask for a password.
  const detached = !isOnTerminal;
  const child = spawn(program, args, { stdio: "inherit", env: environment, detached });
  const tell = (signal: NodeJS.Signals): void => {
    if (child.pid === undefined) return;
    try {
      process.kill(detached ? -child.pid : child.pid, signal);
    } catch {
      // Nobody is left to tell.
    }
  };
  const forward = (signal: NodeJS.Signals): void => {
    // The terminal has sent its Ctrl-C to the command already.
    if (signal !== "SIGINT" || !process.stdin.isTTY) tell(signal);
  };
  for (const signal of forwarded) process.on(signal, forward);
  let killTimer: NodeJS.Timeout | undefined;
  const end = (): void => {
    process.stderr.write("meridian: what the command runs under is lost: ending it\n");
    tell("SIGTERM");
    killTimer = setTimeout(() => tell("SIGKILL"), termGraceMs);
  };
  if (guard.lost.aborted) end();
  else guard.lost.addEventListener("abort", end, { once: true });
  return new Promise<number>((resolve, reject) => {
    child.once("error", (cause) => {
      const message = `cannot run ${program}: ${cause.message}`;
      reject(new CommandError(exitCodes.failure, "COMMAND", message, { cause }));
    });
    child.once("exit", (code, signal) => {
      const told = code ?? 128 + constants.signals[signal ?? "SIGTERM"];
      // What it leaves behind would work on, on what somebody else may hold already.
      if (guard.lost.aborted && detached) tell("SIGKILL");
      resolve(told === 0 && guard.lost.aborted ? exitCodes.failure : told);
    });
  }).finally(() => {
    clearTimeout(killTimer);
    guard.lost.removeEventListener("abort", end);
    for (const signal of forwarded) process.off(signal, forward);
  });
}
