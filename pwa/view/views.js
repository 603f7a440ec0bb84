// What a person called a selection of elements: `preference.views`, a name and the query of its address. It is in their own
// scope, so each of their devices has it; two devices that save different names never meet.

import { own, scopeOf } from './own.js';

const ROWS = 'select id, views from preference order by updated_at desc, id';

/** [{name, query}] by name; null while the person's own scope is not here. */
export async function savedViews(replica) {
  const rows = await read(replica);
  if (!rows) return null;
  const all = Object.assign({}, ...rows.toReversed().map((row) => row.views));
  return Object.entries(all).map(([name, query]) => ({ name, query: String(query) })).sort((a, b) => a.name.localeCompare(b.name));
}

/** Answers what undoes it: [scope, key]. */
export async function saveView(replica, name, query) {
  const rows = await read(replica);
  const row = rows.find(({ views }) => name in views) ?? rows[0];
  const change = row ? { id: row.id, op: 'update' } : { id: replica.newId(), op: 'insert' };
  return record(replica, [{ table: 'preference', ...change, set: { views: { [name]: query } } }]);
}

export async function removeView(replica, name) {
  const rows = (await read(replica)).filter(({ views }) => name in views);
  return record(replica, rows.map(({ id }) => ({ table: 'preference', id, op: 'update', set: { views: { [name]: null } } })));
}

async function record(replica, changes) {
  const scope = scopeOf(replica);
  return [scope, await replica.record(scope, changes)];
}

async function read(replica) {
  const rows = await own(replica, ROWS);
  return rows?.map(({ id, views }) => ({ id, views: typeof views === 'string' ? JSON.parse(views) : views ?? {} })) ?? null;
}
