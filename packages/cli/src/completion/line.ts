/**
 * Words of a command line up to the cursor, as a shell would part them; the last one is being
 * typed, and may be empty or have a quotation mark that is not closed yet.
 */
export function wordsUpToCursor(line: string): readonly string[] {
  const words: string[] = [];
  let word = "";
  let isOpen = false;
  let quote = "";
  for (let place = 0; place < line.length; place += 1) {
    const letter = line[place] ?? "";
    if (quote === "" && /\s/.test(letter)) {
      if (isOpen) words.push(word);
      word = "";
      isOpen = false;
      continue;
    }
    isOpen = true;
    if (letter === quote) quote = "";
    else if (quote === "" && (letter === "'" || letter === '"')) quote = letter;
    else if (letter === "\\" && quote !== "'") {
      place += 1;
      word += line[place] ?? "";
    } else word += letter;
  }
  return [...words, word];
}
