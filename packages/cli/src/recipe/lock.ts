import { withMeridian } from "../data/session.ts";
import { CommandError } from "../failure/command-error.ts";
import { exitCodes } from "../failure/exit-code.ts";
import { runGuarded } from "./guarded-command.ts";
import { type LockOptions, nameOf, sessionOf, waitMsOf } from "./options.ts";
import { waiting } from "./waiting.ts";

/**
 * `meridian lock`: runs a command while holding a lock; its exit code is the command's. It is the
 * write side of a read/write lock, so that it and `--shared` exclude each other.
 */
export async function lock(
  path: string,
  command: readonly string[],
  options: LockOptions,
): Promise<number> {
  const deadlineMs = waitMsOf(options);
  const data = nameOf(options);
  return withMeridian(sessionOf(options), async (meridian) => {
    const both = meridian.readWriteLock(path);
    await using held = await waiting((signal) => {
      const how = { data, signal, deadlineMs };
      if (deadlineMs === undefined) return options.shared ? both.read(how) : both.write(how);
      return options.shared ? both.tryRead(how) : both.tryWrite(how);
    });
    if (held !== undefined) return await runGuarded(command, held);
    const message = `${path} was not free within ${deadlineMs} ms`;
    throw new CommandError(exitCodes.unavailable, "DEADLINE", message);
  });
}
