/** Module hooks that take the work out of the call by which the compiler names functions. */

const naming = /var __name=[^;]*;/u;

export async function load(url, context, nextLoad) {
  const loaded = await nextLoad(url, context);
  if (loaded.source === undefined || loaded.source === null) return loaded;
  return { ...loaded, source: String(loaded.source).replace(naming, "var __name=(of)=>of;") };
}
