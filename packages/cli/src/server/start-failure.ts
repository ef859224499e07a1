import { parseAddress } from "../config/address.ts";
import type { NodeConfig } from "../config/node-config.ts";
import { CommandError } from "../failure/command-error.ts";
import { exitCodes } from "../failure/exit-code.ts";
import { describeHolder, portHolder } from "./port-holder.ts";

/**
 * Says why a node did not start, or had to end, and what to do about it; errors of unknown kind
 * pass through.
 */
export function startFailure(config: NodeConfig, cause: unknown): unknown {
  if (!(cause instanceof Error)) return cause;
  if (isPortTaken(cause)) return portTaken(config, cause);
  const what = `${config.node}: data directory ${config.data}`;
  const fail = (code: string, message: string): CommandError =>
    new CommandError(exitCodes.failure, code, `${what} ${message}`, { cause });
  if (cause.name === "AdmissionError") return fail("WIPED", `is refused: ${cause.message}`);
  if (cause.name !== "StorageError") return cause;
  switch ((cause as Error & { code?: string }).code) {
    case "IN_USE":
      return fail("IN_USE", "is in use by another process; one directory serves one process");
    case "WRONG_IDENTITY":
      return fail("WRONG_IDENTITY", `belongs to another node or cluster: ${cause.message}`);
    case "FULL":
      return fail("FULL", `is on a full disk: ${cause.message}`);
    case "CORRUPT":
    case "MISSING":
    case "NO_SNAPSHOT":
      return fail(
        "CORRUPT",
        `is damaged: ${cause.message}. The node will not guess. Keep the directory to look at, ` +
          "and restore the node from a backup, or remove it from its cluster and add it anew",
      );
    case undefined:
    default:
      return fail("IO", `cannot be read or written: ${cause.message}`);
  }
}

function isPortTaken(error: Error): boolean {
  return (error as Error & { code?: unknown }).code === "EADDRINUSE";
}

function portTaken({ node, listen }: NodeConfig, cause: Error): CommandError {
  const port = parseAddress(listen)?.port ?? 0;
  const holder = describeHolder(portHolder(port));
  const message = `${node}: ${listen} is taken${holder}; free it or change \`listen\``;
  return new CommandError(exitCodes.failure, "PORT_IN_USE", message, { cause });
}
