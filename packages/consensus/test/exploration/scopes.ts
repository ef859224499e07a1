import type { Scope } from "./scope.ts";
import { between, hierarchy } from "./scope.ts";

const three = hierarchy({ primary: ["p"], secondary: ["s"], witness: ["w"] }, ["w"]);
const weighed = hierarchy({ "primary:3": ["p"], secondary: ["s"], witness: ["w"] }, ["w"]);
const moved = hierarchy({ primary: ["p"], secondary: ["r"], witness: ["w"] }, ["w"]);
const replaced = hierarchy({ primary: ["r"] });

const regions: Scope = {
  name: "regions",
  about: "three groups of one voter: any of them may be lost, the witness may lead and hand over",
  members: ["p", "s", "w"],
  configuration: three,
  changes: [],
  termMax: 2,
  campaignsMax: 6,
  commandsMax: 0,
  crashesMax: 0,
  lossesMax: 0,
  beatsMax: 0,
  slowDisks: false,
  statesFew: 30_000,
  repeats: false,
};

/** Everything at once: too large to visit, and wandered through by chance. */
export const everything: Scope = {
  ...regions,
  name: "everything",
  about: "crashes, lost logs, slow disks and a joint change between hierarchies, in long runs",
  members: ["p", "s", "w", "r"],
  changes: [between(three, moved), between(moved, three)],
  termMax: 8,
  campaignsMax: 8,
  commandsMax: 3,
  crashesMax: 2,
  lossesMax: 1,
  beatsMax: 3,
  slowDisks: true,
  statesFew: 0,
};

/** All that are explored. */
export const scopes: readonly Scope[] = [
  { ...regions, statesFew: 300_000 },
  {
    ...regions,
    name: "four terms",
    about: "entries of older terms",
    configuration: { ...three, witnesses: [] },
    campaigners: ["p", "s"],
    termMax: 4,
    campaignsMax: 4,
    commandsMax: 1,
  },
  {
    ...regions,
    name: "uneven logs",
    about: "what two leaders left that died early, as in figure 8 of the Raft paper",
    start: { term: 2, logs: { p: [1, 1], s: [2] } },
    termMax: 4,
    campaignsMax: 2,
  },
  { ...regions, name: "crashes", about: "members that know what is on their disk", crashesMax: 1 },
  {
    ...regions,
    name: "losses",
    about: "members that lose their log come back without a voice until they have everything",
    configuration: { ...three, witnesses: [] },
    campaigners: ["p", "s"],
    campaignsMax: 2,
    lossesMax: 1,
    beatsMax: 1,
  },
  {
    ...regions,
    name: "slow disks",
    about: "nothing is claimed that a crash can take away",
    configuration: { ...three, witnesses: [] },
    campaigners: ["p", "s"],
    campaignsMax: 2,
    crashesMax: 1,
    slowDisks: true,
    statesFew: 200_000,
  },
  {
    ...regions,
    name: "rewrites",
    about: "entries are replaced while they are being written, and perhaps written again",
    configuration: { ...three, witnesses: [] },
    start: { term: 2, logs: { p: [1, 1], s: [2] } },
    campaigners: ["p", "s"],
    termMax: 4,
    campaignsMax: 2,
    slowDisks: true,
  },
  { ...regions, name: "commands", about: "longer logs", commandsMax: 1 },
  { ...regions, name: "repeats", about: "messages come twice", termMax: 1, repeats: true },
  { ...regions, name: "weights", about: "a group that decides alone", configuration: weighed },
  {
    ...regions,
    name: "move",
    about: "a joint change between hierarchies: another member takes the place of the secondary",
    members: ["p", "s", "w", "r"],
    campaigners: ["p", "r"],
    changes: [between(three, moved)],
    campaignsMax: 2,
    statesFew: 100_000,
  },
  {
    ...regions,
    name: "replacement",
    about: "a joint change from three groups to one member that is in none of them",
    members: ["p", "s", "w", "r"],
    campaigners: ["p", "s", "r"],
    changes: [between(three, replaced)],
    campaignsMax: 3,
    statesFew: 100_000,
  },
  {
    ...regions,
    name: "leap",
    about: "a change that must be refused",
    members: ["p", "s", "w", "r"],
    changes: [replaced],
  },
];
