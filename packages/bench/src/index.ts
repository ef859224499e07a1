export { compare, type Comparison, type ComparisonOptions } from "./comparison/comparison.ts";
export { askZookeeper, stateOf as zookeeperStateOf } from "./peers/four-letter-word.ts";
export { PeerServer } from "./peers/peer-server.ts";
export {
  java,
  missingOfZookeeper,
  zookeeperClassPath,
  zookeeperInstallation,
} from "./peers/zookeeper-programs.ts";
export { configText } from "./peers/zookeeper-settings.ts";
export { cellsOf, figure } from "./report/figure.ts";
export { beginMarker, embed, endMarker, markdownOf } from "./report/markdown.ts";
export { reportOf, type Report, type ReportRow } from "./report/report.ts";
export type { Row } from "./row.ts";
export { rows } from "./rows.ts";
export { runLoad, type LoadProgress, type LoadRunResult } from "./run/load-run.ts";
export { type Mix, parseMix } from "./run/mix.ts";
export { startersOf } from "./starters.ts";
export type { Starter, SystemName } from "./system.ts";
