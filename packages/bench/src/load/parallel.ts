/** Does `count` pieces of work, at most `most` at a time; rejects with the first failure. */
export async function inParallel(
  count: number,
  most: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: most }, worker));
}
