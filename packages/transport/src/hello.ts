import type { IPeerHello } from "@meridian/wire";
import type { PeerLinkOptions } from "./peer-link.ts";

/** How a member begins everything that it says to a peer: who it is, and whom it means. */
export function helloTo(
  to: string,
  { identity, birthOf }: Pick<PeerLinkOptions, "identity" | "birthOf">,
  incarnation: number = identity.incarnation,
): IPeerHello {
  const { cluster, node: from, address = "" } = identity;
  const birth = birthOf?.(to) ?? "";
  return { cluster, incarnation, from, to, address, birth, handsOn: true, unpacks: true };
}
