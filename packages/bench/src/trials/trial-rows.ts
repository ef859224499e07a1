import type { Row } from "../row.ts";
import { edgeReadRows } from "./edge-read.ts";
import { leaderCrashRows } from "./leader-crash.ts";
import { millionZnodesRows } from "./million-znodes.ts";
import { primaryLossRows } from "./primary-loss.ts";
import { propagationRows } from "./propagation.ts";
import { regionGrowthRows } from "./region-growth.ts";
import { sessionGrowthRows } from "./session-growth.ts";

/** Rows that need more than a load on one cluster, in the order of the table. */
export const trialRows: readonly Row[] = [
  ...edgeReadRows,
  ...propagationRows,
  ...leaderCrashRows,
  ...primaryLossRows,
  ...millionZnodesRows,
  ...sessionGrowthRows,
  ...regionGrowthRows,
];
