import type { Operation } from "@meridian/tree";

/** The paths that a client's write is about, one for each part of a multi. */
export function pathsOf(operation: Operation): readonly string[] {
  switch (operation.kind) {
    case "create":
      return [operation.mode.endsWith("sequential") ? `${operation.path}0` : operation.path];
    case "set":
    case "delete":
      return [operation.path];
    case "multi":
      return operation.operations.flatMap((part) =>
        part.kind === "check" ? [part.path] : pathsOf(part),
      );
    case "open-session":
    case "attach-session":
    case "close-session":
    case "expire-sessions":
    case "reap":
    case "bootstrap":
    case "apply-remote":
    case "seed-remote":
      return [];
  }
}
