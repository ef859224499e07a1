import { exitCodes, type ExitCode } from "./exit-code.ts";

/** Why a command could not do its work, when no refusal of the platform says so already. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exitCode: ExitCode;
  /**
   * As in JSON output: a code of the platform where one fits, otherwise one of the command's own.
   */
  readonly code: string;
  readonly retryable: boolean;
  /** What JSON output says besides. */
  readonly details: Readonly<Record<string, unknown>>;
  constructor(
    exitCode: ExitCode,
    code: string,
    message: string,
    options: ErrorOptions & {
      readonly retryable?: boolean;
      readonly details?: Readonly<Record<string, unknown>>;
    } = {},
  ) {
    super(message, options);
    this.exitCode = exitCode;
    this.code = code;
    this.details = options.details ?? {};
    this.retryable = options.retryable ?? exitCode === exitCodes.unavailable;
  }
}

/** The command line asks for something that does not exist or does not fit together. */
export function usageError(message: string): CommandError {
  return new CommandError(exitCodes.usage, "BAD_ARGUMENTS", message);
}
