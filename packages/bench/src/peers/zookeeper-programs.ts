import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

import type { Installation } from "../system.ts";

const jarDirectory = "/usr/share/java";

/** What servers and clients are made of; the manifest of the first names all others it needs. */
const jars = ["zookeeper.jar", "slf4j-simple.jar"].map((name) => join(jarDirectory, name));

/** The virtual machine, and what compiles programs for it, as Debian has them. */
export const java = "/usr/bin/java";
/** See `java`. */
export const javac = "/usr/bin/javac";
/** What asks a virtual machine about itself. */
export const jcmd = "/usr/bin/jcmd";

/** How they are got. */
export const zookeeperInstallation: string =
  "apt-get install --no-install-recommends zookeeper openjdk-17-jdk-headless";

/** Where ZooKeeper's classes are. */
export const zookeeperClassPath: string = jars.join(":");

/** Files that are not there of ZooKeeper, its client and what compiles for it. */
export function missingOfZookeeper(): readonly string[] {
  return [java, javac, jcmd, ...jars].filter((path) => !existsSync(path));
}

/** Whether all of it is installed as Debian has it. */
export function findZookeeper(): Installation {
  const missing = missingOfZookeeper();
  if (missing.length > 0) {
    const reason = `${missing.join(", ")} missing: ${zookeeperInstallation}`;
    return { installed: false, reason };
  }
  return { installed: true, version: versionOf(readdirSync(jarDirectory)), notes: [javaVersion()] };
}

/** The version in the name of the library, such as `zookeeper-3.8.0.jar`. */
export function versionOf(names: readonly string[]): string {
  const versions = names.flatMap((name) => /^zookeeper-(\d[\w.]*)\.jar$/.exec(name)?.[1] ?? []);
  return versions[0] ?? "unknown";
}

function javaVersion(): string {
  const output = execFileSync(java, ["--version"], { encoding: "utf8" });
  return output.split("\n")[0]?.trim() ?? "";
}
