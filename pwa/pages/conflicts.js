// /b/<building>/conflicts: what two people said differently, side by side, until somebody decides.

import { TABLES } from '../core/catalogue.js';
import { bar } from '../view/bar.js';
import { bring } from '../view/bringing.js';
import { names, sayValue } from '../view/conflict_words.js';
import { h, icon, listening } from '../view/dom.js';
import { choice } from '../view/resolving.js';
import { problem, say, whenStamped } from '../view/words.js';
import { t } from '../words/language.js';

export async function show(page, { replica, params }) {
  if (!(await bring(page, replica, params.building))) return undefined;
  const ears = listening();
  const scope = params.building;
  const summary = h('p.soft', { role: 'status' });
  const list = h('ul.stack');
  const draw = async () => {
    const open = await replica.conflicts(scope);
    const known = await names(replica, scope, open);
    summary.textContent = open.length
      ? t('conflicts.open', { n: open.length })
      : t('conflicts.none');
    list.replaceChildren(...open.map((conflict) => card(conflict, known, replica, scope)));
  };
  page.replaceChildren(
    bar({ title: t('conflicts.title'), back: `/b/${scope}`, words: t('conflicts.toBuilding') }),
    h('div.column', {}, summary, list));
  await draw();
  ears.on(replica, 'change', (event) => {
    if (event.detail.scope === scope) draw().catch((error) => { summary.textContent = problem(error); });
  });
  return ears.stop;
}

function card(conflict, known, replica, scope) {
  const error = h('p.error', { role: 'alert' });
  const decide = (take) => async () => {
    for (const button of buttons) button.disabled = true;
    error.textContent = '';
    try {
      await replica.record(scope, choice(conflict, take));
    } catch (refused) {
      error.textContent = problem(refused);
      for (const button of buttons) button.disabled = false;
    }
  };
  const deleting = conflict.kind === 'delete';
  const buttons = [
    h('button.button', { type: 'button', on: { click: decide('kept') } }, t(deleting ? 'acts.keep' : 'conflicts.keep')),
    h('button.button.plain', { type: 'button', on: { click: decide('other') } }, t(deleting ? 'conflicts.delete' : 'conflicts.take')),
  ];
  const link = known.links.get(conflict.row_id);
  const name = known.rows.get(conflict.row_id) ?? say(conflict.table);
  return h('li.conflict', { data: { conflict: conflict.id } },
    h('h2', {}, link ? h('a', { href: link }, name) : name, h('span.soft', {}, ` · ${title(conflict)}`)),
    deleting ? h('p', {}, t('conflicts.deletedAndChanged')) : null,
    h('dl.sides', {},
      deleting ? null : side(t('conflicts.before'), conflict.base, conflict, '', null, 'before'),
      side(t('conflicts.now'), conflict.kept, conflict, by(known, conflict.kept_by, conflict.kept_stamp), 'check'),
      side(t(deleting ? 'conflicts.otherWanted' : 'conflicts.other'), deleting ? null : conflict.other, conflict, by(known, conflict.other_by, conflict.other_stamp))),
    error,
    h('div.row', {}, buttons));
}

function title(conflict) {
  if (conflict.kind === 'delete') return t('conflicts.deleting');
  const label = TABLES[conflict.table]?.columns[conflict.field] ? say(conflict.field) : conflict.field.split('.').slice(1).join('.') || say(conflict.field);
  return label;
}

function side(term, value, conflict, who, mark = null, place = '') {
  return h(`div.side${place && `.${place}`}`, { data: { mark } },
    h('dt', {}, mark ? icon(mark) : null, term),
    h('dd', {}, h('strong', {}, value === null ? t('conflicts.toDelete') : sayValue(conflict, value)), who ? h('p.soft.small', {}, who) : null));
}

function by(known, person, stamp) {
  return [known.people.get(person), whenStamped(stamp)].filter(Boolean).join(', ');
}
