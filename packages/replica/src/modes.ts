import type { CreateMode } from "@meridian/tree";
import { CreateMode as CreateModeNumber } from "@meridian/wire";

const numbers: Readonly<Record<CreateMode, number>> = {
  persistent: CreateModeNumber.PERSISTENT,
  ephemeral: CreateModeNumber.EPHEMERAL,
  "persistent-sequential": CreateModeNumber.PERSISTENT_SEQUENTIAL,
  "ephemeral-sequential": CreateModeNumber.EPHEMERAL_SEQUENTIAL,
  container: CreateModeNumber.CONTAINER,
  ttl: CreateModeNumber.TTL,
  "ttl-sequential": CreateModeNumber.TTL_SEQUENTIAL,
};
const names = new Map(
  Object.entries(numbers).map(([name, number]) => [number, name as CreateMode]),
);
names.set(CreateModeNumber.UNSPECIFIED, "persistent");

/** Number of a mode on the wire. */
export function modeNumber(mode: CreateMode): number {
  return numbers[mode];
}

/** Mode of a number on the wire; undefined for one that this version does not know. */
export function modeOf(number: number): CreateMode | undefined {
  return names.get(number);
}
