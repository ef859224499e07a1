/**
 * Loaded before the sources are: puts the bug that the environment describes into one of them.
 * Nothing of it is in the sources themselves, and nothing happens unless the variable is set.
 */
import { register } from "node:module";

const planted = process.env["MERIDIAN_PLANT"];
if (planted !== undefined) {
  register("./plant-hooks.mjs", import.meta.url, { data: JSON.parse(planted) });
}
