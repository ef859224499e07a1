import type { IHello } from "@meridian/wire";
import type { Refusal } from "./refusal.ts";

/** Nobody leads, as far as this node knows. */
export function isPassing({ code }: Refusal): boolean {
  return code === "NOT_LEADER" || code === "GLOBAL_UNAVAILABLE";
}

/** The session is somebody else's. */
export function wrongSecret(hello: IHello): Refusal {
  const message = `session ${hello.sessionId} exists and the secret is not its own`;
  return { code: "PERMISSION_DENIED", message };
}

/** The session is over. */
export function expired(session: number): Refusal {
  return { code: "SESSION_EXPIRED", message: `session ${session} has ended or never existed` };
}
