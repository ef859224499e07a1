import type { IMembership, MeridianError } from "@meridian/wire";

import type { Output } from "../command/options.ts";
import { addressForm, parseAddress } from "../config/address.ts";
import { usageError } from "../failure/command-error.ts";
import { exitCodes, type ExitCode } from "../failure/exit-code.ts";
import { print, printJson } from "../output/print.ts";
import { table } from "../output/table.ts";
import { findGroup, type GroupChoice, membershipAfter, patiently } from "./group.ts";

/** A member to be. */
export interface NewMember {
  readonly address: string;
  /** Voter group that it is meant for. */
  readonly group?: string | undefined;
  readonly witness?: true | undefined;
}

/** What goes with a promotion. */
export interface Promotion {
  /** Voter group; default: the one that each was added for. */
  readonly group?: string | undefined;
  /** Members that leave in the same step. */
  readonly remove?: readonly string[] | undefined;
  /** Waits for learners that are behind. */
  readonly wait?: true | undefined;
}

interface ChangeRequest {
  readonly add?: readonly {
    readonly node: string;
    readonly address: string;
    readonly region: string;
    readonly group: string;
    readonly role: string;
  }[];
  readonly promote?: readonly { readonly node: string; readonly group: string }[];
  readonly demote?: readonly string[];
  readonly remove?: readonly string[];
}

/** `meridian member list`. */
export async function list(choice: GroupChoice, output: Output): Promise<ExitCode> {
  const { operator } = await findGroup(choice);
  await show(await operator.membership(), output, {});
  return exitCodes.ok;
}

/** `meridian member add`: a new member begins as a learner. */
export async function add(
  choice: GroupChoice,
  node: string,
  { address, group = "", witness }: NewMember,
  output: Output,
): Promise<ExitCode> {
  if ((parseAddress(address)?.port ?? 0) === 0) {
    throw usageError(`an address is ${addressForm}; found "${address}"`);
  }
  const role = witness === true ? "witness" : "";
  const member = { node, address, region: choice.region ?? "", group, role };
  const text = `${node} is a learner now: start it, and promote it when it has caught up`;
  return await change(choice, { add: [member] }, { output, text });
}

/** `meridian member promote`: learners get a vote. */
export async function promote(
  choice: GroupChoice,
  nodes: readonly string[],
  { group = "", remove: leaving = [], wait }: Promotion,
  output: Output,
): Promise<ExitCode> {
  const request = { promote: nodes.map((node) => ({ node, group })), remove: leaving };
  const gone = leaving.length === 0 ? "" : `, ${listed(leaving)} left`;
  const text = `${listed(nodes)} ${have(nodes)} a vote now${gone}`;
  return await change(choice, request, { output, text, waits: wait === true });
}

/** `meridian member demote`: voters become learners. */
export async function demote(
  choice: GroupChoice,
  nodes: readonly string[],
  output: Output,
): Promise<ExitCode> {
  const text = `${listed(nodes)} ${have(nodes)} no vote any more`;
  return await change(choice, { demote: nodes }, { output, text });
}

/** `meridian member remove`: members leave for good. */
export async function remove(
  choice: GroupChoice,
  nodes: readonly string[],
  output: Output,
): Promise<ExitCode> {
  const text = `${listed(nodes)} left; stop what runs under the name, which is not used again`;
  return await change(choice, { remove: nodes }, { output, text });
}

/** `meridian global hold`: leadership stays in a voter group, by default in the one that leads. */
export async function hold(
  choice: GroupChoice,
  wanted: { readonly group?: string | undefined; readonly region?: string | undefined },
  output: Output,
): Promise<ExitCode> {
  const found = await findGroup(choice);
  const group = wanted.group ?? groupToHold(await found.operator.membership(), wanted.region);
  const { membership, changed } = await patiently(found, found.operator.hold(group));
  const text = `leadership stays in group ${group} until it is released`;
  if (membership !== undefined) await show(membership, output, { changed, text });
  return exitCodes.ok;
}

/**
 * `meridian global release`: leadership goes where it will again. Where nobody leads, since the
 * group that holds leadership is gone, voters of the others are asked to stand for election first.
 */
export async function release(choice: GroupChoice, output: Output): Promise<ExitCode> {
  const found = await findGroup(choice);
  const released = await patiently(found, found.operator.release());
  const { membership, changed, elected } = released;
  const text = "leadership goes where it will again";
  if (elected !== "" && output !== "json") {
    await print(`nobody led: ${elected} was elected by hand\n`);
  }
  if (membership !== undefined) await show(membership, output, { changed, text, elected });
  return exitCodes.ok;
}

async function change(
  choice: GroupChoice,
  request: ChangeRequest,
  { output, text, waits = false }: { output: Output; text: string; waits?: boolean },
): Promise<ExitCode> {
  const waitsFor = ({ hint }: MeridianError): boolean =>
    waits && ["learner-behind", "in-flight"].includes(hint);
  const found = await findGroup(choice, waitsFor);
  const answer = await patiently(found, found.operator.change(request));
  const { changed, index, membership } = answer;
  if (membership === undefined) return exitCodes.ok;
  await show(await membershipAfter(found, membership), output, { changed, index, text });
  return exitCodes.ok;
}

interface ShownResult {
  readonly changed?: boolean;
  readonly index?: number;
  readonly text?: string;
  /** Who was made to lead for it; only releases tell, "" when that was not needed. */
  readonly elected?: string;
}

/** What came of a change, and who is what. */
async function show(membership: IMembership, output: Output, result: ShownResult): Promise<void> {
  const { cluster, leader, term, heldBy, changing, members } = membership;
  const { changed, index, text = "", elected } = result;
  if (output === "json") {
    const outcome = changed === undefined ? {} : { changed, ...(index ? { index } : {}) };
    const election = elected === undefined ? {} : { elected };
    return await printJson({ ...outcome, ...election, ...membership });
  }
  if (changed !== undefined)
    await print(`${changed ? text : "nothing to do: it is so already"}\n\n`);
  const led = leader === "" ? "nobody leads" : `${leader} leads`;
  const held = heldBy === "" ? "" : `; leadership is held by group ${heldBy}`;
  const open = changing ? "; a change is under way" : "";
  await print(`${cluster}: ${led}, term ${term}${held}${open}\n`);
  const head = ["MEMBER", "STANDING", "GROUP", "REGION", "STATE", "BEHIND", "ADDRESS"];
  const rows = members.map(({ node, standing, leaving, group, region, ...member }) => {
    const { state, active, behind, address } = member;
    const told = state === "" ? "" : active ? state : "does not answer";
    return [
      node,
      leaving ? `${standing}, leaving` : standing,
      group,
      region,
      told,
      state === "" ? "" : behind,
      address === "" ? "not known" : address,
    ];
  });
  await print(table(head, rows));
}

function groupToHold({ members, leader }: IMembership, region: string | undefined): string {
  const voters = members.filter(({ standing }) => standing === "voter");
  const found = voters.find((member) =>
    region === undefined ? member.node === leader : member.region === region,
  );
  if (found !== undefined) return found.group;
  const regions = [...new Set(voters.map((member) => member.region))].join(", ");
  if (region === undefined) {
    throw usageError("nobody leads the global tier now: say which group, with --group");
  }
  throw usageError(`no voter group is in ${region}; there are some in ${regions}`);
}

function listed(nodes: readonly string[]): string {
  return nodes.join(", ");
}

function have(nodes: readonly string[]): string {
  return nodes.length === 1 ? "has" : "have";
}
