export { Consistency } from "@meridian/wire";
export { Group, type GroupOptions, type Life, type Part } from "./group.ts";
export { type GroupPlan, topologyOf, type VotersPlan, zones } from "./plan.ts";
export { randomOf } from "./random.ts";
export { Scene } from "./scene.ts";
export { codeOf, type Pending, SessionClient, textOf } from "./session-client.ts";
export { NodeClock, VirtualClock } from "./virtual-clock.ts";
