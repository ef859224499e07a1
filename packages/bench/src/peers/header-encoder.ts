/** Index of the first entry that an encoder has added to the table; RFC 7541, appendix A. */
const firstAdded = 62;

/** `:method: POST` and `:scheme: http` of the static table. */
const fixed = Buffer.from([0x80 | 3, 0x80 | 6]);
/** Names of the static table. */
const authorityName = 1;
const pathName = 4;
const contentTypeName = 31;

/** Sum of names, values and 32 bytes for each entry that decoders keep at least. */
const tableBytesMax = 4_096;
/** Lengths below it take one byte. */
const lengthMax = 126;

/**
 * Compresses the headers of gRPC requests for one connection: what was sent before is a byte the
 * next time (HPACK, RFC 7541). Only as much of it as requests without metadata need.
 */
export class HeaderEncoder {
  readonly #authority: string;
  /** In the order in which they were added: the newest has the lowest index. */
  readonly #added: string[] = [];
  #tableBytes = 0;
  readonly #blocks = new Map<string, Buffer>();

  constructor(authority: string) {
    this.#authority = authority;
  }

  /** The headers of the next request of a method. */
  encode(method: string): Buffer {
    const known = this.#blocks.get(method);
    if (known !== undefined) return known;
    const before = this.#added.length;
    const block = Buffer.concat([
      fixed,
      this.#field(pathName, ":path", method),
      this.#field(authorityName, ":authority", this.#authority),
      this.#field(contentTypeName, "content-type", "application/grpc"),
      this.#field(0, "te", "trailers"),
    ]);
    // What was added has moved all others, and will be sent as an index from now on.
    if (this.#added.length > before) this.#blocks.clear();
    else this.#blocks.set(method, block);
    return block;
  }

  #field(nameIndex: number, name: string, value: string): Buffer {
    const entry = `${name}: ${value}`;
    const place = this.#added.indexOf(entry);
    if (place >= 0) return Buffer.from([0x80 | (firstAdded + this.#added.length - 1 - place)]);
    this.#tableBytes += name.length + value.length + 32;
    if (this.#tableBytes > tableBytesMax) throw new RangeError("too many headers for the table");
    this.#added.push(entry);
    const head = Buffer.from([0x40 | nameIndex]);
    return Buffer.concat([head, ...(nameIndex === 0 ? [text(name)] : []), text(value)]);
  }
}

/** A literal that is not compressed. */
function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  if (bytes.length > lengthMax) throw new RangeError(`too long for a header: ${value}`);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}
