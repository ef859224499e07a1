import { type Operation, validatePath } from "@meridian/tree";
import type { Encodable, IResponse } from "@meridian/wire";
import { encodePart } from "./answer-codec.ts";
import type { Member } from "./member.ts";
import { pathsOf } from "./operation-paths.ts";
import { encodeRefusal, type Refusal } from "./refusal.ts";

/** Why a write is not even tried. */
export interface WriteRefusal extends Refusal {
  /** Of a multi: place of the part that is to blame. */
  readonly part?: number;
}

/**
 * What the tree would refuse anyway, told without an entry of the log. `outside`: what a node says
 * that has just started, and knows of no zones by which it could tell who owns anything.
 */
export function checkWrite(
  { place, tree }: Pick<Member, "place" | "tree">,
  operation: Operation,
  outside: () => Refusal,
): WriteRefusal | undefined {
  if (place.tier === "edge") {
    const message = `${place.node} is an edge and takes no writes: write to ${place.cluster}`;
    return { code: "MOVED", message, hint: place.cluster };
  }
  const paths = pathsOf(operation);
  for (let part = 0; part < paths.length; part += 1) {
    const path = paths[part] ?? "";
    const fault = validatePath(path);
    if (fault !== undefined) return { code: "BAD_PATH", message: fault, part };
    const { cluster, zone } = tree.ownership(path);
    if (cluster === undefined ? place.tier !== "global" : cluster === place.cluster) continue;
    if (tree.cluster === "") return outside();
    const owner = cluster === undefined ? "a regional cluster" : `cluster ${cluster}`;
    const found = `${path} lies in zone ${zone.prefix}`;
    const message = `${found}, which ${owner} owns, not ${place.cluster}`;
    return { code: "MOVED", message, hint: cluster ?? "", part };
  }
  return tree.refuseSize(operation);
}

/** The response to a write that was not tried; of a multi part by part, where one is to blame. */
export function encodeWriteRefusal(
  refusal: WriteRefusal,
  operation: Operation | undefined,
): Encodable<IResponse> {
  const { code, message, part } = refusal;
  if (part === undefined || operation?.kind !== "multi") return { error: encodeRefusal(refusal) };
  const error = encodeRefusal({ ...refusal, message: `part ${part}: ${message}` });
  const parts = operation.operations.map(({ path }, at) => {
    if (at === part) return encodePart({ path, stat: undefined, code, outcome: "failed" });
    const outcome = at < part ? "undone" : "untried";
    return encodePart({ path, stat: undefined, code: "", outcome });
  });
  return { error, multi: { parts } };
}
