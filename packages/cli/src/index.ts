export { parseNodeConfig, readNodeConfig, type NodeConfig } from "./config/node-config.ts";
export { ConfigError, type Problem } from "./config/problem.ts";
export { readTopology, type Topology, type TopologyNode } from "./config/topology.ts";
export { startNode, type RunningNode } from "./node.ts";
