/**
 * Loaded after the compiler of the sources, which gives every function its name by a call when it
 * is made. What is built does not: here the call does nothing, so that it does not count as work.
 */
import { register } from "node:module";

register("./plain-names-hooks.mjs", import.meta.url);
