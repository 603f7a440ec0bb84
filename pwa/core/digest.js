/**
 * What proves that two stores hold the same rows: the mirror of arxos_sync/digest.py, both held to
 * schemas/vectors/digest.json. A table's digest is a sum modulo 2^64 over its live rows, here a BigInt; a leaf is
 * the part of that sum whose ids end in the same byte. `rows` are [id, sequence].
 */

import { sha256 } from "./sha256.js";

export const MODULUS = 1n << 64n;
export const LEAVES = 256;

export function rowHash(table, id, sequence) {
  const [high, low] = sha256(`${table}/${id}/${sequence}`);
  return (BigInt(high) << 32n) | BigInt(low);
}

export function leafOf(id) {
  return parseInt(id.slice(-2), 16);
}

export function total(table, rows) {
  let sum = 0n;
  for (const [id, sequence] of rows) sum += rowHash(table, id, sequence);
  return sum % MODULUS;
}

export function leaves(table, rows) {
  const sums = new Array(LEAVES).fill(0n);
  for (const [id, sequence] of rows) {
    const leaf = leafOf(id);
    sums[leaf] = (sums[leaf] + rowHash(table, id, sequence)) % MODULUS;
  }
  return sums;
}

/** 16 lower-case hex digits; a sum below nought is taken modulo 2^64. */
export function toHex(value) {
  return BigInt.asUintN(64, value).toString(16).padStart(16, "0");
}
