/** Module hooks that take the work out of the call by which the compiler names functions. */

const naming =
  /var __name=\(([\w$]+),([\w$]+)\)=>__defProp\(\1,"name",\{value:\2,configurable:!0\}\);/u;

export async function load(url, context, nextLoad) {
  const loaded = await nextLoad(url, context);
  if (loaded.source === undefined || loaded.source === null) return loaded;
  return { ...loaded, source: String(loaded.source).replace(naming, "var __name=$1=>$1;") };
}
