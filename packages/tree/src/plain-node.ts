/**
 * A node of a snapshot as most are: persistent, owned by nobody, in no eventual zone. Whoever reads
 * a snapshot fills the same one again and again, so that nothing is made for a node but the node.
 */
export interface PlainNode {
  /** Of ASCII characters only. */
  readonly path: string;
  readonly czxid: number;
  readonly mzxid: number;
  readonly pzxid: number;
  readonly ctimeMs: number;
  readonly mtimeMs: number;
  readonly version: number;
  readonly cversion: number;
  readonly aversion: number;
  /** Next number for sequential children. */
  readonly nextSequence: number;
  /** Where path and data lie. They are copied: the place may be used for others afterwards. */
  readonly bytes: Uint8Array;
  /** Of the same bytes. */
  readonly view: DataView;
  readonly pathAt: number;
  readonly dataAt: number;
  readonly dataLength: number;
}

/** A plain node as it is in a tree, for those who write it down at once. */
export interface HeldNode extends Omit<PlainNode, "view" | "pathAt"> {
  readonly numChildren: number;
}
