import {
  CreateMode,
  type ICreate,
  type IDelete,
  type IMulti,
  type IRequest,
  type ISetData,
} from "@meridian/wire";

/** A request in the making: it belongs to its sender until it is handed to a stream. */
export type DraftRequest = { -readonly [Key in keyof IRequest]: IRequest[Key] };

/** A request with nothing asked yet. All have the same shape, which keeps the hot path fast. */
export function draftRequest(): DraftRequest {
  return {
    id: 0,
    sequence: 0,
    deadlineMs: 0,
    consistency: 0,
    maxStalenessMs: 0,
    after: NOWHERE,
    create: undefined,
    set: undefined,
    delete: undefined,
    multi: undefined,
    get: undefined,
    exists: undefined,
    children: undefined,
    sync: undefined,
    watch: undefined,
    unwatch: undefined,
    ping: undefined,
  };
}

const NOWHERE: IRequest["after"] = [];

/** A request that creates a node. */
export function createRequest(create: ICreate): DraftRequest {
  const request = draftRequest();
  request.create = create;
  return request;
}

/** A request that replaces data. */
export function setRequest(set: ISetData): DraftRequest {
  const request = draftRequest();
  request.set = set;
  return request;
}

/** A request that deletes a node. */
export function deleteRequest(deletion: IDelete): DraftRequest {
  const request = draftRequest();
  request.delete = deletion;
  return request;
}

/** A request of several writes, all or nothing. */
export function multiRequest(multi: IMulti): DraftRequest {
  const request = draftRequest();
  request.multi = multi;
  return request;
}

/** A write that changes nothing: it stands in for one that was given up, under the same number. */
export function emptyWrite(): DraftRequest {
  const check = { path: "/", version: -1 };
  const operation = { check, create: undefined, set: undefined, delete: undefined };
  return multiRequest({ operations: [operation] });
}

/** A request that ends a watch. */
export function unwatchRequest(watch: number): DraftRequest {
  const request = draftRequest();
  request.unwatch = { watch };
  return request;
}

/** A request for a sign of life. */
export function pingRequest(): DraftRequest {
  const request = draftRequest();
  request.ping = {};
  return request;
}

/** Upper bound of what a request takes on the wire, beside its fixed fields. */
export function requestBytes(request: IRequest): number {
  const { create, set, multi } = request;
  if (set !== undefined) return set.path.length + set.data.byteLength + 64;
  if (create !== undefined) return create.path.length + create.data.byteLength + 64;
  if (multi === undefined) return 512;
  let bytes = 64;
  for (const part of multi.operations) {
    const { path, data } = part.create ?? part.set ?? { path: "", data: undefined };
    bytes += path.length + (data?.byteLength ?? 0) + 128;
  }
  return bytes;
}

/** Whether a write, if it succeeds, leaves a node that goes with the session. */
export function makesEphemeral(request: IRequest): boolean {
  if (request.create !== undefined) return isEphemeral(request.create.mode);
  if (request.multi === undefined) return false;
  return request.multi.operations.some((part) => isEphemeral(part.create?.mode ?? 0));
}

function isEphemeral(mode: number): boolean {
  return mode === CreateMode.EPHEMERAL || mode === CreateMode.EPHEMERAL_SEQUENTIAL;
}
