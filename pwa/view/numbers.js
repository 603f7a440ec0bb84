// Numbers as people type them.

/** A comma is a decimal point too; null where it is no number. */
export function readNumber(text) {
  const word = text.trim().replace(',', '.');
  const number = Number(word);
  return word !== '' && Number.isFinite(number) ? number : null;
}
