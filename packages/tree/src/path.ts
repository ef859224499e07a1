/** Longest path, in bytes of UTF-8. */
const pathBytesMax = 1_024;
const componentBytesMax = 255;
/** Most components of a path. */
export const componentsMax = 32;

const slash = 0x2f;
const dot = 0x2e;

/**
 * Says what is wrong with a path, or undefined. A path is absolute, without a slash at its end, an
 * empty, `.` or `..` component, control characters or half surrogate pairs, and within the bounds.
 * Paths are compared code unit by code unit: nothing is normalised.
 */
export function validatePath(path: string): string | undefined {
  if (path === "/") return undefined;
  if (path.charCodeAt(0) !== slash) return `a path must begin with "/": found ${quote(path)}`;
  if (path.endsWith("/")) return `a path must not end with "/": found ${quote(path)}`;
  if (path.length > pathBytesMax) return tooLong(path);
  const fault = faultIn(path);
  if (fault === undefined) return undefined;
  return fault === "" ? tooLong(path) : `${fault} in ${quote(path)}`;
}

/** Path of the parent; "/" is its own. */
export function parentOf(path: string): string {
  const last = path.lastIndexOf("/");
  return last <= 0 ? "/" : path.slice(0, last);
}

/** Last component of a path; "" for "/". */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Path of a child. */
export function joinPath(parent: string, name: string): string {
  return parent === "/" ? `/${name}` : `${parent}/${name}`;
}

/** True when `path` is `prefix` or lies below it. */
export function isWithin(path: string, prefix: string): boolean {
  if (prefix === "/" || path.length <= prefix.length) return prefix === "/" || path === prefix;
  return path.charCodeAt(prefix.length) === slash && path.startsWith(prefix);
}

/**
 * Tree order: a node comes before its subtree, siblings by code units. It is the order of the
 * paths as texts, were the slash the lowest of all characters.
 */
export function comparePaths(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let place = 0; place < length; place += 1) {
    const left = a.charCodeAt(place);
    const right = b.charCodeAt(place);
    if (left === right) continue;
    if (left === slash) return -1;
    if (right === slash) return 1;
    return left - right;
  }
  return a.length - b.length;
}

/** A path for a message: cut when it is long, with everything odd in it escaped. */
export function quote(path: string): string {
  return JSON.stringify(path.length > 80 ? `${path.slice(0, 80)}…` : path);
}

/** What is wrong with some component; "": the whole has too many bytes. One pass, nothing cut. */
function faultIn(path: string): string | undefined {
  let components = 0;
  let total = 0;
  let from = 1;
  while (from <= path.length) {
    let bytes = 0;
    let at = from;
    for (; at < path.length; at += 1) {
      const unit = path.charCodeAt(at);
      if (unit === slash) break;
      const fault = faultOf(unit, path, at);
      if (fault !== undefined) return fault;
      bytes += bytesOf(unit);
    }
    const fault = faultOfComponent(path, from, at) ?? overlong(bytes);
    if (fault !== undefined) return fault;
    components += 1;
    total += bytes + 1;
    from = at + 1;
  }
  if (components > componentsMax) return `more than ${componentsMax} components`;
  return total > pathBytesMax ? "" : undefined;
}

function faultOfComponent(path: string, from: number, to: number): string | undefined {
  if (to === from) return "an empty component";
  if (path.charCodeAt(from) !== dot) return undefined;
  if (to - from === 1) return 'the component "."';
  return to - from === 2 && path.charCodeAt(from + 1) === dot ? 'the component ".."' : undefined;
}

function overlong(bytes: number): string | undefined {
  return bytes > componentBytesMax
    ? `a component of more than ${componentBytesMax} bytes`
    : undefined;
}

function faultOf(unit: number, path: string, at: number): string | undefined {
  if (unit >= 0x20 && unit < 0x7f) return undefined;
  if (unit <= 0x9f) return "a control character";
  if (unit === 0xfffd) return "the replacement character U+FFFD";
  if (unit < 0xd800 || unit > 0xdfff) return undefined;
  const isLow = unit >= 0xdc00;
  const other = path.charCodeAt(isLow ? at - 1 : at + 1);
  const isPaired = isLow ? other >= 0xd800 && other < 0xdc00 : other >= 0xdc00 && other < 0xe000;
  return isPaired ? undefined : "half a surrogate pair";
}

/** Bytes of UTF-8 that a code unit takes; each half of a surrogate pair counts two of four. */
function bytesOf(unit: number): number {
  if (unit < 0x80) return 1;
  return unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 2 : 3;
}

function tooLong(path: string): string {
  return `a path may have ${pathBytesMax} bytes: ${quote(path)} has more`;
}
