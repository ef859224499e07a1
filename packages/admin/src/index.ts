export type { ClusterMember, ClusterStatus } from "./cluster-status.ts";
export {
  fleetStatus,
  type FleetStatus,
  type FleetStatusOptions,
  type NodeView,
  type StatusChannel,
} from "./fleet-status.ts";
export {
  GroupOperator,
  type GroupOperatorOptions,
  type OperatorChannel,
  type Release,
} from "./group-operator.ts";
export {
  putQuota,
  type Quota,
  type QuotaCallOptions,
  type QuotaClient,
  quotas,
  quotasPath,
  removeQuota,
} from "./quota-table.ts";
export {
  type QuotaChannel,
  type QuotaUsage,
  quotaUsages,
  type QuotaUsageOptions,
  type QuotaUsages,
} from "./quota-usage.ts";
export {
  listSessions,
  type SessionConnection,
  type SessionList,
  type SessionListOptions,
  type SessionsChannel,
  type SessionView,
} from "./session-list.ts";
