import { globalCluster } from "@meridian/tree";
import { type IChangeMembersRequest, type INodeAddress, MeridianError } from "@meridian/wire";
import type { MembershipChange, NewMember } from "./membership-plan.ts";

/** Names in one change at most. */
const namesMax = 32;
const addressLengthMax = 300;
const namePattern = /^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/;
const nameForm = "lower-case letters, digits, dots and dashes (at most 63)";
const addressPattern = /^(?:\[[0-9a-fA-F:.]+\]|[^\s:[\]/]+):(?<port>\d{1,5})$/;

/**
 * The change that a request asks for.
 * @throws {MeridianError} BAD_ARGUMENTS, with what was expected and what was found.
 */
export function changeOf(request: IChangeMembersRequest, cluster: string): MembershipChange {
  const { add, promote, demote, remove } = request;
  const promoted = promote.map(({ node }) => node);
  const names = [...add.map(({ node }) => node), ...promoted, ...demote, ...remove];
  if (names.length === 0) throw bad("expected at least one member to change, found none");
  if (names.length > namesMax) {
    throw bad(`expected at most ${namesMax} members in one change, found ${names.length}`);
  }
  for (const name of names) mustBeName(name, "of a member");
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw bad(`expected each member once in a change, found ${twice} twice`);
  return { add: add.map((node) => newMember(node, cluster)), promote, demote, remove };
}

function newMember(node: INodeAddress, cluster: string): NewMember {
  const isGlobal = cluster === globalCluster;
  const { role, group, address, addressFrom } = node;
  const region = node.region === "" && !isGlobal ? cluster : node.region;
  if (node.cluster !== "" && node.cluster !== cluster) {
    throw bad(`this is a member of ${cluster}; ${node.node} is meant for ${node.cluster}`);
  }
  mustBeName(region, `of the region of ${node.node}`);
  if (!isGlobal && region !== cluster) {
    throw bad(`a regional cluster stays in its region: expected ${cluster}, found ${region}`);
  }
  const roles = isGlobal ? ["", "global-voter", "witness"] : ["", "regional-voter"];
  roles.push(...(isGlobal ? [] : ["regional-observer"]));
  if (!roles.includes(role)) {
    throw bad(`expected the role of ${node.node} to be one of ${named(roles)}, found ${role}`);
  }
  if (group !== "") mustBeName(group, "of a voter group");
  for (const text of [address, ...Object.values(addressFrom)]) mustBeAddress(text, node.node);
  for (const from of Object.keys(addressFrom)) mustBeName(from, "of a region");
  return { node: node.node, region, role, group, address, addressFrom: { ...addressFrom } };
}

function mustBeName(name: string, whose: string): void {
  if (namePattern.test(name)) return;
  throw bad(`expected a name ${whose}, of ${nameForm}; found ${shown(name)}`);
}

function mustBeAddress(address: string, node: string): void {
  const port = Number(addressPattern.exec(address)?.groups?.["port"] ?? 0);
  if (port > 0 && port <= 65_535 && address.length <= addressLengthMax) return;
  throw bad(`expected host:port for ${node}, such as 127.0.0.1:7400; found ${shown(address)}`);
}

/** What came from outside, short and on one line. */
function shown(text: string): string {
  return text === "" ? "none" : JSON.stringify(text.slice(0, 80));
}

function named(roles: readonly string[]): string {
  return roles.filter((role) => role !== "").join(", ");
}

function bad(message: string): MeridianError {
  return new MeridianError("BAD_ARGUMENTS", message);
}
