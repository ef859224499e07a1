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
import { resetCall, serverInternals } from "./internals.ts";
import { MessageStream } from "./message-stream.ts";
import { faultStatus, statusOf } from "./status.ts";

/** A stream from a peer, as grpc-js calls it. */
type PeerCall = ServerReadableStream<Buffer, Buffer>;

const { FAILED_PRECONDITION } = grpc.status;

/**
 * Handlers of the service Peer. Members are looked up for every stream. `messageBytesMax`: of a
 * message that is taken.
 */
export function peerHandlers(
  members: ReadonlyMap<string, PeerMember>,
  messageBytesMax: number,
): UntypedServiceImplementation {
  const inboxes = new PeerInboxes(members);
  return {
    connect: (call: PeerCall, callback: sendUnaryData<Buffer>) => {
      connect(call, callback, inboxes, messageBytesMax);
    },
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

function connect(
  call: PeerCall,
  callback: sendUnaryData<Buffer>,
  inboxes: PeerInboxes,
  messageBytesMax: number,
): void {
  const inbox = inboxes.add(() => resetCall(call, constants.NGHTTP2_CANCEL));
  const { stream } = serverInternals(call);
  let over = false;
  const close = (status: Partial<StatusObject>): void => {
    over = true;
    inbox.close();
    callback(status);
  };
  const messages = new MessageStream(stream, messageBytesMax, {
    received: (bytes) => {
      if (over) return;
      try {
        inbox.receive(bytes);
      } catch (error) {
        if (refusalOf(error) === undefined) throw error;
        close(refusal(error));
      }
    },
    refused: (why) => close(faultStatus(why, messageBytesMax)),
    drained: () => undefined,
  });
  stream.once("end", () => {
    if (!over) callback(null, PeerGoodbye.encode({}));
    over = true;
  });
  call.once("cancelled", () => {
    over = true;
    inbox.close();
  });
  messages.read();
}

/**
 * A stranger's status is FAILED_PRECONDITION: it is configured wrongly, not short of a permission.
 */
function refusal(error: unknown): Partial<StatusObject> {
  const found = statusOf(refusalOf(error) ?? internalError());
  return error instanceof StrangerError ? { ...found, code: FAILED_PRECONDITION } : found;
}
