import { withMeridian } from "../data/session.ts";
import { CommandError } from "../failure/command-error.ts";
import { exitCodes } from "../failure/exit-code.ts";
import { runGuarded } from "./guarded-command.ts";
import { type GuardOptions, guardSessionTimeoutMs } from "./options.ts";
import { waiting } from "./waiting.ts";

/** `meridian lock`: runs a command while holding a lock; its exit code is the command's. */
export async function lock(
  path: string,
  command: readonly string[],
  options: GuardOptions,
): Promise<number> {
  const { wait } = options;
  return withMeridian(
    { ...options, output: "text", sessionTimeoutMs: guardSessionTimeoutMs },
    async (meridian) => {
      await using held = await waiting(wait, (signal) =>
        meridian.lock(path).acquire({ signal }),
      ).catch((error: unknown) => {
        if (!(error instanceof Error) || error.name !== "TimeoutError") throw error;
        const message = `${path} was not free within ${wait} ms`;
        throw new CommandError(exitCodes.unavailable, "DEADLINE", message, { cause: error });
      });
      return await runGuarded(command, held);
    },
  );
}
