// An edit in words: "Element: Status is Faulty, 14:02".

import { TABLES } from '../core/catalogue.js';
import { h } from './dom.js';
import { amount, say, sayClass, whenStamped } from './words.js';

const CHANGES_MAX = 3;
const FIELDS_MAX = 4;
const LETTERS_MAX = 120;

/** Nodes for a transaction {changes, stamp}; `names` is what rows are called, by id. */
export function describe(entry, names = new Map()) {
  const said = entry.changes.slice(0, CHANGES_MAX).map((change) => sayChange(change, names.get(change.id)));
  if (entry.changes.length > CHANGES_MAX) said.push(`and ${entry.changes.length - CHANGES_MAX} more`);
  return [h('span', {}, said.join('; ')), h('span.soft.small', {}, ` ${whenStamped(entry.stamp)}`)];
}

function sayChange({ table, op, set }, name) {
  if (op === 'delete') return `${name ?? say(table)} deleted`;
  const fields = Object.entries(set ?? {}).filter(([field]) => !field.endsWith('_id') && !['target_table', 'origin'].includes(field));
  const said = fields.slice(0, FIELDS_MAX).map(([field, value]) => sayField(TABLES[table]?.columns[field], field, value));
  return `${(op !== 'insert' && name) || say(table)}${op === 'insert' ? ' added' : ''}${said.length ? `: ${said.join(', ')}` : ''}`;
}

function sayField(column, field, value) {
  const delta = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (delta && column?.type === 'set') {
    return [value.add?.length && `${say(field)} gains ${value.add.map(say).join(', ')}`, value.remove?.length && `${say(field)} loses ${value.remove.map(say).join(', ')}`].filter(Boolean).join(', ');
  }
  if (delta && column?.type === 'map') return Object.entries(value).map(([key, one]) => `${key} is ${sayValue(null, one)}`).join(', ');
  if (delta && column?.type === 'counter') return `${say(field)} by ${amount(value.add)}`;
  return `${say(field)} is ${sayValue(column, value)}`;
}

function sayValue(column, value) {
  if (value === null || value === '') return 'empty';
  if (column?.type === 'geometry') return 'a new place';
  if (column?.name === 'ifc_class') return sayClass(value);
  if (column?.values) return say(value);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return text.length > LETTERS_MAX ? `${text.slice(0, LETTERS_MAX)}…` : text;
}
