import type { NodeStat, Outcome, Told, Transcript } from "./outcome.ts";

/**
 * Falsifies a transcript in one place, in a session from a share of them on; undefined: there is
 * no place for it.
 */
export type Mutation = (transcript: Transcript, share: number) => Transcript | undefined;

/** Changes of answers. */
export const answerMutations: Readonly<Record<string, Mutation>> = {
  "a code": answers((outcome) => {
    return outcome.code === "NO_NODE" ? { code: "NODE_EXISTS" } : undefined;
  }),
  "a refusal that was none": answers((outcome) => {
    return outcome.code === "BAD_VERSION" ? { code: "" } : undefined;
  }),
  "the path made": answers((outcome) => {
    return outcome.path === undefined ? undefined : { ...outcome, path: `${outcome.path}1` };
  }),
  data: answers((outcome) => {
    return outcome.data === undefined ? undefined : { ...outcome, data: `${outcome.data} ` };
  }),
  "a child too few": answers((outcome) => {
    return (outcome.names ?? []).length === 0
      ? undefined
      : { ...outcome, names: (outcome.names ?? []).slice(1) };
  }),
  "a part of a multi": answers((outcome) => {
    if (outcome.parts === undefined || outcome.code !== "") return undefined;
    return { ...outcome, parts: [{ code: "NO_NODE" }, ...outcome.parts.slice(1)] };
  }),
  "a part too many": answers((outcome) => {
    if (outcome.parts === undefined) return undefined;
    return { ...outcome, parts: [...outcome.parts, { code: "" }] };
  }),
  "no Stat": answers(({ stat: known, ...rest }) => {
    return known === undefined ? undefined : rest;
  }),
  "the transaction of a creation": stat(({ czxid }) => ({ czxid: czxid + 1 })),
  "the transaction of a change": stat(({ mzxid }) => ({ mzxid: mzxid + 1 })),
  "the transaction of a child": stat(({ pzxid }) => ({ pzxid: pzxid + 1 })),
  "a time": stat(({ czxid, mzxid, mtimeMs }) => {
    return czxid === mzxid ? { mtimeMs: mtimeMs + 1 } : undefined;
  }),
  "a version": stat(({ version }) => ({ version: version + 1 })),
  "the version of the children": stat(({ cversion }) => ({ cversion: cversion + 1 })),
  "the version of the access list": stat(({ aversion }) => ({ aversion: aversion + 1 })),
  "an owner": stat(({ owner }) => ({ owner: owner === "" ? "s1" : "" })),
  "the length of data": stat(({ dataLength }) => ({ dataLength: dataLength + 1 })),
  "the number of children": stat(({ numChildren }) => ({ numChildren: numChildren + 1 })),
};

/** Changes of what a session was told, and in which order. */
export const orderMutations: Readonly<Record<string, Mutation>> = {
  "an answer that is missing": told((all, place) => {
    return all[place]?.kind === "answer" ? all.toSpliced(place, 1) : undefined;
  }),
  "answers in another order": told(swap("answer", "answer")),
  "an event that is missing": told((all, place) => {
    return all[place]?.kind === "event" ? all.toSpliced(place, 1) : undefined;
  }),
  "an event that comes twice": told((all, place) => {
    const event = all[place];
    return event?.kind === "event" ? all.toSpliced(place, 0, event) : undefined;
  }),
  "an event of another kind": told((all, place) => {
    const event = all[place];
    if (event?.kind !== "event" || event.type !== "changed") return undefined;
    return all.with(place, { ...event, type: "created" });
  }),
  "an event of another path": told((all, place) => {
    const event = all[place];
    if (event?.kind !== "event") return undefined;
    return all.with(place, { ...event, path: `${event.path}1` });
  }),
  "an event of another watch": told((all, place) => {
    const event = all[place];
    if (event?.kind !== "event") return undefined;
    return all.with(place, { ...event, watch: event.watch + 1 });
  }),
  "an event that comes after the answer that it belongs before": told(swap("event", "answer")),
  "an event that comes before the answer that it belongs after": told(swap("answer", "event")),
  "events of one watch in another order": told((all, place) => {
    const first = all[place];
    if (first?.kind !== "event") return undefined;
    const after = all.slice(place + 1);
    const end = after.findIndex(({ kind }) => kind === "answer");
    const other = after.slice(0, Math.max(0, end)).findIndex((entry) => isOther(first, entry));
    const second = after[other];
    if (second === undefined) return undefined;
    return all.with(place, second).with(place + 1 + other, first);
  }),
};

/** Changes one answer: the first from a share of the transcript on that can be. */
function answers(change: (outcome: Outcome) => Outcome | undefined): Mutation {
  return told((all, place) => {
    const entry = all[place];
    if (entry?.kind !== "answer") return undefined;
    const outcome = change(entry.outcome);
    return outcome === undefined ? undefined : all.with(place, { ...entry, outcome });
  });
}

/** Changes one Stat, likewise. */
function stat(change: (stat: NodeStat) => Partial<NodeStat> | undefined): Mutation {
  return answers((outcome) => {
    const changed = outcome.stat === undefined ? undefined : change(outcome.stat);
    if (outcome.stat === undefined || changed === undefined) return undefined;
    return { ...outcome, stat: { ...outcome.stat, ...changed } };
  });
}

type Change = (all: readonly Told[], place: number) => readonly Told[] | undefined;

/** Changes what one session was told, likewise. */
function told(change: Change): Mutation {
  return (transcript, share) => {
    const sessions = [...transcript.told];
    for (const [session, all] of sessions.slice(Math.floor(sessions.length * share))) {
      for (let place = Math.floor(all.length * share); place < all.length; place += 1) {
        const changed = change(all, place);
        if (changed === undefined) continue;
        return { ...transcript, told: new Map([...sessions, [session, changed]]) };
      }
    }
    return undefined;
  };
}

/** Exchanges two neighbours of these kinds; answers are those of gets, which have an order. */
function swap(kind: Told["kind"], next: Told["kind"]): Change {
  const isOrdered = (entry: Told): boolean =>
    entry.kind === "event" || entry.outcome.data !== undefined;
  return (all, place) => {
    const [first, second] = [all[place], all[place + 1]];
    if (first?.kind !== kind || second?.kind !== next) return undefined;
    return isOrdered(first) && isOrdered(second)
      ? all.toSpliced(place, 2, second, first)
      : undefined;
  };
}

/** Another transaction's event of the same watch, which says something else. */
function isOther(first: Told, second: Told): boolean {
  if (first.kind !== "event" || second.kind !== "event") return false;
  const isSameWatch = first.watch === second.watch && first.transaction !== second.transaction;
  return isSameWatch && (first.type !== second.type || first.path !== second.path);
}
