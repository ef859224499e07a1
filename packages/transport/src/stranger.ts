import { MeridianError, type IPeerHello } from "@meridian/wire";
import type { PeerIdentity, PeerMember } from "./service.ts";

/** A stream was opened by somebody who is no peer. */
export class StrangerError extends MeridianError {
  constructor(reason: string, hint: string = "") {
    super("PERMISSION_DENIED", `refused as a stranger: ${reason}`, { hint });
  }
}

/** Hint of the refusal of a node that was a member once. */
const departedHint = "departed";

/** The refusal of a node that was removed from the group. */
export function departed(node: string): StrangerError {
  return new StrangerError(`"${node}" was removed from the group`, departedHint);
}

/** Hint of the refusal of one whose incarnation of the cluster was abandoned. */
const supersededHint = "superseded";

/** Whether a peer refused a stream because the cluster has a later incarnation. */
export function saysSuperseded(error: Error): boolean {
  return error instanceof MeridianError && error.hint === supersededHint;
}

/** Whether a peer refused a stream because this node was removed. */
export function saysDeparted(error: Error): boolean {
  return error instanceof MeridianError && error.hint === departedHint;
}

/**
 * The member that a stream which begins like this is for. A stranger is counted by the member that
 * it named, or by all.
 * @throws {StrangerError}.
 */
export function memberFor(
  hello: IPeerHello | undefined,
  members: ReadonlyMap<string, PeerMember>,
): PeerMember {
  const member = members.get(hello?.cluster ?? "");
  const reason = strangerReason(hello, member?.identity) ?? "";
  if (reason === "" && member !== undefined) return asKnown(member, hello);
  for (const known of member === undefined ? members.values() : [member])
    known.onStranger?.(reason);
  const former = member !== undefined && isFormer(hello, member.identity);
  throw new StrangerError(reason, former ? supersededHint : "");
}

/** The member, unless the sender means one that was here before it under its name. */
function asKnown(member: PeerMember, hello: IPeerHello | undefined): PeerMember {
  const { from = "", birth = "" } = hello ?? {};
  if (birth === "" || member.birth === undefined || birth === member.birth) return member;
  member.onOtherBirth?.(from);
  const { node } = member.identity;
  throw new StrangerError(`"${node}" is not the one that "${from}" knows under this name`);
}

/** Whether this is from one who was a peer in an earlier incarnation. */
export function isFormer(hello: IPeerHello | undefined, own: PeerIdentity): boolean {
  if (hello === undefined || hello.incarnation >= own.incarnation) return false;
  return strangerReason({ ...hello, incarnation: own.incarnation }, own) === undefined;
}

/** Why a stream that begins like this is not from a peer; undefined when it is. */
function strangerReason(
  hello: IPeerHello | undefined,
  own: PeerIdentity | undefined,
): string | undefined {
  if (hello === undefined) return "the first frame has no hello";
  if (own === undefined) return `no member of cluster "${hello.cluster}" here`;
  if (hello.cluster !== own.cluster) return `cluster "${hello.cluster}", not "${own.cluster}"`;
  if (hello.incarnation !== own.incarnation) {
    return `incarnation ${hello.incarnation} of the cluster, not ${own.incarnation}`;
  }
  if (hello.to !== own.node) return `node "${hello.to}" is meant, this is "${own.node}"`;
  if (hello.from === "" || hello.from === own.node) return `"${hello.from}" is no other node`;
  return undefined;
}
