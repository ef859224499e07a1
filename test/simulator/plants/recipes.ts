import type { Plant } from "../plant.ts";

const contender = "packages/client/src/recipes/contender.ts";
const ownNode = "packages/client/src/recipes/own-node.ts";

/** Bugs that recipes of others have had. */
export const recipePlants: readonly Plant[] = [
  {
    name: "turn-without-look",
    what: "who loses the one before it in the queue takes it for its turn",
    file: contender,
    find: "        await untilChanged(this.#client, `${this.#queue}/${blocker.name}`, stop);",
    replace: `        await untilChanged(this.#client, \`\${this.#queue}/\${blocker.name}\`, stop);
        return;`,
    scenario: "recipes",
    seedsMax: 40,
  },
  {
    name: "lock-of-a-lost-session",
    what: "a lock is given without a look at whether the session lives yet, also afterwards",
    file: ownNode,
    find: "    return this.#context.runtime.nowMs() < this.#lane.leaseEndsAtMs;",
    replace: "    return true;",
    scenario: "recipes",
    seedsMax: 20,
  },
  {
    name: "place-of-who-gave-up",
    what: "who gives up while its create is under way leaves the node behind",
    file: contender,
    find: `        if (signal?.aborted === true) {
          void this.#sweep(mark);`,
    replace: "        if (signal?.aborted === true) {",
    scenario: "recipes",
    seedsMax: 100,
  },
  {
    name: "reader-past-writer",
    what: "a reader waits for a writer only when there are two before it",
    file: "packages/client/src/recipes/read-write-lock.ts",
    find: "before.findLast(isWriter)",
    replace: "before.filter(isWriter)[1]",
    scenario: "recipes",
    seedsMax: 20,
  },
  {
    name: "slot-per-holder",
    what: "a semaphore takes the next number for a free slot",
    file: "packages/client/src/recipes/slot-table.ts",
    find: "slot < this.#count; slot += 1)",
    replace: "slot < 9; slot += 1)",
    scenario: "recipes",
    seedsMax: 20,
  },
  {
    name: "barrier-stays-open",
    what: "what let one round into a double barrier lets the next one in as well",
    file: "packages/client/src/recipes/double-barrier.ts",
    find: "    while (upTo < number) {",
    replace: "    while (upTo < 0) {",
    scenario: "recipes",
    seedsMax: 40,
  },
];
