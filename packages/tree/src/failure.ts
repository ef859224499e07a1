import type { PartResult, Result, TreeErrorCode } from "./result.ts";

/** A refusal of the tree, before it is made a result. */
export interface Failure {
  readonly code: TreeErrorCode;
  readonly message: string;
  /** MOVED: owning cluster. */
  readonly hint?: string;
}

/** A refusal as the result of a command. */
export type Refused = Extract<Result, { kind: "failed" }>;

const noParts: readonly PartResult[] = [];

/** Makes a refusal the result of a command. */
export function failed(failure: Failure, parts: readonly PartResult[] = noParts): Refused {
  const { code, message, hint = "" } = failure;
  return { kind: "failed", code, message, hint, parts };
}
