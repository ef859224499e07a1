import type { Command, NodeOperation, Operation } from "@meridian/tree";
import {
  Command as CommandMessage,
  type Encodable,
  type ICommand,
  type ICreate,
  type IMultiOperation,
  type IRequest,
  type ISetData,
} from "@meridian/wire";
import {
  decodeChange,
  decodeTransaction,
  encodeChange,
  encodeTransaction,
} from "./change-codec.ts";
import { modeNumber, modeOf } from "./modes.ts";

/** Bytes of a command as they stand in the log. */
export function encodeCommand(command: Command): Uint8Array {
  const { session, sequence, acknowledged, timeMs, attachment = 0, operation } = command;
  // Without a spread for what comes most: here and below that costs more than all the rest.
  if (operation.kind === "set") {
    return CommandMessage.encode({
      session,
      sequence,
      acknowledged,
      timeMs,
      attachment,
      set: operation,
    });
  }
  return CommandMessage.encode({
    session,
    sequence,
    acknowledged,
    timeMs,
    attachment,
    ...encodeOperation(operation),
  });
}

/**
 * A command out of the log.
 * @throws {Error} when a newer version wrote something that this one cannot apply: it must not
 * guess.
 */
export function decodeCommand(bytes: Uint8Array): Command {
  const message = CommandMessage.decode(bytes);
  const operation = decodeOperation(message);
  if (operation === undefined) {
    throw new Error("the log holds a command that this version does not know: upgrade this member");
  }
  const { session, sequence, acknowledged, timeMs, attachment } = message;
  return { session, sequence, acknowledged, timeMs, attachment, operation };
}

/**
 * The write that a client's request asks for; undefined when it is no write, or of an unknown kind.
 */
export function operationOf(request: IRequest): Operation | undefined {
  if (request.set !== undefined) return setOf(request.set);
  if (request.create !== undefined) return createOf(request.create);
  if (request.delete !== undefined) return { kind: "delete", ...request.delete };
  return request.multi === undefined ? undefined : multiOf(request.multi.operations);
}

function encodeOperation(operation: Operation): Encodable<ICommand> {
  switch (operation.kind) {
    case "create":
    case "set":
    case "delete":
      return encodeNodeOperation(operation);
    case "multi":
      return { multi: { operations: operation.operations.map(encodeNodeOperation) } };
    case "open-session":
      return { openSession: operation };
    case "attach-session":
      return { attachSession: operation };
    case "close-session":
      return { closeSession: operation };
    case "expire-sessions":
      return { expireSessions: operation };
    case "reap":
      return { reap: operation };
    case "bootstrap":
      return { bootstrap: operation };
    case "apply-remote":
      return {
        applyRemote: { ...operation, transactions: operation.transactions.map(encodeTransaction) },
      };
    case "seed-remote":
      return { seedRemote: { ...operation, nodes: operation.nodes.map(encodeChange) } };
  }
}

function encodeNodeOperation(operation: NodeOperation): Encodable<IMultiOperation> {
  switch (operation.kind) {
    case "create":
      return { create: { ...operation, mode: modeNumber(operation.mode) } };
    case "set":
      return { set: operation };
    case "delete":
      return { delete: operation };
    case "check":
      return { check: operation };
  }
}

function decodeOperation(message: ICommand): Operation | undefined {
  if (message.set !== undefined) return setOf(message.set);
  if (message.create !== undefined) return createOf(message.create);
  if (message.delete !== undefined) return { kind: "delete", ...message.delete };
  if (message.multi !== undefined) return multiOf(message.multi.operations);
  return decodeSessionOperation(message) ?? decodeClusterOperation(message);
}

function decodeSessionOperation(message: ICommand): Operation | undefined {
  const { openSession, attachSession, closeSession, expireSessions } = message;
  if (openSession !== undefined) return { kind: "open-session", ...openSession };
  if (attachSession !== undefined) return { kind: "attach-session", ...attachSession };
  if (closeSession !== undefined) return { kind: "close-session", ...closeSession };
  return expireSessions === undefined ? undefined : { kind: "expire-sessions", ...expireSessions };
}

function decodeClusterOperation(message: ICommand): Operation | undefined {
  const { bootstrap, applyRemote, seedRemote, reap } = message;
  if (applyRemote !== undefined) {
    const transactions = applyRemote.transactions.map(decodeTransaction);
    return { kind: "apply-remote", ...applyRemote, transactions };
  }
  if (seedRemote !== undefined) {
    return { kind: "seed-remote", ...seedRemote, nodes: seedRemote.nodes.map(decodeChange) };
  }
  if (bootstrap !== undefined) return { kind: "bootstrap", ...bootstrap };
  return reap === undefined ? undefined : { kind: "reap", ...reap };
}

function setOf({ path, data, version }: ISetData): Operation {
  return { kind: "set", path, data, version };
}

function createOf(create: ICreate): Extract<NodeOperation, { kind: "create" }> | undefined {
  const mode = modeOf(create.mode);
  return mode === undefined ? undefined : { kind: "create", ...create, mode };
}

function multiOf(parts: readonly IMultiOperation[]): Operation | undefined {
  const operations: NodeOperation[] = [];
  for (const part of parts) {
    const operation = partOf(part);
    if (operation === undefined) return undefined;
    operations.push(operation);
  }
  return { kind: "multi", operations };
}

function partOf(part: IMultiOperation): NodeOperation | undefined {
  if (part.check !== undefined) return { kind: "check", ...part.check };
  if (part.create !== undefined) return createOf(part.create);
  if (part.set !== undefined) return { kind: "set", ...part.set };
  return part.delete === undefined ? undefined : { kind: "delete", ...part.delete };
}
