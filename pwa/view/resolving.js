// Deciding a conflict: an ordinary transaction that sets its state and, where the other value is taken, the field.

import { fromHex } from '../core/geometry.js';
import { TABLES } from '../core/catalogue.js';
import { values } from './conflict_words.js';

export const TOGETHER_MAX = 2000; // conflicts in one transaction: two changes each, and it takes 5,000

/** The changes that decide `conflict` by taking 'kept' or 'other'. */
export function choice(conflict, take) {
  const resolved = { table: 'conflict', id: conflict.id, op: 'update', set: { state: 'resolved' } };
  if (take === 'kept') return [resolved];
  if (conflict.kind === 'delete') return [{ table: conflict.table, id: conflict.row_id, op: 'delete', set: {} }, resolved];
  const set = setOf(conflict);
  return [{ table: conflict.table, id: conflict.row_id, op: 'update', set }, resolved];
}

/** Decided by a text that is neither of the two. */
export function typedAnew(conflict, text) {
  const [resolved] = choice(conflict, 'kept');
  return [{ table: conflict.table, id: conflict.row_id, op: 'update', set: { [conflict.field]: text.trim() || null } }, resolved];
}

function setOf(conflict) {
  const columns = TABLES[conflict.table].columns;
  const other = values(conflict.other);
  const [column, ...key] = conflict.field.split('.');
  if (columns[column]?.type === 'map' && key.length) {
    const name = key.join('.');
    return { [column]: { [name]: other[conflict.field] ?? other[name] ?? null } };
  }
  const entries = Object.entries(other).map(([field, value]) => [field, inner(columns[field], value)]);
  return Object.fromEntries(entries);
}

/** On the wire a geometry is hexadecimal WKB; a record takes its bytes. */
function inner(column, value) {
  return column?.type === 'geometry' && typeof value === 'string' ? fromHex(value) : value;
}
