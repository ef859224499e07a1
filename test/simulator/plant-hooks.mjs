/** Module hooks that replace one piece of text in one source file as it is loaded. */

/** @type {{ url: string, find: string, replace: string } | undefined} */
let patch;

/** @param {{ url: string, find: string, replace: string }} data */
export function initialize(data) {
  patch = data;
}

/** Text that is not there exactly once is an error: the bug would not be the one that is meant. */
export async function load(url, context, nextLoad) {
  const loaded = await nextLoad(url, context);
  if (patch === undefined || url.split("?")[0] !== patch.url) return loaded;
  const source = String(loaded.source);
  const found = source.split(patch.find).length - 1;
  if (found !== 1) throw new Error(`the text of the planted bug is ${found} times in ${url}`);
  return { ...loaded, source: source.replace(patch.find, () => patch.replace) };
}
