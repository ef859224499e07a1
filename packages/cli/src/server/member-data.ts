import { join } from "node:path";

import {
  beginNextLife,
  configurationCodec,
  type MemberData,
  openMemberData,
  type Succession,
  systemClock,
} from "@meridian/replica";
import {
  type Identity,
  levelIdentity,
  type LevelStorageOptions,
  openLevelStorage,
  rebuildLevelStorage,
  refoundLevelStorage,
  retireLevelStorage,
  type Storage,
} from "@meridian/storage";

import type { NodeConfig } from "../config/node-config.ts";
import { writeLines } from "./divergence-file.ts";
import type { Log } from "./log.ts";

/** A cluster begins in this one. */
const firstIncarnation = 1;

/** The incarnation of the cluster that a node's data belongs to. @throws {StorageError} */
export async function storedIncarnation({ data = "" }: NodeConfig): Promise<number> {
  const identity = await levelIdentity(data, configurationCodec);
  return identity?.incarnation ?? firstIncarnation;
}

/** Opens what a node keeps in its directory. @throws {StorageError} see `openMemberData`. */
export function openData(config: NodeConfig, identity: Identity, log: Log): Promise<MemberData> {
  const { node, role, cluster } = config;
  const options = optionsOf(config, identity, log);
  const others = cluster.filter((peer) => peer.role !== "regional-observer" && peer.node !== node);
  return openMemberData({
    open: () => openLevelStorage(options),
    rebuild: () => rebuildLevelStorage(options),
    witness: role === "witness",
    otherVoters: others.length,
    clock: systemClock,
    log,
  });
}

/** Prepares the data of a life that has ended for the next one; see `beginNextLife`. */
export function succeedData(
  config: NodeConfig,
  storage: Storage,
  succession: Succession,
  log: Log,
): Promise<void> {
  const { data = "" } = config;
  const of = (identity: Identity): LevelStorageOptions => optionsOf(config, identity, log);
  const disk = {
    make: (identity: Identity, birth: string) =>
      openLevelStorage({ ...of(identity), birth: () => birth }),
    refound: (from: Identity, identity: Identity, configuration: Succession["configuration"]) =>
      refoundLevelStorage({ ...of(identity), from, configuration }),
    retire: (identity: Identity) => retireLevelStorage(of(identity)),
    keep: (name: string, lines: Iterable<string>) => writeLines(join(data, name), lines),
  };
  return beginNextLife(storage, succession, disk, log);
}

function optionsOf(
  { role, data = "", limits }: NodeConfig,
  identity: Identity,
  log: Log,
): LevelStorageOptions {
  return {
    directory: data,
    ...(limits.reserveBytes === undefined ? {} : { reserveBytes: limits.reserveBytes }),
    identity,
    codec: configurationCodec,
    create: true,
    witness: role === "witness",
    onNotice: (notice) => log.warn(notice, "storage"),
  };
}
