import type { PartResult, Result, TreeErrorCode } from "./result.ts";

/** A refusal of the tree, before it is made a result. */
export interface Failure {
  readonly code: TreeErrorCode;
  readonly message: string;
  /** MOVED: owning cluster. */
  readonly hint?: string;
}

const noParts: readonly PartResult[] = [];

/** A refusal as the result of a command. */
export function failed(failure: Failure, parts: readonly PartResult[] = noParts): Result {
  const { code, message, hint = "" } = failure;
  return { kind: "failed", code, message, hint, parts };
}
