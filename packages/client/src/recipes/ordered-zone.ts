import { MeridianError } from "@meridian/wire";
import type { ClientContext } from "../client-context.ts";

/**
 * Makes sure that all regions agree on one order of what happens at a path. Strict zones have it
 * for the whole platform, regional zones for all that use their home.
 * @throws {MeridianError} UNSUPPORTED in an eventual zone, where each region has an order of its
 * own.
 */
export function requireOrder(context: ClientContext, path: string, what: string): void {
  if (context.performer.policyOf(path).consistency !== "eventual") return;
  throw new MeridianError(
    "UNSUPPORTED",
    `${path} lies in an eventual zone, which has no ${what}: its regions agree on no order`,
  );
}
