export { Consistency } from "@meridian/wire";
export { type DiskTrouble, type Hooks } from "./hooks.ts";
export { Group, type GroupOptions, groupTiming, type Life, type Part } from "./group.ts";
export { NodeClock } from "./node-clock.ts";
export { type GroupPlan, topologyOf, type VotersPlan, zones } from "./plan.ts";
export { randomOf } from "./random.ts";
export { Scene } from "./scene.ts";
export { codeOf, type Pending, SessionClient, textOf } from "./session-client.ts";
export { VirtualClock } from "./virtual-clock.ts";
