import type {
  Configuration,
  Entry,
  Message,
  Persist,
  Ready,
  Status,
  VoterGroup,
} from "../../src/index.ts";
import { text } from "./codec.ts";

/** One message in one line. */
export function describeMessage(message: Message): string {
  const { from, to, type, term } = message;
  return `${from} -> ${to} ${type} in ${term}${detail(message)}`;
}

/** One entry in a word or two: index@term, then what it holds. */
export function describeEntry({ index, term, kind, data }: Entry): string {
  const content = kind === "command" ? ` ${text(data)}` : ` <${kind}>`;
  return `${index}@${term}${content}`;
}

/** One durable write in one line, without the messages that wait for it. */
export function describePersist({ hardState, entries, reset }: Persist): string {
  const parts: string[] = [];
  if (hardState !== undefined) {
    const { term, vote, commitIndex } = hardState;
    parts.push(`term ${term} vote ${vote ?? "-"} commit ${commitIndex}`);
  }
  if (reset !== undefined) parts.push(`reset to ${reset.index}@${reset.term}`);
  if (entries.length > 0) parts.push(`entries ${entries.map(describeEntry).join(", ")}`);
  return parts.length > 0 ? parts.join("; ") : "nothing but messages";
}

/** Everything of a `Ready`, a line each. */
export function describeReady(id: string, ready: Ready): string[] {
  const { soft, send, persist, committed, reads } = ready;
  const lines: string[] = [];
  if (soft !== undefined) {
    const { role, term, leader, transferring, recovering, forced } = soft;
    const doing = [
      transferring ? ", handing over" : "",
      recovering ? ", recovering" : "",
      forced ? ", forced" : "",
    ].join("");
    lines.push(`${id} is ${role} in ${term}, leader ${leader ?? "-"}${doing}`);
  }
  for (const message of send) lines.push(`send ${describeMessage(message)}`);
  if (persist !== undefined) {
    lines.push(`${id} writes ${describePersist(persist)}`);
    for (const message of persist.send) lines.push(`then send ${describeMessage(message)}`);
  }
  if (committed.length > 0) lines.push(`${id} applies ${committed.map(describeEntry).join(", ")}`);
  for (const { context, index } of reads) {
    lines.push(
      `${id} ${index === undefined ? "refuses read" : `reads at ${index} for`} ${context}`,
    );
  }
  return lines;
}

/** What a member is, in lines. */
export function describeStatus(status: Status): string[] {
  const { id, role, term, vote, leader, commitIndex, appliedIndex, firstIndex, lastIndex } = status;
  const { durableIndex, transferTo, progress } = status;
  const lines = [
    `${id} is ${role} in ${term}, vote ${vote ?? "-"}, leader ${leader ?? "-"}` +
      (status.recovering ? ", recovering" : ""),
    `log ${firstIndex}..${lastIndex}, durable ${durableIndex}, ` +
      `commit ${commitIndex}, applied ${appliedIndex}`,
    `group ${describeConfiguration(status.configuration)}`,
  ];
  if (transferTo !== undefined) lines.push(`hands over to ${transferTo}`);
  for (const [peer, { state, match, next, active, inflight, paused, recovering }] of progress) {
    const marks = [
      paused ? " paused" : "",
      active ? "" : " inactive",
      recovering ? " recovering" : "",
    ];
    lines.push(
      `${peer}: ${state} match ${match} next ${next} inflight ${inflight}${marks.join("")}`,
    );
  }
  return lines;
}

/** Groups, then who else belongs. */
function describeConfiguration(configuration: Configuration): string {
  const { groups, outgoingGroups, learners, witnesses, autoLeave, heldBy } = configuration;
  const parts = [describeGroups(groups)];
  if (outgoingGroups.length > 0) parts.push(`outgoing ${describeGroups(outgoingGroups)}`);
  if (autoLeave) parts.push("auto-leave");
  if (learners.length > 0) parts.push(`learners ${learners.join(",")}`);
  if (witnesses.length > 0) parts.push(`witnesses ${witnesses.join(",")}`);
  if (heldBy !== undefined) parts.push(`held by ${heldBy}`);
  return parts.join(" ");
}

function describeGroups(groups: readonly VoterGroup[]): string {
  return groups
    .map(
      ({ name, voters, weight }) =>
        `${name}${weight === 1 ? "" : `:${weight}`}=${voters.join(",")}`,
    )
    .join(" ");
}

function detail(message: Message): string {
  switch (message.type) {
    case "append": {
      const { index, logTerm, entries, commit, quiet = false } = message;
      const list = entries.length > 0 ? ` [${entries.map(describeEntry).join(", ")}]` : "";
      return ` after ${index}@${logTerm}${list} commit ${commit}${quiet ? " quiet" : ""}`;
    }
    case "append-answer": {
      const { index, reject, hint, logTerm } = message;
      return reject ? ` refused ${index} hint ${hint}@${logTerm}` : ` accepted ${index}`;
    }
    case "heartbeat":
      return ` commit ${message.commit}${round(message.context)}`;
    case "heartbeat-answer":
      return round(message.context);
    case "pre-vote":
    case "vote":
      return ` log ${message.index}@${message.logTerm}${message.transfer ? " transfer" : ""}`;
    case "pre-vote-answer":
    case "vote-answer":
      return message.reject ? " no" : " yes";
    case "read-index":
      return ` context ${message.context}`;
    case "read-index-answer":
      return ` context ${message.context} ${message.reject ? "refused" : `index ${message.index}`}`;
    case "snapshot":
      return ` ${message.mark.index}@${message.mark.term}`;
    case "recover":
    case "timeout-now":
      return "";
    case "recover-answer":
      return ` up to ${message.index}`;
  }
}

function round(context: number): string {
  return context === 0 ? "" : ` round ${context}`;
}
