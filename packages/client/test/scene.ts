import type { Meridian } from "../src/client.ts";
import { FakeFleet } from "./fake-fleet.ts";
import type { FakeServer } from "./fake-server.ts";

/** A fleet with a node /global/a, and a client whose session is at the global leader. */
export async function attached(): Promise<{ fleet: FakeFleet; client: Meridian }> {
  const fleet = new FakeFleet();
  fleet.cluster("global").seed("/global/a");
  const client = await fleet.client();
  await fleet.runtime.until(client.set("/global/a", "first"));
  await fleet.runtime.run(100);
  fleet.cluster("global").applied.length = 0;
  return { fleet, client };
}

/** Whether a server is a full member of the global cluster. */
export function isGlobal(server: FakeServer): boolean {
  return server.place.cluster === "global" && server.place.role !== "witness";
}

/** Code that a promise rejects with; "none" when it does not. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "none";
  } catch (error) {
    return (error as { code: string }).code;
  }
}
