/** Texts in the order of their code points, as Python sorts them; JavaScript's own order is that of UTF-16 units. */

export function byCodePoint(a, b) {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const one = a.charCodeAt(i), other = b.charCodeAt(i);
    if (one !== other) return rank(one) - rank(other);
  }
  return a.length - b.length;
}

/** Each text once, in order. */
export function sortedTexts(texts) {
  return [...new Set(texts)].sort(byCodePoint);
}

/** A half of a pair stands for a code point above all that fit into one unit. */
function rank(unit) {
  if (unit >= 0xe000) return unit - 0x800;
  return unit >= 0xd800 ? unit + 0x2000 : unit;
}
