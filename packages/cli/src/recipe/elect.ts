import { withMeridian } from "../data/session.ts";
import { CommandError } from "../failure/command-error.ts";
import { exitCodes } from "../failure/exit-code.ts";
import { runGuarded } from "./guarded-command.ts";
import { type GuardOptions, nameOf, sessionOf, waitMsOf } from "./options.ts";
import { waiting } from "./waiting.ts";

/**
 * `meridian elect`: waits until elected, runs a command while leading; its exit code is the
 * command's. A place in the queue that went with its session is taken anew: only the command's end,
 * or the end of the time to wait, ends the candidacy.
 */
export async function elect(
  path: string,
  command: readonly string[],
  options: GuardOptions,
): Promise<number> {
  const waitMs = waitMsOf(options);
  const untilMs = performance.now() + (waitMs ?? Infinity);
  const data = nameOf(options);
  return withMeridian(sessionOf(options), async (meridian) => {
    for (;;) {
      try {
        const deadlineMs = Math.max(0, untilMs - performance.now());
        await using leadership = await waiting((signal) =>
          meridian.election(path).elect({ data, signal, deadlineMs }),
        );
        return await runGuarded(command, leadership);
      } catch (error) {
        if (hasCode(error, "DEADLINE") && performance.now() >= untilMs) {
          const message = `${path}: not elected within ${waitMs} ms`;
          throw new CommandError(exitCodes.unavailable, "DEADLINE", message, { cause: error });
        }
        if (!hasCode(error, "SESSION_EXPIRED")) throw error;
        meridian.renew();
      }
    }
  });
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
