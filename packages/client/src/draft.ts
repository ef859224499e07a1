import {
  CreateMode,
  MeridianError,
  type ICreate,
  type IMultiOperation,
  type IPosition,
} from "@meridian/wire";
import type { CreateModeName, CreateTraits, MultiOperation } from "./options.ts";
import { draftRequest, type DraftRequest } from "./request.ts";

const empty = new Uint8Array(0);

const modes: Readonly<Record<CreateModeName, number>> = {
  persistent: CreateMode.PERSISTENT,
  ephemeral: CreateMode.EPHEMERAL,
  "persistent-sequential": CreateMode.PERSISTENT_SEQUENTIAL,
  "ephemeral-sequential": CreateMode.EPHEMERAL_SEQUENTIAL,
  container: CreateMode.CONTAINER,
  ttl: CreateMode.TTL,
  "ttl-sequential": CreateMode.TTL_SEQUENTIAL,
};

/** Data as it goes over the wire; strings become UTF-8. */
export function dataBytes(data: string | Uint8Array | undefined): Uint8Array {
  if (data === undefined) return empty;
  return typeof data === "string" ? Buffer.from(data) : data;
}

/**
 * A create as it goes over the wire.
 * @throws {MeridianError} BAD_ARGUMENTS for traits that exclude each other.
 */
export function createBody(
  path: string,
  data: string | Uint8Array | undefined,
  traits: CreateTraits,
): ICreate {
  const mode = modes[modeName(traits)];
  const { ttlMs = 0, parents = false } = traits;
  const hasTtl = mode === CreateMode.TTL || mode === CreateMode.TTL_SEQUENTIAL;
  if (hasTtl !== ttlMs > 0) throw badArguments("ttlMs and a ttl mode belong together");
  if (!Number.isSafeInteger(ttlMs)) throw badArguments("ttlMs must be an integer");
  return { path, data: dataBytes(data), mode, ttlMs, parents };
}

/**
 * An expected version as it goes over the wire; -1 is any.
 * @throws {MeridianError} BAD_ARGUMENTS.
 */
export function versionNumber(version: number | undefined): number {
  if (version === undefined) return -1;
  if (Number.isInteger(version) && version >= -1 && version < 2 ** 31) return version;
  throw badArguments("version must be an integer from -1");
}

/** One part of a multi as it goes over the wire. */
export function multiBody(operation: MultiOperation): IMultiOperation {
  const none = { check: undefined, create: undefined, set: undefined, delete: undefined };
  const { path } = operation;
  switch (operation.kind) {
    case "create":
      return { ...none, create: createBody(path, operation.data, operation) };
    case "set":
      return {
        ...none,
        set: { path, data: dataBytes(operation.data), version: versionNumber(operation.version) },
      };
    case "delete":
      return { ...none, delete: { path, version: versionNumber(operation.version) } };
    case "check":
      return { ...none, check: { path, version: versionNumber(operation.version) } };
  }
}

/** A request that reads a node. */
export function getDraft(path: string): DraftRequest {
  const request = draftRequest();
  request.get = { path };
  return request;
}

/** A request that asks whether a node exists. */
export function existsDraft(path: string): DraftRequest {
  const request = draftRequest();
  request.exists = { path };
  return request;
}

/** A request that makes the serving replica catch up with its leader. */
export function syncDraft(path: string): DraftRequest {
  const request = draftRequest();
  request.sync = { path };
  return request;
}

/** A request for one page of children. */
export function childrenDraft(
  path: string,
  page: { withStats: boolean; withData: boolean; limit: number; after: string },
): DraftRequest {
  const request = draftRequest();
  request.children = { path, ...page };
  return request;
}

/** A request that starts a watch. */
export function watchDraft(
  path: string,
  kind: number,
  from: readonly IPosition[],
  withData: boolean,
): DraftRequest {
  const request = draftRequest();
  request.watch = { path, kind, from, withData };
  return request;
}

function modeName(traits: CreateTraits): CreateModeName {
  const { mode, ephemeral = false, sequential = false, ttlMs } = traits;
  if (mode !== undefined) {
    if (ephemeral || sequential) throw badArguments("mode says all: leave out the other traits");
    return mode;
  }
  if (ttlMs !== undefined && ephemeral) throw badArguments("an ephemeral node has no ttl");
  if (ttlMs !== undefined) return sequential ? "ttl-sequential" : "ttl";
  if (ephemeral) return sequential ? "ephemeral-sequential" : "ephemeral";
  return sequential ? "persistent-sequential" : "persistent";
}

function badArguments(message: string): MeridianError {
  return new MeridianError("BAD_ARGUMENTS", message);
}
