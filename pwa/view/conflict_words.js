// A conflict's values in words: `base`, `kept` and `other` are JSON objects field → value.

import { TABLES } from '../core/catalogue.js';
import { t } from '../words/language.js';
import { sayLook } from './marks.js';
import { amount, say, sayClass, signOf } from './words.js';

export function values(json) {
  if (json === null || json === undefined) return {};
  return (typeof json === 'string' ? JSON.parse(json) : json) ?? {};
}

export function sayValue(conflict, json) {
  const entries = Object.entries(values(json));
  if (!entries.length) return t('conflicts.empty');
  if (conflict.field === 'affine') return lying(values(json));
  if (entries.length === 1) return sayOne(conflict.table, entries[0][0], entries[0][1]);
  return entries.map(([field, value]) => `${say(field)}: ${sayOne(conflict.table, field, value)}`).join(', ');
}

/** How a drawing lies is drawn; in words only how exactly. */
function lying({ rms_error_m: rms }) {
  return rms ? t('drawings.error', { error: amount(Math.ceil(rms * 1000) / 1000, 'm') }) : t('drawings.errorUnknown');
}

/** What stands, or stood, where the conflict is over one free text; null where it is not. */
export function onlyText(conflict, which = 'kept') {
  const column = TABLES[conflict.table]?.columns[conflict.field];
  if (conflict.kind === 'delete' || column?.type !== 'text' || column.values) return null;
  return values(conflict[which])[conflict.field] ?? '';
}

function sayOne(table, field, value) {
  const column = TABLES[table]?.columns[field];
  if (value === null || value === undefined || value === '') return t('conflicts.empty');
  if (field === 'viewpoint') return sayLook(value) ?? t('conflicts.drawing');
  if (column?.type === 'geometry') return t(field === 'outline' ? 'conflicts.outline' : 'conflicts.place');
  if (column?.values) return say(value);
  if (typeof value === 'number') return amount(value, signOf(column));
  if (typeof value === 'boolean') return t(value ? 'conflicts.yes' : 'conflicts.no');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Names for the rows and people that conflicts speak of, where on the plan a row is, and on which storey (`places`). */
export async function names(replica, scope, conflicts) {
  const ids = JSON.stringify(conflicts.map((conflict) => conflict.row_id));
  const [elements, spaces, photos, storeys, drawings, members] = await Promise.all([
    replica.query(scope, `
      select id, storey_id, ifc_class, name, tag
      from element
      where id in (select value from json_each(?))`, [ids]),
    replica.query(scope, `
      select id, storey_id, number, name
      from space
      where id in (select value from json_each(?))`, [ids]),
    replica.query(scope, `
      select attachment.id, attachment.id as row_id, attachment.name, null as title, sha256, attachment.target_table, attachment.target_id
      from attachment
      where id in (select value from json_each(?1))
      union all
      select attachment.id, annotation.id, attachment.name, title, sha256, attachment.target_table, attachment.target_id
      from annotation
      join attachment on annotation.target_table = 'attachment' and attachment.id = annotation.target_id
      where annotation.id in (select value from json_each(?1))`, [ids]),
    replica.query(scope, 'select id, name from storey where id in (select value from json_each(?))', [ids]),
    replica.query(scope, `
      select floor_plan.id, storey_id, attachment.name
      from floor_plan
      left join attachment on attachment.id = attachment_id
      where floor_plan.id in (select value from json_each(?))`, [ids]),
    replica.query(scope, 'select user_id, name from member', []),
  ]);
  const rows = new Map(), links = new Map();
  const places = new Map([...elements, ...spaces, ...drawings].map((one) => [one.id, one.storey_id]));
  for (const one of storeys) places.set(one.id, one.id);
  for (const one of [...storeys, ...drawings]) if (one.name) rows.set(one.id, one.name);
  for (const one of elements) {
    rows.set(one.id, one.name || one.tag || sayClass(one.ifc_class));
    links.set(one.id, `/b/${scope}?${new URLSearchParams({ ...(one.storey_id ? { storey: one.storey_id } : {}), element: one.id })}`);
  }
  for (const one of spaces) rows.set(one.id, [one.number, one.name].filter(Boolean).join(' '));
  for (const one of photos) {
    const name = t('marks.photo', { name: one.name ?? '' });
    rows.set(one.row_id, one.title ? `${one.title}, ${name}` : name);
    if (one.target_table === 'element') links.set(one.row_id, `/b/${scope}?${new URLSearchParams({ element: one.target_id })}`);
  }
  return { rows, links, places, photos: new Map(photos.map((one) => [one.row_id, one])), people: new Map(members.map((member) => [member.user_id, member.name])) };
}
