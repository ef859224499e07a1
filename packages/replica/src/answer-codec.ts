import type { Applied, PartOutcome, PartResult, Result } from "@meridian/tree";
import {
  type Consistency,
  type Encodable,
  errorCodeNumber,
  type IError,
  type IResponse,
  type MeridianErrorCode,
  MultiOutcome,
} from "@meridian/wire";
import { encodeStat } from "./change-codec.ts";

/** A part whose code may also be one that the tree does not give. */
type EncodedPart = Omit<PartResult, "code"> & { readonly code: MeridianErrorCode | "" };

const outcomes: Readonly<Record<PartOutcome, MultiOutcome>> = {
  done: MultiOutcome.DONE,
  undone: MultiOutcome.UNDONE,
  failed: MultiOutcome.FAILED,
  untried: MultiOutcome.UNTRIED,
};

/** What became of a part, out of a stored answer. */
export function outcomeOf(number: number): PartOutcome {
  const names = Object.keys(outcomes) as PartOutcome[];
  return names.find((name) => outcomes[name] === number) ?? "done";
}

/** The response to a write that was applied; `appliedIndex`: how far the node is. */
export function appliedResponse(
  { result, index: first }: Applied,
  appliedIndex: number,
  consistency: Consistency,
  id: number,
): Encodable<IResponse> {
  const index = Math.max(first, appliedIndex);
  // The usual one is written out: made by spreading it would cost several times more.
  if (result.kind === "node") {
    return { id, index, consistency, node: { path: result.path, stat: encodeStat(result.stat) } };
  }
  return { ...encodeResult(result), id, index, consistency };
}

/** The part of a response that a write's outcome decides. */
export function encodeResult(result: Result): Encodable<IResponse> {
  switch (result.kind) {
    case "node":
      return { node: { path: result.path, stat: encodeStat(result.stat) } };
    case "done":
      return {};
    case "multi":
      return { multi: { parts: result.parts.map(encodePart) } };
    case "failed": {
      const { code, message, hint, parts } = result;
      const error: Encodable<IError> = { code: errorCodeNumber(code), message, hint };
      return parts.length === 0 ? { error } : { error, multi: { parts: parts.map(encodePart) } };
    }
  }
}

/** A part of a multi as sent and stored. */
export function encodePart(
  part: EncodedPart,
): Encodable<NonNullable<IResponse["multi"]>["parts"][number]> {
  return {
    node:
      part.stat === undefined
        ? { path: part.path }
        : { path: part.path, stat: encodeStat(part.stat) },
    code: part.code === "" ? 0 : errorCodeNumber(part.code),
    outcome: outcomes[part.outcome],
  };
}
