import { hostname } from "node:os";

import { withMeridian } from "../data/session.ts";
import { runGuarded } from "./guarded-command.ts";
import { type GuardOptions, guardSessionTimeoutMs } from "./options.ts";
import { waiting } from "./waiting.ts";

/**
 * `meridian elect`: waits until elected, runs a command while leading; its exit code is the
 * command's. A place in the queue that went with its session is taken anew: only the command's end
 * ends the candidacy.
 */
export async function elect(
  path: string,
  command: readonly string[],
  options: GuardOptions & { readonly name?: string },
): Promise<number> {
  const data = options.name ?? `${hostname()}:${process.pid}`;
  return withMeridian(
    { ...options, output: "text", sessionTimeoutMs: guardSessionTimeoutMs },
    async (meridian) => {
      for (;;) {
        try {
          await using leadership = await waiting(undefined, (signal) =>
            meridian.election(path).elect({ data, signal }),
          );
          return await runGuarded(command, leadership);
        } catch (error) {
          if ((error as { code?: unknown }).code !== "SESSION_EXPIRED") throw error;
          meridian.renew();
        }
      }
    },
  );
}
