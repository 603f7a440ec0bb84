// Values of a replica file's columns and the engine's values, both ways (arxos_sync/storage/replica_values.py).

import { sortedTexts } from '../core/text_order.js';
import { fromSpatialite, toSpatialite } from '../core/geometry.js';

const AS_JSON = new Set(['json', 'map', 'set']);

export function toNative(column, value) {
  if (value === null || value === undefined) return null;
  if (column.type === 'geometry') return toSpatialite(value, column.srid || -1);
  if (AS_JSON.has(column.type)) return JSON.stringify(sorted(value));
  if (column.type === 'boolean') return value ? 1 : 0;
  return value;
}

export function toInner(column, value) {
  if (value === null || value === undefined) return null;
  try {
    if (column.type === 'geometry') return fromSpatialite(value).wkb;
    if (AS_JSON.has(column.type)) {
      const inner = JSON.parse(value);
      return column.type === 'set' ? sortedTexts([...new Set(inner)]) : inner;
    }
  } catch (error) {
    if (error instanceof SyntaxError || error.code) return value; // others wrote it: the server says what is wrong
    throw error;
  }
  if (column.type === 'boolean' && (value === 0 || value === 1)) return value === 1;
  return value;
}

/** Inner values as the file has them, by name; columns the table does not have stay out. */
export function natives(table, values) {
  const found = {};
  for (const name of Object.keys(values)) {
    const column = table.columns[name];
    if (column) found[name] = toNative(column, values[name]);
  }
  return found;
}

/** Objects with their keys in order, so that equal values are equal texts. */
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(sortedTexts(Object.keys(value)).map((key) => [key, sorted(value[key])]));
}
