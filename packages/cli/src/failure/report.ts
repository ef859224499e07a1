import type { MeridianError } from "@meridian/wire";

import { ConfigError } from "../config/problem.ts";
import { CommandError } from "./command-error.ts";
import { exitCodeOf, exitCodes, type ExitCode } from "./exit-code.ts";

/**
 * A failure as it is told: exit code for the shell, the rest for people or, as JSON, for programs.
 */
export interface Failure {
  readonly exitCode: ExitCode;
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  /** What JSON says besides. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Classifies whatever a command threw. */
export function failureOf(error: unknown): Failure {
  if (error instanceof CommandError) {
    const { exitCode, code, message, retryable, details } = error;
    return { exitCode, code, message, retryable, details };
  }
  if (error instanceof ConfigError) {
    const { message } = error;
    return { exitCode: exitCodes.usage, code: "BAD_ARGUMENTS", message, retryable: false };
  }
  if (isMeridianError(error)) {
    const { code, description: message, retryable } = error;
    return { exitCode: exitCodeOf(code), code, message, retryable };
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { exitCode: exitCodes.failure, code: "INTERNAL", message, retryable: false };
}

/** Tells a failure: as JSON on stdout when the output is JSON, else as a line on stderr. */
export function reportFailure(failure: Failure, output: "text" | "json"): void {
  const { code, message, retryable, details } = failure;
  if (output === "json") {
    process.stdout.write(
      `${JSON.stringify({ error: { code, message, retryable, ...details } })}\n`,
    );
    return;
  }
  process.stderr.write(`meridian: ${message}${code === "INTERNAL" ? "" : ` [${code}]`}\n`);
}

/**
 * By name, not by class: loading the class would load the protocol into commands that never use it.
 */
function isMeridianError(error: unknown): error is MeridianError {
  return error instanceof Error && error.name === "MeridianError" && "code" in error;
}
