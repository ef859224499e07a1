/** Policy of all paths at or below a prefix; the longest prefix wins. */
export interface Zone {
  /** Absolute path; one component may be `{region}` and matches any region. */
  readonly prefix: string;
  readonly consistency: "strict" | "regional" | "eventual";
  /**
   * Regional zones: the region that owns it, or `{region}`: the one named in the path. Empty
   * otherwise.
   */
  readonly home: string;
  /** Eventual zones: rule for concurrent writes. */
  readonly conflict: "lww";
  /** Who mirrors it. */
  readonly replicate: "all" | "none" | readonly string[];
}

/** Who takes the writes of a path: "global", a region, or the caller's own region. */
export interface Ownership {
  readonly zone: Zone;
  /** Undefined in eventual zones: every region owns its own writes. */
  readonly cluster: string | undefined;
}
