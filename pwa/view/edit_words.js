// An edit in words: "Element: Status is Faulty, 14:02".

import { TABLES } from '../core/catalogue.js';
import { exactly, t } from '../words/language.js';
import { h } from './dom.js';
import { sayLook } from './marks.js';
import { amount, say, sayClass, signOf, whenStamped } from './words.js';

const CHANGES_MAX = 3;
const FIELDS_MAX = 4;
const LETTERS_MAX = 120;

/** Nodes for a transaction {changes, stamp}; `names` is what rows are called, by id. */
export function describe(entry, names = new Map()) {
  const said = entry.changes.slice(0, CHANGES_MAX).map((change) => sayChange(change, names.get(change.id)));
  if (entry.changes.length > CHANGES_MAX) said.push(t('edits.more', { n: entry.changes.length - CHANGES_MAX }));
  return [h('span', {}, said.join('; ')), h('span.soft.small', {}, ` ${whenStamped(entry.stamp)}`)];
}

function sayChange({ table, op, set }, name) {
  if (op === 'delete') return t('edits.deleted', { what: name ?? say(table) });
  const fields = Object.entries(set ?? {}).filter(([field]) => !field.endsWith('_id') && !['target_table', 'origin'].includes(field));
  const said = fields.slice(0, FIELDS_MAX).map(([field, value]) => sayField(TABLES[table]?.columns[field], field, value));
  const what = op === 'insert' ? t('edits.added', { what: say(table) }) : name || say(table);
  return said.length ? `${what}: ${said.join(', ')}` : what;
}

export function sayField(column, field, value) {
  if (field === 'viewpoint' && sayLook(value)) return sayLook(value);
  const delta = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (delta && column?.type === 'set') {
    return [value.add?.length && t('edits.gains', { field: say(field), values: value.add.map(say).join(', ') }), value.remove?.length && t('edits.loses', { field: say(field), values: value.remove.map(say).join(', ') })].filter(Boolean).join(', ');
  }
  if (delta && column?.type === 'map') return Object.entries(value).map(([key, one]) => t('edits.is', { field: key, value: sayValue(null, one) })).join(', ');
  if (delta && column?.type === 'counter') return t('edits.by', { field: say(field), value: amount(value.add) });
  return t('edits.is', { field: say(field), value: sayValue(column, value) });
}

export function sayValue(column, value) {
  if (value === null || value === undefined || value === '') return t('edits.empty');
  if (column?.type === 'geometry') return t('edits.place');
  if (column?.name === 'ifc_class') return sayClass(value);
  if (column?.values) return say(value);
  if (typeof value === 'boolean') return t(value ? 'edits.yes' : 'edits.no');
  if (typeof value === 'number') return amount(value, signOf(column), exactly);
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return text.length > LETTERS_MAX ? `${text.slice(0, LETTERS_MAX)}…` : text;
}
