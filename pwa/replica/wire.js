// What a transaction carries over the wire beside its stamp.

import * as change from '../core/change.js';

const NONCE_BYTES = 12;

/** A change as JSON carries it: bytes are hex. */
export function wireChange(one) {
  const made = { table: one.table, id: one.id, op: one.op, base: one.base };
  if (one.set) made.set = change.toWire(one.set);
  if (one.was) made.was = change.toWire(one.was);
  return made;
}

export function newNonce() {
  const bytes = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
