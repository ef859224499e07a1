import { constants } from "node:http2";
import grpc, {
  type ServerReadableStream,
  type StatusObject,
  type UntypedServiceImplementation,
  type sendUnaryData,
} from "@grpc/grpc-js";
import { PeerGoodbye } from "@meridian/wire";
import { PeerInboxes } from "../peer-inbox.ts";
import { internalError, refusalOf } from "../refusal.ts";
import type { PeerMember } from "../service.ts";
import { receiveSnapshot } from "../snapshot-receiver.ts";
import { StrangerError } from "../stranger.ts";
import { resetCall } from "./internals.ts";
import { statusOf } from "./status.ts";

/** A stream from a peer, as grpc-js calls it. */
type PeerCall = ServerReadableStream<Buffer, Buffer>;

const { FAILED_PRECONDITION } = grpc.status;

/** Handlers of the service Peer. Members are looked up for every stream. */
export function peerHandlers(
  members: ReadonlyMap<string, PeerMember>,
): UntypedServiceImplementation {
  const inboxes = new PeerInboxes(members);
  return {
    connect: (call: PeerCall, callback: sendUnaryData<Buffer>) => connect(call, callback, inboxes),
    installSnapshot: (call: PeerCall, callback: sendUnaryData<Buffer>) => {
      void installSnapshot(call, callback, members);
    },
  };
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

function connect(call: PeerCall, callback: sendUnaryData<Buffer>, inboxes: PeerInboxes): void {
  const inbox = inboxes.add(() => resetCall(call, constants.NGHTTP2_CANCEL));
  let over = false;
  call.on("data", (bytes: Buffer) => {
    if (over) return;
    try {
      inbox.receive(bytes);
    } catch (error) {
      if (refusalOf(error) === undefined) throw error;
      over = true;
      inbox.close();
      callback(refusal(error));
    }
  });
  call.once("end", () => {
    if (!over) callback(null, PeerGoodbye.encode({}));
    over = true;
  });
  call.once("cancelled", () => {
    over = true;
    inbox.close();
  });
}

/**
 * A stranger's status is FAILED_PRECONDITION: it is configured wrongly, not short of a permission.
 */
function refusal(error: unknown): Partial<StatusObject> {
  const found = statusOf(refusalOf(error) ?? internalError());
  return error instanceof StrangerError ? { ...found, code: FAILED_PRECONDITION } : found;
}
