import type { Meridian } from "@meridian/client";

import { findPlatform } from "../connection/whereabouts.ts";
import { CommandError } from "../failure/command-error.ts";
import { exitCodes } from "../failure/exit-code.ts";
import { failureOf } from "../failure/report.ts";
import type { DataOptions } from "./options.ts";

/**
 * Connects for the time of one piece of work, and closes whatever it opened. `sessionTimeoutMs`:
 * how soon others may take over what a session held when this process or its region is gone.
 */
export async function withMeridian<T>(
  options: DataOptions & { readonly sessionTimeoutMs?: number },
  work: (meridian: Meridian) => Promise<T>,
): Promise<T> {
  const { region, endpoints } = findPlatform(options);
  const { connect } = await import("@meridian/client");
  await using meridian = await connect({
    endpoints,
    region: region === "" ? undefined : region,
    token: options.token,
    deadlineMs: options.timeout,
    strictDeadlineMs: options.timeout,
    connectDeadlineMs: options.timeout,
    sessionTimeoutMs: options.sessionTimeoutMs,
  });
  return await work(meridian);
}

/**
 * Waits until the command is interrupted: what is ephemeral lives for so long. Rejects when the
 * session that owns it ends before.
 */
export async function untilInterrupted(
  meridian: Meridian,
  interrupted: Promise<unknown>,
  session: number,
): Promise<void> {
  process.stderr.write("meridian: the node lives until this command is interrupted (Ctrl-C)\n");
  const ended = new Promise<never>((_, reject) => {
    meridian.onSession(({ sessionId, state }) => {
      if (sessionId !== session || state !== "expired") return;
      const message = "the session has ended, and with it the node";
      reject(new CommandError(exitCodes.failure, "SESSION_EXPIRED", message));
    });
  });
  await Promise.race([interrupted, ended]);
}

/**
 * Runs a read. That a zone does not have the consistency asked for (a strict read where nobody owns
 * the data) is a consistency refused, not a feature that is missing.
 */
export async function reading<T>(consistency: string | undefined, read: Promise<T>): Promise<T> {
  try {
    return await read;
  } catch (error) {
    if (consistency === undefined || !(error instanceof Error)) throw error;
    if ((error as Error & { code?: unknown }).code !== "UNSUPPORTED") throw error;
    const { message } = failureOf(error);
    throw new CommandError(exitCodes.consistency, "UNSUPPORTED", message, { cause: error });
  }
}
