import { type Meridian, MeridianError, type NodeValue } from "@meridian/client";

/** Where the quotas of subtrees are kept, as a JSON array of `Quota`. */
export const quotasPath = "/meridian/quotas";

/** A bound on all that is at or below a path; at least one of the two. */
export interface Quota {
  readonly path: string;
  /** Nodes, that of the path included. Without it any number. */
  readonly nodesMax?: number | undefined;
  /** Bytes of data and of paths. Without it any number. */
  readonly bytesMax?: number | undefined;
}

/** What reads and writes the table. */
export type QuotaClient = Pick<Meridian, "create" | "get" | "set">;

/** Time for a call, and a way to give it up. */
export interface QuotaCallOptions {
  readonly deadlineMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How often a table is read again that somebody else has written meanwhile. */
const attemptsMax = 16;

/**
 * The quotas as they are asked for, in the order of their table. Rejects as `Meridian.get` does.
 */
export async function quotas(
  client: QuotaClient,
  options: QuotaCallOptions = {},
): Promise<readonly Quota[]> {
  return (await read(client, options)).quotas;
}

/**
 * Puts a quota in force, in the place of one of the same path. Gives all quotas afterwards.
 * @throws {MeridianError} BAD_ARGUMENTS for a quota that makes no sense; OVERLOADED when others
 * write the table all the time; otherwise as `Meridian.set`.
 */
export function putQuota(
  client: QuotaClient,
  quota: Quota,
  options: QuotaCallOptions = {},
): Promise<readonly Quota[]> {
  return edit(client, options, (known) => {
    const others = known.filter(({ path }) => path !== quota.path);
    return known.length === others.length
      ? [...known, quota]
      : known.map((other) => (other.path === quota.path ? quota : other));
  });
}

/** Ends a quota; one that is not there has ended already. Rejects as `putQuota` does. */
export function removeQuota(
  client: QuotaClient,
  path: string,
  options: QuotaCallOptions = {},
): Promise<readonly Quota[]> {
  return edit(client, options, (known) => known.filter((quota) => quota.path !== path));
}

interface Table {
  readonly quotas: readonly Quota[];
  /** Undefined: there is no table yet. */
  readonly version: number | undefined;
}

async function read(client: QuotaClient, options: QuotaCallOptions): Promise<Table> {
  let node: NodeValue;
  try {
    node = await client.get(quotasPath, { ...given(options), consistency: "strict" });
  } catch (error) {
    if (codeOf(error) === "NO_NODE") return { quotas: [], version: undefined };
    throw error;
  }
  // The tree takes nothing else, so that there is nothing to be checked.
  const known = node.text === "" ? [] : (JSON.parse(node.text) as readonly Quota[]);
  return { quotas: known, version: node.stat.version };
}

/** Compares and sets the table, again while somebody else was faster. */
async function edit(
  client: QuotaClient,
  options: QuotaCallOptions,
  change: (known: readonly Quota[]) => readonly Quota[],
): Promise<readonly Quota[]> {
  for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
    const { quotas: known, version } = await read(client, options);
    const wanted = change(known);
    if (wanted.length === 0 && known.length === 0) return wanted;
    const data = JSON.stringify(wanted);
    try {
      if (version === undefined) await client.create(quotasPath, data, given(options));
      else await client.set(quotasPath, data, { ...given(options), version });
      return wanted;
    } catch (error) {
      const code = codeOf(error);
      if (code !== "BAD_VERSION" && code !== "NODE_EXISTS" && code !== "NO_NODE") throw error;
    }
  }
  throw new MeridianError("OVERLOADED", `others write ${quotasPath} all the time: try again`);
}

function given({ deadlineMs, signal }: QuotaCallOptions): {
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
} {
  return {
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
    ...(signal === undefined ? {} : { signal }),
  };
}

function codeOf(error: unknown): string {
  return error instanceof MeridianError ? error.code : "";
}
