/**
 * Before the package is packed: links the sister packages that travel in it below its own
 * node_modules, where npm looks for what is to be bundled. npm follows the links, and packs of each
 * what that one lists as its files. The links lead to where the names lead without them, so that
 * they may stay.
 */
import { lstatSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join, relative } from "node:path";

const here = import.meta.dirname;
const { bundleDependencies } = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));

removeOrphans(here);
for (const name of bundleDependencies) {
  const sister = join(here, "..", name.slice(name.indexOf("/") + 1));
  link(join(here, "node_modules", name), sister);
  removeOrphans(sister);
}

function link(from, to) {
  if (lstatSync(from, { throwIfNoEntry: false }) !== undefined) return;
  mkdirSync(dirname(from), { recursive: true });
  symlinkSync(relative(dirname(from), to), from, "dir");
}

/** Removes what was built of sources that are there no more: it would travel, and unused. */
function removeOrphans(packagePath) {
  const names = new Set(readdirSync(join(packagePath, "src"), { recursive: true }));
  const dist = join(packagePath, "dist");
  for (const name of readdirSync(dist, { recursive: true })) {
    const source = name.replace(/(\.d\.ts|\.js)(\.map)?$/, ".ts");
    if (source !== name && !names.has(source)) rmSync(join(dist, name), { force: true });
  }
}
