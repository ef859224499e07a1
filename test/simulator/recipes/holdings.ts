import { must } from "../platform/failure.ts";

/** Something that is held, as its holder knows it. */
export interface Holding {
  readonly holder: string;
  readonly token: number;
  /** Others may hold the same beside it: readers. */
  readonly isShared: boolean;
  /** By the holder's own clock. */
  isHeld(): boolean;
}

/** Who holds what, and which tokens were given; what must never be true is noticed at once. */
export class Holdings {
  readonly #holders = new Map<string, Set<Holding>>();
  /** The highest token that was given to one who shares, and to one who does not. */
  readonly #tokens = new Map<string, { shared: number; sole: number }>();

  /** Somebody was given a thing to hold. */
  begin(thing: string, holding: Holding): void {
    const { token, isShared, holder } = holding;
    const tokens = this.#tokens.get(thing) ?? { shared: 0, sole: 0 };
    const least = isShared ? tokens.sole : Math.max(tokens.sole, tokens.shared);
    must(token > least, () => `${holder} was given ${thing} with ${token} after ${least}`);
    if (isShared) tokens.shared = Math.max(tokens.shared, token);
    else tokens.sole = token;
    this.#tokens.set(thing, tokens);
    const holders = this.#holders.get(thing) ?? new Set();
    this.#holders.set(thing, holders.add(holding));
    this.look();
  }

  /** Somebody gave it back, or knows that it is lost. */
  end(thing: string, holding: Holding): void {
    this.#holders.get(thing)?.delete(holding);
  }

  /** So many hold things of a kind. */
  count(isOfKind: (thing: string) => boolean): number {
    let count = 0;
    for (const [thing, holders] of this.#holders) {
      if (isOfKind(thing)) count += [...holders].filter((each) => each.isHeld()).length;
    }
    return count;
  }

  /** Nobody holds beside one who does not share. */
  look(): void {
    for (const [thing, holders] of this.#holders) {
      const held = [...holders].filter((each) => each.isHeld());
      const sole = held.find(({ isShared }) => !isShared);
      must(sole === undefined || held.length === 1, () => {
        const holdersNow = held.map(({ holder, token }) => `${holder} (${token})`);
        return `${thing} is held by ${holdersNow.join(" and ")}`;
      });
    }
  }
}
