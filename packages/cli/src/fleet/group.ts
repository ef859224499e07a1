import { setTimeout as pause } from "node:timers/promises";

import type { GroupOperator } from "@meridian/admin";
import type { IMembership, MeridianError } from "@meridian/wire";

import { nearest } from "../config/nearest.ts";
import { findPlatform, type PlatformChoice } from "../connection/whereabouts.ts";
import { CommandError, usageError } from "../failure/command-error.ts";
import { exitCodes } from "../failure/exit-code.ts";
import { knownNodes } from "./fleet.ts";

/** Which group of members is meant, and how long its change may take. */
export interface GroupChoice extends PlatformChoice {
  /** "global" or a region; default: the region that the caller names. */
  readonly cluster?: string | undefined;
  readonly timeout?: number | undefined;
}

/** A group found, with what changes it. */
export interface Group {
  readonly cluster: string;
  readonly operator: GroupOperator;
}

/** Time for a change unless the caller says otherwise. */
const timeoutMs = 60_000;
/** After this long, and then every so often, a person is told what is waited for. */
const patienceMs = 1_000;
/** How often and after which pause it is asked who leads after a change. */
const afterwardsMax = 10;
const afterwardsMs = 300;

/**
 * Finds the group that a command is about. `waitsFor`: refusals that are waited out.
 * @throws {CommandError} usage when no group is named or there is none of that name.
 */
export async function findGroup(
  choice: GroupChoice,
  waitsFor: (refusal: MeridianError) => boolean = () => false,
): Promise<Group> {
  const { region } = findPlatform(choice);
  const { nodes = [] } = await knownNodes(choice);
  const members = nodes.filter(({ role }) => role !== "edge");
  const clusters = [...new Set(members.map(({ cluster = "" }) => cluster))];
  const cluster = chosen(choice, clusters);
  const seeds = members
    .filter((node) => node.cluster === cluster)
    .map(({ address = "", addressFrom }) => addressFrom?.[region] ?? address);
  const [{ GroupOperator: Operator }, { openChannel }] = await Promise.all([
    import("@meridian/admin"),
    import("@meridian/transport"),
  ]);
  const operator = new Operator({
    cluster,
    seeds,
    openChannel,
    region,
    deadlineMs: choice.timeout ?? timeoutMs,
    waitsFor,
    nowMs: () => performance.now(),
    pause: (forMs) => pause(forMs),
  });
  return { cluster, operator };
}

/** Waits for a change, and tells on stderr what it waits for when that takes long. */
export async function patiently<T>({ operator }: Group, change: Promise<T>): Promise<T> {
  const over = new AbortController();
  const done = change.finally(() => over.abort());
  // The caller takes the failure; the tale below must not fail for it too.
  const told = tell(operator, over.signal);
  try {
    return await done;
  } finally {
    await told;
  }
}

/** The members after a change, as told by one who leads: the one before may just have left. */
export async function membershipAfter(
  { operator }: Group,
  told: IMembership,
): Promise<IMembership> {
  let found = told;
  for (let attempt = 0; attempt < afterwardsMax && !isToldByLeader(found); attempt += 1) {
    if (attempt > 0) await pause(afterwardsMs);
    found = await operator.membership().catch(() => told);
  }
  return found;
}

function isToldByLeader({ members, leader, toldBy }: IMembership): boolean {
  return leader === toldBy && members.some(({ node }) => node === leader);
}

async function tell(operator: GroupOperator, signal: AbortSignal): Promise<void> {
  while (await passes(patienceMs, signal)) {
    const line = await operator.membership().then(waitedFor, (error: unknown) => String(error));
    if (!signal.aborted) process.stderr.write(`meridian: waiting: ${line}\n`);
  }
}

function waitedFor({ leader, changing, members }: IMembership): string {
  const behind = members
    .filter(({ behind: entries, standing }) => entries > 0 || standing === "learner")
    .map(({ node, behind: entries, state, active }) =>
      active ? `${node} is ${entries} entries behind (${state})` : `${node} does not answer`,
    );
  const what = changing ? "a change is not settled yet" : "no change is under way";
  return [leader === "" ? "nobody leads" : `${leader} leads`, what, ...behind].join("; ");
}

/** True after the time, false when it is over before. */
function passes(forMs: number, signal: AbortSignal): Promise<boolean> {
  return pause(forMs, true, { signal }).catch(() => false);
}

function chosen(choice: GroupChoice, clusters: readonly string[]): string {
  const named = choice.cluster ?? choice.region ?? process.env["MERIDIAN_REGION"] ?? "";
  const [only, ...others] = clusters;
  if (only === undefined) {
    const message = "no node of the platform knows of a cluster; are they founded?";
    throw new CommandError(exitCodes.unavailable, "REGION_UNAVAILABLE", message);
  }
  if (named === "") {
    if (others.length === 0) return only;
    const names = clusters.join(", ");
    throw usageError(`whose members? --cluster CLUSTER or --region REGION; there are ${names}`);
  }
  if (clusters.includes(named)) return named;
  const guess = nearest(named, clusters);
  const tail = guess === undefined ? `there are ${clusters.join(", ")}` : `did you mean ${guess}?`;
  throw usageError(`there is no cluster ${named}; ${tail}`);
}
