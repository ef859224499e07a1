import type { Connection } from "./connection.ts";

/** How a connection within a process begins. */
export interface Opening {
  /** `/package.Service/Method`. */
  readonly path: string;
  /** The caller's deadline, from now. */
  readonly deadlineMs?: number;
  /** Runs when the server takes the connection: from then on a request may have been acted upon. */
  readonly reached?: () => void;
  /** Runs at the caller once the server has taken the connection. */
  readonly accepted?: () => void;
  /** Snapshots: runs at the caller whenever the server wants the next chunk. */
  readonly consumed?: () => void;
}

/** Connects to one server. */
export type Dial = (opening: Opening) => Connection;

/** Of the error of a connection to an address where nobody serves. */
export const nobodyHint = "nobody";
