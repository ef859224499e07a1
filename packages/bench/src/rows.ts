import { loadRows } from "./rows/load-rows.ts";
import type { Row } from "./row.ts";

/** All rows, in the order of the table. */
export const rows: readonly Row[] = [...loadRows];
