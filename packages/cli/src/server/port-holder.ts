import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** The process that listens on a port. */
export interface PortHolder {
  readonly pid: number;
  /** Its command line, shortened. */
  readonly command: string;
}

/** Letters of a command line that are shown. */
const commandMax = 80;

/** State LISTEN in /proc/net/tcp. */
const listening = "0A";

/**
 * Who listens on a TCP port of this machine, as far as /proc tells: undefined on other systems, and
 * for processes of other users.
 */
export function portHolder(port: number): PortHolder | undefined {
  return portHolders([port]).get(port);
}

/** Likewise for many ports, in one look at all processes. */
export function portHolders(ports: readonly number[]): ReadonlyMap<number, PortHolder> {
  const holders = new Map<number, PortHolder>();
  const portsByLink = listeningSockets(new Set(ports));
  if (portsByLink.size === 0) return holders;
  for (const entry of list("/proc")) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    for (const fd of list(`/proc/${pid}/fd`)) {
      const port = portsByLink.get(link(`/proc/${pid}/fd/${fd}`));
      if (port !== undefined) holders.set(port, { pid, command: commandOf(pid) });
    }
  }
  return holders;
}

/** The holder in words, with a leading space, or nothing. */
export function describeHolder(holder: PortHolder | undefined): string {
  return holder === undefined ? "" : ` by process ${holder.pid} (${holder.command})`;
}

/** Ports by the link targets (`socket:[inode]`) of the sockets that listen on them. */
function listeningSockets(ports: ReadonlySet<number>): ReadonlyMap<string, number> {
  const sockets = new Map<string, number>();
  for (const file of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    for (const line of read(file).split("\n").slice(1)) {
      const [, local = "", , state, , , , , , inode] = line.trim().split(/\s+/);
      const port = Number.parseInt(local.slice(local.lastIndexOf(":") + 1), 16);
      if (state === listening && ports.has(port)) sockets.set(`socket:[${inode}]`, port);
    }
  }
  return sockets;
}

function commandOf(pid: number): string {
  const command = read(`/proc/${pid}/cmdline`).split("\0").join(" ").trim();
  return command.length > commandMax ? `${command.slice(0, commandMax - 3)}...` : command;
}

// Processes come and go, and others' are not readable: what cannot be read is not there.

function list(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function link(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return "";
  }
}
