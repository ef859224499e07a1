import type { Forward, PeerFrame, PeerMessage } from "./peer.ts";

/** More than a message, an entry or a command needs beside its data. */
const ENVELOPE_BYTES = 256;
const ITEM_BYTES = 32;

/** About how long the frame is when encoded; never less than that. */
export function peerFrameBytes(frame: PeerFrame): number {
  let bytes = restBytes(frame);
  for (const message of frame.messages) bytes += messageBytes(message);
  for (const forward of frame.forwards) bytes += forwardBytes(forward);
  return bytes;
}

/**
 * The frame in parts of up to `bytesMax`, in order; messages and forwards stay whole. Nearly always
 * one part, the frame itself.
 */
export function splitPeerFrame(frame: PeerFrame, bytesMax: number): readonly PeerFrame[] {
  if (peerFrameBytes(frame) <= bytesMax) return [frame];
  const parts: PeerFrame[] = [];
  const { isFar = false } = frame;
  let messages: PeerMessage[] = [];
  let forwards: Forward[] = [];
  let bytes = 0;
  const flush = (): void => {
    if (messages.length + forwards.length === 0) return;
    parts.push({ ...NOTHING, messages, forwards, isFar });
    messages = [];
    forwards = [];
    bytes = 0;
  };
  const room = (wanted: number): void => {
    if (bytes + wanted > bytesMax) flush();
    bytes += wanted;
  };
  for (const message of frame.messages) {
    room(messageBytes(message));
    messages.push(message);
  }
  for (const forward of frame.forwards) {
    room(forwardBytes(forward));
    forwards.push(forward);
  }
  flush();
  const { forwardAnswers, liveness, livenessAnswer } = frame;
  parts.push({ ...NOTHING, forwardAnswers, liveness, livenessAnswer });
  return parts;
}

const NOTHING: PeerFrame = {
  messages: [],
  forwards: [],
  forwardAnswers: [],
  liveness: undefined,
  livenessAnswer: undefined,
};

function messageBytes(message: PeerMessage): number {
  if (message.type === "snapshot") {
    const { groups, outgoingGroups, learners, witnesses, notes } = message.mark.configuration;
    const members = [...groups, ...outgoingGroups].reduce(
      (sum, { voters }) => sum + voters.length,
      0,
    );
    let bytes = ENVELOPE_BYTES * (members + learners.length + witnesses.length + 1);
    for (const [id, note] of Object.entries(notes ?? {})) {
      bytes += ITEM_BYTES + Buffer.byteLength(id) + Buffer.byteLength(note);
    }
    return bytes;
  }
  if (message.type !== "append") return ENVELOPE_BYTES;
  let bytes = ENVELOPE_BYTES;
  for (const id of message.handTo ?? []) bytes += ITEM_BYTES + Buffer.byteLength(id);
  for (const { data } of message.entries) bytes += ITEM_BYTES + data.byteLength;
  return bytes;
}

function forwardBytes({ commands }: Forward): number {
  let bytes = ITEM_BYTES;
  for (const command of commands) bytes += ITEM_BYTES + command.byteLength;
  return bytes;
}

function restBytes({ forwardAnswers, liveness, livenessAnswer }: PeerFrame): number {
  const sessions = liveness?.sessions.length ?? 0;
  const ages = livenessAnswer?.ages.length ?? 0;
  return ENVELOPE_BYTES * (ages + 1) + ITEM_BYTES * (forwardAnswers.length + sessions);
}
