export {
  type PartitionEvent,
  PartitionMonitor,
  type PartitionState,
  partitionStates,
  type PartitionThresholds,
  partitionThresholds,
} from "./partition-monitor.ts";
export { RegionalMember, type RegionalMemberOptions } from "./regional-member.ts";
