import { quote, validatePath } from "./path.ts";

/** Where the quotas of subtrees are kept, as JSON. There are none as long as it does not exist. */
export const quotasPath = "/meridian/quotas";

const quotasMax = 1_000;

/** A bound on the nodes at or below a path. */
export interface Quota {
  readonly path: string;
  /** Nodes, that of the path included; undefined: any number. */
  readonly nodesMax: number | undefined;
  /** Bytes of data and of paths in UTF-8; undefined: any number. */
  readonly bytesMax: number | undefined;
}

/** Quotas out of JSON text, in its order, or what is wrong with it. No text: none. */
export function parseQuotas(text: string): readonly Quota[] | string {
  if (text === "") return [];
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "the table of quotas must be JSON";
  }
  if (!Array.isArray(value)) return "the table of quotas must be a JSON array";
  if (value.length > quotasMax) return `the table of quotas may hold ${quotasMax} of them`;
  const quotas = new Map<string, Quota>();
  for (const [place, candidate] of value.entries()) {
    const quota = parseQuota(candidate);
    if (typeof quota === "string") return `quota ${place}: ${quota}`;
    if (quotas.has(quota.path)) {
      return `quota ${place}: the path ${quote(quota.path)} is there twice`;
    }
    quotas.set(quota.path, quota);
  }
  return [...quotas.values()];
}

const keys: readonly string[] = ["path", "nodesMax", "bytesMax"];

function parseQuota(value: unknown): Quota | string {
  if (typeof value !== "object" || value === null) return "a quota must be an object";
  const fields = new Map<string, unknown>(Object.entries(value));
  const unknown = [...fields.keys()].find((key) => !keys.includes(key));
  if (unknown !== undefined) return `the key ${quote(unknown)} is not known`;
  const path = fields.get("path");
  if (typeof path !== "string") return "path must be a string";
  const fault = validatePath(path);
  if (fault !== undefined) return fault;
  const [nodesMax, bytesMax] = [fields.get("nodesMax"), fields.get("bytesMax")];
  if (!isBound(nodesMax)) return "nodesMax must be an integer above 0";
  if (!isBound(bytesMax)) return "bytesMax must be an integer above 0";
  if (nodesMax === undefined && bytesMax === undefined) {
    return "nodesMax, bytesMax or both must be there";
  }
  return { path, nodesMax, bytesMax };
}

function isBound(value: unknown): value is number | undefined {
  return value === undefined || (Number.isSafeInteger(value) && Number(value) > 0);
}
