export { electionTiming, globalTickMs, type GroupRank } from "./election-timing.ts";
export { GlobalMember } from "./global-member.ts";
