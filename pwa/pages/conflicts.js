// /b/<building>/conflicts: what two people said differently, side by side, until somebody decides.

import { TABLES } from '../core/catalogue.js';
import { bar } from '../view/bar.js';
import { bring } from '../view/bringing.js';
import { pictureOf } from '../view/conflict_pictures.js';
import { names, onlyText, sayValue } from '../view/conflict_words.js';
import { h, icon, listening } from '../view/dom.js';
import { choice, TOGETHER_MAX, typedAnew } from '../view/resolving.js';
import { makeScene } from '../view/plan_scene.js';
import { storeyRows } from '../view/plan_rows.js';
import { form, sure } from '../view/sure.js';
import { offerUndo } from '../view/undoing.js';
import { pieces } from '../view/text_diff.js';
import { versionsOf } from '../view/versions.js';
import { problem, say, whenStamped, whenThere } from '../view/words.js';
import { t } from '../words/language.js';
import '../elements/arxos-versions.js';

export async function show(page, { replica, params }) {
  if (!(await bring(page, replica, params.building))) return undefined;
  const ears = listening();
  const scope = params.building;
  const summary = h('p.soft', { role: 'status' });
  const all = h('div');
  const list = h('ul.stack');
  let turn = null, asked = null;
  const draw = async () => {
    const mine = (turn = {});
    const open = await replica.conflicts(scope);
    const known = await names(replica, scope, open);
    if (turn !== mine) return; // asked again meanwhile
    summary.textContent = open.length
      ? t('conflicts.open', { n: open.length })
      : t('conflicts.none');
    const about = JSON.stringify(open);
    if (about !== asked) { // else a question about all of them goes on being asked
      asked = about;
      all.replaceChildren(...(open.length > 1 ? [inBulk(open, replica, scope)] : []));
    }
    const around = scenes(replica, scope);
    list.replaceChildren(...open.map((conflict) => card(conflict, known, replica, scope, around)));
  };
  page.replaceChildren(
    bar({ title: t('conflicts.title'), back: `/b/${scope}`, words: t('conflicts.toBuilding') }),
    h('div.column', {}, summary, all, list));
  ears.on(replica, 'change', (event) => { // before the first look: what comes during it is not missed
    if (event.detail.scope === scope && !list.querySelector('[data-dirty]')) draw().catch((error) => { summary.textContent = problem(error); });
  });
  await draw();
  return ears.stop;
}

/** All at once; what one of two wanted deleted is decided one by one, unless it stays. */
function inBulk(open, replica, scope) {
  const some = open.slice(0, TOGETHER_MAX), fields = some.filter((conflict) => conflict.kind !== 'delete');
  const way = (conflicts, take, words, question) => sure({ words, question: t(question, { n: conflicts.length }), yes: words, no: t('acts.leave'), does: async () => {
    const key = await replica.record(scope, conflicts.flatMap((conflict) => choice(conflict, take)));
    offerUndo(t('conflicts.decided', { n: conflicts.length }), replica, scope, key);
  } });
  return h('div.row', {},
    way(some, 'kept', t('conflicts.keepAll'), 'conflicts.sureKeep'),
    fields.length ? way(fields, 'other', t('conflicts.takeAll'), 'conflicts.sureTake') : null);
}

/** storey → its scene, each read once. */
function scenes(replica, scope) {
  const made = new Map();
  return (storey) => {
    if (!made.has(storey)) made.set(storey, storeyRows(replica, scope, storey).then(makeScene));
    return made.get(storey);
  };
}

function card(conflict, known, replica, scope, around) {
  const error = h('p.error', { role: 'alert' });
  const decide = (take) => async () => {
    for (const button of buttons) button.disabled = true;
    error.textContent = '';
    try {
      const key = await replica.record(scope, choice(conflict, take));
      offerUndo(t('conflicts.decided', { n: 1 }), replica, scope, key);
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
  const picture = (value) => pictureOf(replica, scope, conflict, known.photos.get(conflict.row_id), value);
  return h('li.conflict', { data: { conflict: conflict.id } },
    h('h2', {}, link ? h('a', { href: link }, name) : name, h('span.soft', {}, ` · ${title(conflict)}`)),
    deleting ? h('p', {}, t('conflicts.deletedAndChanged')) : null,
    h('dl.sides', {},
      deleting ? null : side(t('conflicts.before'), conflict.base, conflict, '', null, 'before', picture(conflict.base)),
      side(t('conflicts.now'), conflict.kept, conflict, by(known, conflict.kept_by, conflict.kept_stamp), 'check', '', picture(conflict.kept)),
      side(t(deleting ? 'conflicts.otherWanted' : 'conflicts.other'), deleting ? null : conflict.other, conflict, by(known, conflict.other_by, conflict.other_stamp), null, '', deleting ? null : picture(conflict.other))),
    drawn(conflict, known.places.get(conflict.row_id), around),
    error,
    h('div.row', {}, buttons),
    onlyText(conflict) === null ? null : another(conflict, replica, scope));
}

/** Both versions of where something is, on the plan; nothing where that is not what the two disagree on. */
function drawn(conflict, storey, around) {
  const versions = versionsOf(conflict);
  return versions && h('arxos-versions').show({ versions, surroundings: async () => (storey ? around(storey) : null) });
}

/** Neither of the two: the answer is typed. */
function another(conflict, replica, scope) {
  const id = `anew-${conflict.id}`;
  const value = h('input', { id, name: 'value', autocomplete: 'off', value: onlyText(conflict) });
  const anew = form({ words: t('acts.save'), kind: 'button.plain', row: true, does: async ({ value: typed }) => {
    const key = await kept(anew, () => replica.record(scope, typedAnew(conflict, typed)));
    offerUndo(t('conflicts.decided', { n: 1 }), replica, scope, key);
  } }, h('div.field', {}, h('label', { for: id }, title(conflict)), value));
  return h('details', {}, h('summary', {}, t('conflicts.anew')), anew);
}

function title(conflict) {
  if (conflict.kind === 'delete') return t('conflicts.deleting');
  const label = TABLES[conflict.table]?.columns[conflict.field] ? say(conflict.field) : conflict.field.split('.').slice(1).join('.') || say(conflict.field);
  return label;
}

function side(term, value, conflict, who, mark = null, place = '', picture = null) {
  return h(`div.side${place && `.${place}`}`, { data: { mark } },
    h('dt', {}, mark ? icon(mark) : null, term),
    h('dd', {}, h('strong', {}, value === null ? t('conflicts.toDelete') : spoken(conflict, value, place)), picture, who ? h('p.soft.small', {}, who) : null));
}

/** What is typed is kept now: the page may be drawn over it, unless it was refused. */
async function kept(typed, record) {
  typed.removeAttribute('data-dirty');
  try {
    return await record();
  } catch (refused) {
    typed.toggleAttribute('data-dirty', true);
    throw refused;
  }
}

/** A value in words; in a text, those that were not there before are marked. */
function spoken(conflict, value, place) {
  const words = sayValue(conflict, value), before = onlyText(conflict, 'base');
  if (place || before === null || !before || conflict.kind === 'delete') return words;
  const found = pieces(words, before);
  const alike = found.some((piece) => !piece.fresh); // else it is another text altogether
  return alike ? found.map((piece) => (piece.fresh ? h('mark', {}, piece.words) : piece.words)) : words;
}

function by(known, person, stamp) {
  return [known.people.get(person), whenStamped(stamp, whenThere)].filter(Boolean).join(', ');
}
