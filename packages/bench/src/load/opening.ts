/** Opens `count` of something, at most `openingsMax` at a time; rejects with the first failure. */
export async function openAll(
  count: number,
  openingsMax: number,
  open: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await open(next++);
  };
  await Promise.all(Array.from({ length: openingsMax }, worker));
}
