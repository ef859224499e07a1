export type { Figures, MeasuredLoad, Measurement, Row, Stage } from "./row.ts";
export { rows } from "./rows.ts";
export type { Installation, Place, ServerProcess, Starter, System, SystemName } from "./system.ts";
export type { LoadResult, Workload } from "./workload.ts";
