/**
 * A row's values in one binary form, so that their hash is the same here and on every server: the mirror of
 * arxos_sync/content.py, where the form is told, both held to schemas/vectors/content.json.
 */

import { LEAVES, MODULUS, leafOf } from "./digest.js";
import { sha256 } from "./sha256.js";
import { sortedTexts } from "./text_order.js";

const NOT_COUNTED = new Set(["id", "sequence"]);
const utf8 = new TextEncoder();

/** The binary form of a value. */
export function form(value) {
  const parts = [];
  write(parts, value);
  return joined(parts);
}

function write(parts, value) {
  if (value === null) parts.push(letter("n"));
  else if (typeof value === "boolean") parts.push(letter(value ? "t" : "f"));
  else if (typeof value === "number") parts.push(double(value));
  else if (typeof value === "string") writeBytes(parts, "s", utf8.encode(value));
  else if (value instanceof Uint8Array) writeBytes(parts, "b", value);
  else if (Array.isArray(value)) {
    parts.push(counted("l", value.length));
    for (const item of value) write(parts, item);
  } else {
    const keys = sortedTexts(Object.keys(value));
    parts.push(counted("o", keys.length));
    for (const key of keys) {
      write(parts, key);
      write(parts, value[key]);
    }
  }
}

function letter(name) {
  return Uint8Array.of(name.charCodeAt(0));
}

function counted(name, count) {
  const made = new DataView(new ArrayBuffer(5));
  made.setUint8(0, name.charCodeAt(0));
  made.setUint32(1, count);
  return new Uint8Array(made.buffer);
}

function writeBytes(parts, name, bytes) {
  parts.push(counted(name, bytes.length), bytes);
}

function double(value) {
  const made = new DataView(new ArrayBuffer(9));
  made.setUint8(0, "d".charCodeAt(0));
  made.setFloat64(1, value + 0); // zero has no sign
  return new Uint8Array(made.buffer);
}

function joined(parts) {
  const made = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    made.set(part, at);
    at += part.length;
  }
  return made;
}

/** The form of a row; of `values` only the columns that `table` (of catalogue.js) has. */
export function rowForm(table, id, values) {
  const held = Object.entries(values).filter(
    ([name, value]) => value !== null && Object.hasOwn(table.columns, name) && !NOT_COUNTED.has(name),
  );
  return form([table.name, id, Object.fromEntries(held)]);
}

export function rowHash(table, id, values) {
  const [high, low] = sha256(rowForm(table, id, values));
  return (BigInt(high) << 32n) | BigInt(low);
}

/** The sums over the live rows' values, a leaf each; `rows` are [id, values]. */
export function leaves(table, rows) {
  const sums = new Array(LEAVES).fill(0n);
  for (const [id, values] of rows) {
    const leaf = leafOf(id);
    sums[leaf] = (sums[leaf] + rowHash(table, id, values)) % MODULUS;
  }
  return sums;
}
