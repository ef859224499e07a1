import { constants } from "node:http2";
import grpc, {
  type Server,
  type StatusObject,
  type ServerReadableStream,
  type sendUnaryData,
} from "@grpc/grpc-js";
import {
  MeridianError,
  PeerFrame,
  PeerGoodbye,
  PeerService,
  type IPeerFrame,
} from "@meridian/wire";
import { peerFrameFromWire } from "../peer-codec.ts";
import type { PeerMember } from "../service.ts";
import { StrangerError, memberFor } from "../stranger.ts";
import { definitionOf } from "./definition.ts";
import { resetCall } from "./internals.ts";
import { receiveSnapshot } from "./snapshot-receiver.ts";
import { internalError, refusalOf, statusOf } from "./status.ts";

const { FAILED_PRECONDITION } = grpc.status;

/** A stream from a peer, as grpc-js calls it. */
type PeerCall = ServerReadableStream<Buffer, Buffer>;

/** Answers the service Peer. Members are looked up for every stream. */
export function addPeers(server: Server, members: ReadonlyMap<string, PeerMember>): void {
  // A peer that comes back while its old connection still seems alive must not be heard twice.
  const open = new Map<string, PeerCall>();
  server.addService(definitionOf(PeerService), {
    connect: (call: PeerCall, callback: sendUnaryData<Buffer>) => {
      connect(call, callback, members, open);
    },
    installSnapshot: (call: PeerCall, callback: sendUnaryData<Buffer>) => {
      void installSnapshot(call, callback, members);
    },
  });
}

async function installSnapshot(
  call: PeerCall,
  callback: sendUnaryData<Buffer>,
  members: ReadonlyMap<string, PeerMember>,
): Promise<void> {
  let answer: Buffer;
  try {
    answer = await receiveSnapshot(call, members);
  } catch (error) {
    callback(refusal(error));
    return;
  }
  callback(null, answer);
}

/** A stranger's status is FAILED_PRECONDITION: it is configured wrongly, not short of a permission. */
function refusal(error: unknown): Partial<StatusObject> {
  const found = statusOf(refusalOf(error) ?? internalError());
  return error instanceof StrangerError ? { ...found, code: FAILED_PRECONDITION } : found;
}

function connect(
  call: PeerCall,
  callback: sendUnaryData<Buffer>,
  members: ReadonlyMap<string, PeerMember>,
  open: Map<string, PeerCall>,
): void {
  let member: PeerMember | undefined;
  let from = "";
  let ended = false;
  const end = (error?: unknown): void => {
    if (ended) return;
    ended = true;
    const key = `${member?.identity.cluster}/${from}`;
    if (open.get(key) === call) open.delete(key);
    if (error === undefined) callback(null, PeerGoodbye.encode({}));
    else callback(refusal(error));
  };
  call.on("data", (bytes: Buffer) => {
    if (ended) return;
    try {
      const frame = PeerFrame.decode(bytes);
      if (member === undefined) {
        member = memberFor(frame.hello, members);
        from = frame.hello?.from ?? "";
        supersede(open, `${member.identity.cluster}/${from}`, call);
      }
      deliver(member, from, frame);
    } catch (error) {
      if (refusalOf(error) === undefined) throw error;
      end(error);
    }
  });
  call.once("end", () => end());
  call.once("cancelled", () => {
    end(new MeridianError("REGION_UNAVAILABLE", "the connection was lost"));
  });
}

function deliver(member: PeerMember, from: string, frame: IPeerFrame): void {
  const { messages, forwards, forwardAnswers, liveness, livenessAnswer } = frame;
  const empty = messages.length + forwards.length + forwardAnswers.length === 0;
  if (empty && liveness === undefined && livenessAnswer === undefined) return;
  member.handler.onFrame(from, peerFrameFromWire(frame));
}

function supersede(open: Map<string, PeerCall>, key: string, call: PeerCall): void {
  const old = open.get(key);
  open.set(key, call);
  if (old !== undefined) resetCall(old, constants.NGHTTP2_CANCEL);
}
