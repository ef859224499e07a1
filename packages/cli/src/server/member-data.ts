import {
  configurationCodec,
  type MemberData,
  openMemberData,
  systemClock,
} from "@meridian/replica";
import { type Identity, openLevelStorage, rebuildLevelStorage } from "@meridian/storage";

import type { NodeConfig } from "../config/node-config.ts";
import type { Log } from "./log.ts";

/** Opens what a node keeps in its directory. @throws {StorageError} see `openMemberData`. */
export function openData(config: NodeConfig, identity: Identity, log: Log): Promise<MemberData> {
  const { node, role, cluster, data = "", limits } = config;
  const witness = role === "witness";
  const options = {
    directory: data,
    ...(limits.reserveBytes === undefined ? {} : { reserveBytes: limits.reserveBytes }),
    identity,
    codec: configurationCodec,
    create: true,
    witness,
    onNotice: (notice: object) => log.warn(notice, "storage"),
  };
  const others = cluster.filter((peer) => peer.role !== "regional-observer" && peer.node !== node);
  return openMemberData({
    open: () => openLevelStorage(options),
    rebuild: () => rebuildLevelStorage(options),
    witness,
    otherVoters: others.length,
    clock: systemClock,
    log,
  });
}
