import type { Meridian } from "../client.ts";
import type { OperationOptions } from "../performer.ts";
import type { Stat } from "../receipt.ts";
import { fencingToken } from "./fencing-token.ts";
import { hasCode } from "./retry.ts";

/** A place in a line as its name tells: a word for its kind, a random mark, ten digits or more. */
export interface Place {
  readonly name: string;
  /** Counts up from the first who came. */
  readonly number: number;
  /** Present when stats were asked for. */
  readonly stat: Stat | undefined;
}

/** Who stands in a line, as others see it. */
export interface Contestant {
  readonly path: string;
  /** What it was given when it lined up: a name, an address. */
  readonly data: Uint8Array;
  readonly text: string;
  readonly fencingToken: number;
  /** Id of the session that it stands and falls with. */
  readonly session: number;
  /** When it lined up, by the wall clock of the leader: for people to read. */
  readonly sinceMs: number;
}

/** Places of these children in the order of their arrival. Other children do not count. */
export function inOrder(
  children: readonly { readonly name: string; readonly stat?: Stat | undefined }[],
): readonly Place[] {
  return children
    .filter(({ name }) => /-\d{10,}$/.test(name))
    .map(({ name, stat }) => ({ name, stat, number: Number(/\d+$/.exec(name)?.[0]) }))
    .sort((a, b) => a.number - b.number);
}

/** All who stand in a line, in the order of their arrival, and their places. */
export async function contestants(
  client: Meridian,
  path: string,
  how: OperationOptions,
): Promise<readonly (Contestant & { readonly place: Place })[]> {
  const options = { consistency: "strict", withStats: true, withData: true } as const;
  try {
    const { children, receipt } = await client.children(path, { ...how, ...options });
    const found = new Map(children.map((child) => [child.name, child]));
    return inOrder(children).flatMap((place) => {
      const { stat, data } = found.get(place.name) ?? {};
      if (stat === undefined || data === undefined) return [];
      return [
        {
          place,
          path: `${path}/${place.name}`,
          data,
          text: new TextDecoder().decode(data),
          fencingToken: fencingToken(receipt.position.incarnation, stat.czxid),
          session: stat.ephemeralOwner,
          sinceMs: stat.ctimeMs,
        },
      ];
    });
  } catch (error) {
    if (hasCode(error, "NO_NODE")) return [];
    throw error;
  }
}
