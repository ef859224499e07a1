/** Longest path, and longest component of one, in bytes of UTF-8; most components of one. */
export const pathBytesMax = 1_024;
const componentBytesMax = 255;
const componentsMax = 32;

/**
 * Says what is wrong with a path, or undefined. Absolute, no trailing slash, no empty, `.` or `..` component, no control
 * characters, no lone surrogates; compared code unit by code unit, without normalisation.
 */
export function validatePath(path: string): string | undefined {
  if (path === "/") return undefined;
  if (!path.startsWith("/")) return `a path must begin with "/": found ${quote(path)}`;
  if (path.endsWith("/")) return `a path must not end with "/": found ${quote(path)}`;
  if (utf8Length(path, pathBytesMax) > pathBytesMax) {
    return `a path may have ${pathBytesMax} bytes: ${quote(path)} has more`;
  }
  const components = path.slice(1).split("/");
  if (components.length > componentsMax) {
    return `a path may have ${componentsMax} components: ${quote(path)} has ${components.length}`;
  }
  for (const component of components) {
    const fault = validateComponent(component);
    if (fault !== undefined) return `${fault} in ${quote(path)}`;
  }
  return undefined;
}

/** Path of the parent; "/" is its own. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash <= 0 ? "/" : path.slice(0, slash);
}

/** Last component of a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Path of a child. */
export function joinPath(parent: string, name: string): string {
  return parent === "/" ? `/${name}` : `${parent}/${name}`;
}

/** True when `path` is `prefix` or lies below it. */
export function isWithin(path: string, prefix: string): boolean {
  return prefix === "/" || path === prefix || path.startsWith(`${prefix}/`);
}

/**
 * Tree order: a node comes before its subtree, siblings by code units. "/" sorts before everything else in a
 * component, so comparing with it lowered is the same.
 */
export function comparePaths(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let place = 0; place < length; place += 1) {
    const left = a.charCodeAt(place);
    const right = b.charCodeAt(place);
    if (left === right) continue;
    if (left === 47) return -1;
    if (right === 47) return 1;
    return left - right;
  }
  return a.length - b.length;
}

function validateComponent(component: string): string | undefined {
  if (component === "") return "an empty component";
  if (component === "." || component === "..") return `the component ${quote(component)}`;
  if (utf8Length(component, componentBytesMax) > componentBytesMax) {
    return `a component of more than ${componentBytesMax} bytes`;
  }
  for (let place = 0; place < component.length; place += 1) {
    const unit = component.charCodeAt(place);
    if (unit < 0x20 || (unit >= 0x7f && unit <= 0x9f)) return "a control character";
    if (unit === 0xfffd) return "the replacement character U+FFFD";
    if (unit < 0xd800 || unit > 0xdfff) continue;
    const next = component.charCodeAt(place + 1);
    if (unit > 0xdbff || !(next >= 0xdc00 && next <= 0xdfff)) return "half a surrogate pair";
    place += 1;
  }
  return undefined;
}

/** Bytes of UTF-8; gives up past `max`. */
function utf8Length(text: string, max: number): number {
  if (text.length > max) return text.length;
  let bytes = text.length;
  for (let place = 0; place < text.length; place += 1) {
    const unit = text.charCodeAt(place);
    // Each half of a pair counts two of the four bytes.
    if (unit >= 0x80) bytes += unit >= 0x800 && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1;
  }
  return bytes;
}

function quote(path: string): string {
  const shown = path.length > 80 ? `${path.slice(0, 80)}…` : path;
  return JSON.stringify(shown);
}
