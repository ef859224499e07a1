import { type Encodable, type IResponse, type IWelcome, ServerFrame } from "@meridian/wire";
import type { WatchReport } from "./watch-report.ts";

/** A report on its way to one watch. */
export class AddressedReport {
  /** Id of the request that started the watch. */
  readonly watch: number;
  readonly report: WatchReport;

  constructor(watch: number, report: WatchReport) {
    this.watch = watch;
    this.report = report;
  }
}

/** What a stream says, in its order. */
export type Utterance = Encodable<IResponse> | AddressedReport;

/** Field 3 of ServerFrame, a message; fields 1 and 5 of WatchEvents, numbers. */
const eventsTag = 0x1a;
const watchTag = 0x08;
const laterResponsesTag = 0x28;

/**
 * Encodes a frame. Reports are put in as they were encoded for all their watches: of a message of
 * protobuf only the parts have to be there, in any order.
 */
export function encodeServerFrame(
  welcome: Encodable<IWelcome> | undefined,
  utterances: readonly Utterance[],
): Buffer {
  const [first] = utterances;
  if (first instanceof AddressedReport && utterances.length === 1 && welcome === undefined) {
    return frameOf(first);
  }
  const responses: Encodable<IResponse>[] = [];
  for (const said of utterances) if (!(said instanceof AddressedReport)) responses.push(said);
  const rest = ServerFrame.encode({ welcome, responses });
  if (responses.length === utterances.length) return rest;
  const parts: Uint8Array[] = [rest];
  let later = responses.length;
  for (const said of utterances) {
    if (said instanceof AddressedReport) addReport(parts, said, later);
    else later -= 1;
  }
  return Buffer.concat(parts);
}

/** Frames of one report alone, by the report, for the watch that it was made for last. */
const frames = new WeakMap<WatchReport, { readonly watch: number; readonly frame: Buffer }>();

/** Watchers of the same mostly have the same number for it: one frame does for thousands. */
function frameOf(said: AddressedReport): Buffer {
  const { watch, report } = said;
  const known = frames.get(report);
  if (known?.watch === watch) return known.frame;
  const parts: Uint8Array[] = [];
  addReport(parts, said, 0);
  const frame = Buffer.concat(parts);
  frames.set(report, { watch, frame });
  return frame;
}

function addReport(parts: Uint8Array[], { watch, report }: AddressedReport, later: number): void {
  const { body } = report;
  const own = [watchTag, ...varint(watch)];
  if (later > 0) own.push(laterResponsesTag, ...varint(later));
  const head = [eventsTag, ...varint(own.length + body.byteLength), ...own];
  parts.push(Uint8Array.from(head), body);
}

/** A number as protobuf writes it: seven bits a byte, the lowest first. */
function varint(value: number): readonly number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80);
  bytes.push(rest);
  return bytes;
}
