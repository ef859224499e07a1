import type { SoftState } from "@meridian/consensus";
import type { ReplicaOptions } from "./replica-options.ts";

/** Notes in the member file when what set a member apart from the others is over. */
export class Standing {
  readonly #options: Pick<ReplicaOptions, "storage" | "log">;
  readonly #onFailure: (error: unknown) => void;

  /** `onFailure`: the note could not be written, and nothing can be any more. */
  constructor(
    options: Pick<ReplicaOptions, "storage" | "log">,
    onFailure: (error: unknown) => void,
  ) {
    this.#options = options;
    this.#onFailure = onFailure;
  }

  /** What a member is has changed. */
  changed(before: SoftState, soft: SoftState): void {
    const { storage } = this.#options;
    if (before.recovering && !soft.recovering) {
      void this.#note(storage.recovered(), "recovered: votes again");
    }
    if (before.forced && !soft.forced) {
      void this.#note(storage.settleForced(), "the configuration put in force is in the log");
    }
  }

  async #note(written: Promise<void>, text: string): Promise<void> {
    try {
      await written;
    } catch (error) {
      return this.#onFailure(error);
    }
    this.#options.log.info({ lastIndex: this.#options.storage.log.lastIndex() }, text);
  }
}
