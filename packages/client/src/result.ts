import {
  MeridianError,
  errorCodeName,
  type IResponse,
  type IStat,
  type MeridianErrorCode,
} from "@meridian/wire";
import type { Link } from "./link.ts";
import { receiptOf, type Receipt, type Stat } from "./receipt.ts";

/** What a create or a set made. */
export interface Written {
  /** The path as made: sequential modes append ten digits. */
  readonly path: string;
  readonly stat: Stat;
  readonly receipt: Receipt;
}

/** What a delete or a sync delivered. */
export interface Done {
  readonly receipt: Receipt;
}

/** A node as it was read. The data is a copy that belongs to the caller. */
export class NodeValue {
  readonly path: string;
  readonly data: Uint8Array;
  readonly stat: Stat;
  readonly receipt: Receipt;

  constructor(path: string, data: Uint8Array, stat: Stat, receipt: Receipt) {
    this.path = path;
    this.data = data;
    this.stat = stat;
    this.receipt = receipt;
  }

  /** The data as UTF-8 text; bytes that are not become U+FFFD. */
  get text(): string {
    return new TextDecoder().decode(this.data);
  }
}

/** Whether a node exists. */
export interface Existence {
  readonly exists: boolean;
  /** Undefined when it does not. */
  readonly stat: Stat | undefined;
  readonly receipt: Receipt;
}

/** A child of a node. */
export interface Child {
  readonly name: string;
  /** Present when stats or data were asked for. */
  readonly stat: Stat | undefined;
  /** Present when data was asked for. */
  readonly data: Uint8Array | undefined;
}

/** The children of a node, by name in ascending order of UTF-16 code units. */
export interface ChildList {
  readonly names: readonly string[];
  readonly children: readonly Child[];
  /** Of the parent. */
  readonly stat: Stat;
  /** There are more than the limit. */
  readonly more: boolean;
  readonly receipt: Receipt;
}

/** What one part of a multi made; `stat` is undefined for checks and deletions. */
export interface MultiPart {
  readonly path: string;
  readonly stat: Stat | undefined;
}

/** What a multi made. */
export interface MultiDone {
  readonly parts: readonly MultiPart[];
  readonly receipt: Receipt;
}

/**
 * What became of one part of a multi that was refused: one `failed`; those before it were done and
 * taken back, those behind it were not tried.
 */
type MultiOutcomeName = "undone" | "failed" | "untried";

/**
 * A multi was refused as a whole; nothing of it was done. `parts` says which of its parts failed
 * and with what, "" for those that did not; `outcomes` what became of each.
 */
export class MultiError extends MeridianError {
  readonly parts: readonly (MeridianErrorCode | "")[];

  constructor(error: MeridianError, parts: readonly (MeridianErrorCode | "")[]) {
    const { hint, retryAfterMs } = error;
    super(error.code, error.description, { cause: error, hint, retryAfterMs });
    this.parts = parts;
  }

  /** Place of the part that failed; -1 when the multi was refused before any was tried. */
  get failedAt(): number {
    return this.parts.findIndex((code) => code !== "");
  }

  /** Part by part. */
  get outcomes(): readonly MultiOutcomeName[] {
    const { failedAt } = this;
    return this.parts.map((_, at) => {
      if (at === failedAt) return "failed";
      return at < failedAt ? "undone" : "untried";
    });
  }
}

/** An answer that arrived, and what it came over. */
export interface Answer {
  readonly response: IResponse;
  readonly link: Link;
  /** Cluster that owns the path. */
  readonly owner: string;
}

/** The receipt of an answer. */
export function receipt({ response, link, owner }: Answer): Receipt {
  if (link.welcome === undefined || link.servedBy === undefined) throw malformed("a welcome");
  return receiptOf(response, link.welcome, link.servedBy, owner);
}

/** Result of create and set. */
export function written(answer: Answer): Written {
  const { node } = answer.response;
  if (node === undefined) throw malformed("the node");
  return { path: node.path, stat: present(node.stat), receipt: receipt(answer) };
}

/** Result of get. */
export function nodeValue(answer: Answer): NodeValue {
  const { node } = answer.response;
  if (node === undefined) throw malformed("the node");
  // The frame that it came in may be large, and must not be kept alive by a small value.
  const data = new Uint8Array(node.data);
  return new NodeValue(node.path, data, present(node.stat), receipt(answer));
}

/** Result of exists. */
export function existence(answer: Answer): Existence {
  const stat = answer.response.exists?.stat;
  return { exists: stat !== undefined, stat, receipt: receipt(answer) };
}

/** One page of children. */
export function childPage(answer: Answer, withData: boolean): ChildList {
  const { children } = answer.response;
  if (children === undefined) throw malformed("the children");
  const list = children.children.map((child) => ({
    name: child.path,
    stat: child.stat,
    data: withData ? new Uint8Array(child.data) : undefined,
  }));
  return {
    names: list.map(({ name }) => name),
    children: list,
    stat: present(children.stat),
    more: children.more,
    receipt: receipt(answer),
  };
}

/** Result of multi. */
export function multiDone(answer: Answer): MultiDone {
  const { multi } = answer.response;
  if (multi === undefined) throw malformed("the parts");
  const parts = multi.parts.map(({ node }) => ({ path: node?.path ?? "", stat: node?.stat }));
  return { parts, receipt: receipt(answer) };
}

/** The error of a refused multi, with what is known of its parts. */
export function multiError(error: MeridianError, response: IResponse | undefined): MeridianError {
  const parts = response?.multi?.parts;
  if (parts === undefined) return error;
  return new MultiError(
    error,
    parts.map(({ code }) => (code === 0 ? "" : errorCodeName(code))),
  );
}

function present(stat: IStat | undefined): IStat {
  if (stat === undefined) throw malformed("the stat");
  return stat;
}

function malformed(what: string): MeridianError {
  return new MeridianError("CORRUPT", `the answer lacks ${what}`);
}
