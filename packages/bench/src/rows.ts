import { loadRows } from "./rows/load-rows.ts";
import type { Row } from "./row.ts";
import { trialRows } from "./trials/trial-rows.ts";

/** All rows, in the order of the table. */
export const rows: readonly Row[] = [...loadRows, ...trialRows];
