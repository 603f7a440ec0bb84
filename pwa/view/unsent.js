// What this device still owes the server, and what the server refused: a list a building, with words and a way out.

import { TABLES } from '../core/catalogue.js';
import { h, icon } from './dom.js';
import { count, problem, say, whenStamped } from './words.js';

const SHOWN_MAX = 50;

/** Sections for the buildings that have something; `changed` is called when a rejected edit was given up. */
export async function unsentSections(replica, buildings, changed) {
  const sections = await Promise.all(buildings.map(async (building) => {
    const entries = await replica.unsent(building.id);
    return entries.length ? section(replica, building, entries, changed) : null;
  }));
  return sections.filter(Boolean);
}

function section(replica, building, entries, changed) {
  const rejected = entries.filter((entry) => entry.state === 'rejected');
  const waiting = entries.filter((entry) => entry.state !== 'rejected');
  return h('section.stack', {},
    h('h2', {}, building.name),
    rejected.length ? h('ul.stack', {}, rejected.slice(0, SHOWN_MAX).map((entry) => refusal(replica, building, entry, changed))) : null,
    waiting.length ? h('details.fold', {},
      h('summary', {}, 'Waiting to be sent', h('span.soft', {}, count(waiting.length, 'edit'))),
      h('ul.stack', {}, waiting.slice(0, SHOWN_MAX).map((entry) => h('li', {}, describe(entry))))) : null);
}

function refusal(replica, building, entry, changed) {
  const reason = entry.receipt?.problem;
  const error = h('p.error', { role: 'alert' });
  const give = h('button.button.plain', { type: 'button' }, 'Give it up');
  give.addEventListener('click', async () => {
    give.disabled = true;
    try {
      await replica.discard(building.id, entry.key);
      await changed();
    } catch (failed) {
      error.textContent = problem(failed);
      give.disabled = false;
    }
  });
  return h('li.conflict', { data: { rejected: entry.key } },
    h('p', {}, describe(entry)),
    h('p.callout.bad', {}, icon('refused'), h('span', {}, reason ? problem(reason) : 'The server refused it.')),
    error, h('div.row', {}, give));
}

/** Element: Status is Faulty, 14:02 */
function describe(entry) {
  const what = entry.changes.slice(0, 3).map((change) => {
    if (change.op === 'delete') return `${say(change.table)} deleted`;
    const fields = Object.entries(change.set ?? {}).filter(([field]) => !field.endsWith('_id') && field !== 'target_table');
    const said = fields.slice(0, 4).map(([field, value]) => `${say(field)} is ${sayValue(TABLES[change.table]?.columns[field], value)}`);
    return `${say(change.table)}${change.op === 'insert' ? ' added' : ''}: ${said.join(', ')}`;
  });
  if (entry.changes.length > 3) what.push(`and ${entry.changes.length - 3} more`);
  return [h('span', {}, what.join('; ')), h('span.soft.small', {}, ` ${whenStamped(entry.stamp)}`)];
}

function sayValue(column, value) {
  if (value === null || value === '') return 'empty';
  if (column?.type === 'geometry') return 'a new place';
  if (column?.values) return say(value);
  return typeof value === 'object' ? Object.entries(value).map(([key, one]) => `${key} ${one}`).join(', ') : String(value);
}
