/**
 * Names that have fooled somebody: of prototypes, shells, file systems, markup, query languages and
 * number parsers, ways around checks of paths, odd corners of Unicode. Made by rules rather than
 * listed, so that combinations are among them that nobody thought of.
 */
export function naughtyNames(): readonly string[] {
  const names = new Set<string>([
    ...words,
    ...odd.flatMap((text) => [text, `a${text}`, `${text}a`]),
  ]);
  for (const dots of climbs) {
    for (const slash of slashes) {
      names.add(`${dots}${slash}${dots}${slash}etc${slash}passwd`);
      names.add(`${slash}${dots}`);
      names.add(`a${slash}${dots}${slash}b`);
    }
  }
  for (const open of ["'", '"', "`", "$(", "${", "<", "&", "|", ";", "{{", "%{", "#{", "\\"]) {
    for (const inner of ["", "id", "sleep 9", "alert(1)", "7*7", "1=1 --", "\u0000"]) {
      names.add(`${open}${inner}`);
      names.add(`${open}${inner}${open}`);
    }
  }
  return [...names];
}

const words = [
  ..."__proto__ constructor prototype hasOwnProperty toString valueOf toJSON then".split(" "),
  ..."__defineGetter__ __lookupSetter__ arguments length name undefined null NaN".split(" "),
  ..."true false 0 -0 00 1e309 -1 0x7f 1_000 2147483648 9007199254740993".split(" "),
  ..."18446744073709551616 Infinity 1/0 nil None CON NUL COM1 LPT1 aux.txt".split(" "),
  ..."~ ~root -rf --help -- - * ? [a-z] @ # $HOME %HOME% C: C:\\ \\\\server\\share".split(" "),
  ..."zookeeper meridian zones quotas {region} 0000000000 -0000000000 2147483647".split(" "),
];

/** One step up, as it is, hidden, or lost on the way through some decoder. */
const climbs = [".", "..", "...", ". .", ".%00.", "%2e%2e", "%252e%252e", "．．", "%c0%ae%c0%ae"];
const slashes = ["/", "\\", "%2f", "%5c", "%252f", "%c0%af", "／", "∕", "⁄", ";/"];

/** Single characters and pairs that programs take for something else, or for nothing. */
const odd = [
  ..."\u0000 \u0001 \u0008 \t \n \r \u001b \u001f \u007f \u0080 \u0085 \u009f".split(" "),
  ..."\u00a0 \u00ad \u061c \u180e \u200b \u200d \u200e \u202e \u2028 \u2029 \u2066".split(" "),
  ..."\ufeff \ufffd \ufffe \uffff \ue000 \u{1f600} \u{10ffff} \u{e0001} \u{1d4b3}".split(" "),
  ..."é e\u0301 Å Å ﬁ ß ẞ ı İ K ſ Σς 가 \u1100\u1161 ا\u0644 ﷽ 中".split(" "),
  ..."Z\u0351\u036b\u0343\u036a 👩\u200d👩\u200d👧 🏳\ufe0f\u200d🌈".split(" "),
  ..."\ud83d \ude00 \ude00\ud83d".split(" "),
  " ",
  "  ",
];
