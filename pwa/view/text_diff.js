// Which words of a text another text has not: what a reader looks for between two answers.

const WORDS_MAX = 400; // of each side: beyond it the texts are shown as they are

/** `text` in pieces [{words, fresh}]; fresh: not among what `before` has in common with it. Each word has the space after it. */
export function pieces(text, before) {
  const whole = text.match(/^\s+|\S+\s*/g) ?? [];
  const mine = whole.map((word) => word.trim()), old = before.match(/\S+/g) ?? [];
  if (mine.length > WORDS_MAX || old.length > WORDS_MAX) return [{ words: text, fresh: false }];
  const common = lengths(mine, old);
  const found = [];
  for (let i = 0, j = 0; i < mine.length;) {
    const kept = mine[i] === old[j];
    if (!kept && j < old.length && common[i][j + 1] > common[i + 1][j]) {
      j++;
      continue;
    }
    const last = found.at(-1);
    if (last?.fresh === !kept) last.words += whole[i];
    else found.push({ words: whole[i], fresh: !kept });
    i++;
    if (kept) j++;
  }
  return found;
}

/** How many words from i and from j on are common, in their order. */
function lengths(mine, old) {
  const table = Array.from({ length: mine.length + 1 }, () => new Array(old.length + 1).fill(0));
  for (let i = mine.length - 1; i >= 0; i--) {
    for (let j = old.length - 1; j >= 0; j--) {
      table[i][j] = mine[i] === old[j] ? table[i + 1][j + 1] + 1 : Math.max(table[i + 1][j], table[i][j + 1]);
    }
  }
  return table;
}
