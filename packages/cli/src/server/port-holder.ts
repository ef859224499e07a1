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
  const inodes = listeningInodes(port);
  if (inodes.size === 0) return undefined;
  for (const entry of list("/proc")) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    const holds = list(`/proc/${pid}/fd`).some((fd) => inodes.has(link(`/proc/${pid}/fd/${fd}`)));
    if (holds) return { pid, command: commandOf(pid) };
  }
  return undefined;
}

/** The holder in words, with a leading space, or nothing. */
export function describeHolder(holder: PortHolder | undefined): string {
  return holder === undefined ? "" : ` by process ${holder.pid} (${holder.command})`;
}

/** Link targets (`socket:[inode]`) of the sockets that listen on the port. */
function listeningInodes(port: number): ReadonlySet<string> {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const inodes = new Set<string>();
  for (const file of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    for (const line of read(file).split("\n").slice(1)) {
      const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
      if (state === listening && local?.endsWith(suffix) === true) inodes.add(`socket:[${inode}]`);
    }
  }
  return inodes;
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
