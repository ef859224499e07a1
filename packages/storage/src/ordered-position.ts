/**
 * Position of the last number that is not larger than `value` in an ascending list; -1 if there is
 * none.
 */
export function orderedPosition(ascending: readonly number[], value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] as number) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
