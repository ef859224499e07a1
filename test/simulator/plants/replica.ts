import type { Plant } from "../plant.ts";

/** Bugs of the loop around the core and of what clients are told. */
export const replicaPlants: readonly Plant[] = [
  {
    name: "writes-lost-on-refusal",
    what: "writes that the leader refused are not sent again",
    file: "packages/replica/src/write-queue.ts",
    find: "    if (first !== undefined) this.#sentUpTo = this.#order.indexOf(first);",
    replace: "    if (first === undefined) this.#sentUpTo = 0;",
    scenario: "core",
    seedsMax: 200,
  },
  {
    name: "forward-out-of-order",
    what: "a leader takes forwarded writes in any order",
    file: "packages/replica/src/forward-inbox.ts",
    find: "forward.number === known.next ? propose",
    replace: "forward.number >= known.next ? propose",
    scenario: "core",
    seedsMax: 200,
  },
  {
    name: "strict-read-unconfirmed",
    what: "a strict read is answered from what the member happens to have",
    file: "packages/replica/src/reads.ts",
    find: 'return plan.kind === "serve" ? !plan.barrier :',
    replace: 'return plan.kind === "serve" ? true :',
    scenario: "core",
    seedsMax: 500,
  },
  {
    name: "watch-from-now",
    what: "a watch that resumes begins with what comes next",
    file: "packages/replica/src/watch-registry.ts",
    find: "seen.get(cluster) ?? { ...position, index: 0 }",
    replace: "position",
    scenario: "core",
    seedsMax: 200,
  },
  {
    name: "wiped-member-admitted",
    what: "a member that lost its data is admitted without asking the others",
    file: "packages/replica/src/admission.ts",
    find: "    return length === 0 ? 0 : Math.floor(length / 2) + 1;",
    replace: "    return 0;",
    scenario: "core",
    seedsMax: 200,
  },
];
